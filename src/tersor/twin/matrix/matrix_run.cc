#include "tersor/twin/matrix/matrix_run.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>
#include <set>
#include <system_error>

#include "tersor/twin/corridor.h"
#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/job_processes.h"
#include "tersor/util/log.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"

namespace tersor::twin {
namespace {

namespace fs = std::filesystem;

/// Of the contents of a cell's file; another number makes them all anew.
constexpr int kFormat = 1;
constexpr const char* kStopped =
    "the matrix was stopped; the same command continues with the missing cells";

std::string CellPath(const Matrix& matrix, const MatrixCell& cell, const std::string& output,
                     const char* extension) {
  return output + "/cells/" + matrix.NameOf(cell) + extension;
}

void Add(const Weather& weather, ContentHash* hash) {
  for (const double value :
       {weather.friction_peak, weather.friction_slide, weather.visibility, weather.headlamp_range,
        weather.speed_factor, weather.headway_factor, weather.accel_factor, weather.reaction_time,
        weather.rain, weather.snow, weather.water_film}) {
    hash->Add(fmt::format("{}", value));
  }
}

/// All that a cell is made from.
class Origins {
 public:
  explicit Origins(const Matrix& matrix) : matrix_(matrix) {
    ContentHash files;
    Scenario base = matrix.base;
    const SimulationConfig config = ConfigOf(base, 0);
    if (!base.config.empty()) {
      files.Add(ReadFile(base.config));
    }
    if (base.twins.body.ends_with(".yaml")) {
      files.Add(ReadFile(base.twins.body));
    }
    for (const std::vector<std::string>& paths :
         {std::vector<std::string>{config.network}, config.routes, config.additional}) {
      for (const std::string& path : paths) {
        files.Add(ReadFile(path));
      }
    }
    files_ = files.Text();
    for (int32_t weather = 0; weather < std::ssize(matrix.weathers); ++weather) {
      for (const bool night : matrix.nights) {
        const WeatherSeries series = matrix.WeatherOf(weather, night);
        series.CheckCovers(config.window, "weather " + ConditionName(matrix, weather, night));
        weathers_.push_back(HashOf(series));
      }
    }
  }

  /// Its name: another one means that the cell must be made again.
  std::string HashOf(const MatrixCell& cell) const {
    ContentHash hash;
    hash.Add(fmt::format("{} {}", kFormat, Version()));
    hash.Add(files_);
    hash.Add(FieldsOf(matrix_.ScenarioOf(cell)));
    hash.Add(matrix_.NameOf(cell));
    for (int32_t weather = 0, i = 0; weather < std::ssize(matrix_.weathers); ++weather) {
      for (const bool night : matrix_.nights) {
        // Arm A measures for all of them.
        if (cell.weather < 0 || (cell.weather == weather && cell.night == night)) {
          hash.Add(ConditionName(matrix_, weather, night));
          hash.Add(weathers_[static_cast<size_t>(i)]);
        }
        ++i;
      }
    }
    if (IsFilmed(matrix_, cell)) {
      hash.Add(fmt::format("{} {} {}", matrix_.animation_begin, matrix_.animation_end,
                           matrix_.base.picture_interval));
    }
    return hash.Text();
  }

 private:
  /// A scenario's fields but its files, whose contents count.
  static std::string FieldsOf(Scenario scenario) {
    scenario.config.clear();
    scenario.network.clear();
    scenario.routes.clear();
    scenario.additional.clear();
    scenario.picture_interval = 0;
    Schema schema;
    scenario.AddFields(schema);
    return schema.ToJson().dump();
  }

  static std::string HashOf(const WeatherSeries& series) {
    ContentHash hash;
    for (const WeatherMoment& moment : series.moments) {
      hash.Add(fmt::format("{}", moment.time));
      Add(moment.weather, &hash);
    }
    for (const auto& [lane, friction] : series.lanes) {
      hash.Add(fmt::format("{} {}", lane, friction));
    }
    hash.Add(fmt::format("{} {}", series.aquaplaning, series.tyre_pressure));
    return hash.Text();
  }

  const Matrix& matrix_;
  std::string files_;
  std::vector<std::string> weathers_;
};

/// A cell's finished record; nullopt where there is none, or none of the same origin.
std::optional<Json> FinishedRecord(const std::string& path, const std::string& hash) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return std::nullopt;
  }
  try {
    Json record = ReadJsonFile(path);
    return record.value("hash", "") == hash ? std::optional(std::move(record)) : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;  // somebody else's file: made again
  }
}

/// What a cell that failed with the same origin said; nullopt where it has not.
std::optional<std::string> FailureOf(const std::string& path, const std::string& hash) {
  const std::optional<Json> failure = FinishedRecord(path, hash);
  return failure ? std::optional(failure->value("error", "")) : std::nullopt;
}

/// From now on what this process says goes to a file; the terminal belongs to the progress.
void SayToFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  TERSOR_CHECK(file >= 0, path, ": cannot be written");
  ::dup2(file, STDOUT_FILENO);
  ::dup2(file, STDERR_FILENO);
  ::close(file);
}

void RemoveIfEmpty(const std::string& path) {
  std::error_code error;
  if (fs::file_size(path, error) == 0 && !error) {
    fs::remove(path, error);
  }
}

/// Work of a cell beside one of arm A: dynamics and perception of everybody take most of it.
int64_t WorkOf(const MatrixCell& cell) { return cell.arm == Arm::kTwin ? 8 : 1; }

struct Missing {
  MatrixCell cell;
  std::string hash;
};

std::vector<Missing> MissingOf(const Matrix& matrix, const MatrixOptions& options,
                               const Origins& origins) {
  const std::vector<MatrixCell> cells = matrix.Cells();
  const auto shares = SharesOf(cells, options.place.size);
  std::vector<Missing> missing;
  for (const size_t i : shares[static_cast<size_t>(options.place.rank)]) {
    const std::string hash = origins.HashOf(cells[i]);
    const bool filmed =
        IsFilmed(matrix, cells[i]) && !fs::exists(FilmPath(matrix, cells[i], options.output));
    if (filmed || !FinishedRecord(CellPath(matrix, cells[i], options.output, ".json"), hash)) {
      missing.push_back({cells[i], hash});
    }
  }
  return missing;
}

/// In the cell's own process.
void MakeCell(const Matrix& matrix, const MatrixOptions& options, const Missing& missing) {
  SayToFile(CellPath(matrix, missing.cell, options.output, ".log"));
  const std::string film = IsFilmed(matrix, missing.cell)
                               ? FilmPath(matrix, missing.cell, options.output)
                               : std::string();
  const CellResult result = options.run(matrix, missing.cell, film);
  WriteFileAtomically(CellPath(matrix, missing.cell, options.output, ".json"),
                      ToJson(matrix, result, missing.hash).dump() + "\n");
}

MatrixState StateOf(const Matrix& matrix, const std::string& output, const Origins& origins) {
  MatrixState state;
  for (const MatrixCell& cell : matrix.Cells()) {
    const std::string hash = origins.HashOf(cell);
    ++state.cells;
    if (FinishedRecord(CellPath(matrix, cell, output, ".json"), hash)) {
      ++state.done;
    } else if (const auto error = FailureOf(CellPath(matrix, cell, output, ".failed"), hash)) {
      state.failures.push_back({matrix.NameOf(cell), *error});
    }
  }
  return state;
}

}  // namespace

Matrix WithFiles(Matrix matrix, const std::string& output) {
  if (matrix.on_corridor) {
    matrix.base.config = WriteCorridor(output + "/corridor", matrix.corridor);
  }
  return matrix;
}

MatrixState RunMatrix(const Matrix& matrix, const MatrixOptions& options) {
  if (matrix.base.traffic.starts_with("sumo:")) {
    FailUsage("a matrix starts SUMO for each of its runs: traffic is embedded or sumo, not ",
              matrix.base.traffic);
  }
  const Origins origins(matrix);
  const std::string folder = options.output + "/cells";
  MakeFolders(folder);
  const std::string seat =
      fmt::format("{}/.ranks/{}-of-{}", folder, options.place.rank, options.place.size);
  MakeFolders(seat);
  const FolderLock lock(seat);
  const std::vector<Missing> missing = MissingOf(matrix, options, origins);
  const int64_t cells = std::ssize(matrix.Cells());
  int64_t made = 0, ended = 0;
  log::Info("{} cells, {} missing of this {} share", cells, missing.size(),
            options.place.size > 1 ? "rank's" : "run's");
  Progress progress(missing.empty() ? "" : "cells", std::ssize(missing), "cell");
  std::error_code ignored;
  for (const Missing& one : missing) {
    fs::remove(CellPath(matrix, one.cell, options.output, ".failed"), ignored);
  }
  RunInProcesses(
      std::ssize(missing), options.workers,
      [&](int64_t i) { MakeCell(matrix, options, missing[static_cast<size_t>(i)]); },
      [&](const JobEnd& end) {
        const Missing& one = missing[static_cast<size_t>(end.job)];
        const std::string name = matrix.NameOf(one.cell);
        RemoveIfEmpty(CellPath(matrix, one.cell, options.output, ".log"));
        if (end.error.empty()) {
          ++made;
        } else {
          progress.Line(name + ": " + end.error);
          WriteFileAtomically(CellPath(matrix, one.cell, options.output, ".failed"),
                              Json{{"hash", one.hash}, {"error", end.error}}.dump(1) + "\n");
        }
        progress.Update(++ended, name);
      },
      kStopped);
  progress.Finish();
  MatrixState state = StateOf(matrix, options.output, origins);
  state.made = made;
  return state;
}

std::vector<CellResult> ReadResults(const Matrix& matrix, const std::string& output) {
  const Origins origins(matrix);
  std::vector<CellResult> results;
  for (const MatrixCell& cell : matrix.Cells()) {
    const std::string path = CellPath(matrix, cell, output, ".json");
    if (const std::optional<Json> record = FinishedRecord(path, origins.HashOf(cell))) {
      results.push_back(ParseCellResult(*record, cell, path));
    }
  }
  return results;
}

bool IsFilmed(const Matrix& matrix, const MatrixCell& cell) {
  return matrix.animation_end > matrix.animation_begin && cell.seed == matrix.seeds.front() &&
         cell.demand == *std::max_element(matrix.demands.begin(), matrix.demands.end());
}

std::string FilmPath(const Matrix& matrix, const MatrixCell& cell, const std::string& output) {
  return CellPath(matrix, cell, output, ".film.json");
}

std::vector<std::vector<size_t>> SharesOf(const std::vector<MatrixCell>& cells, int ranks) {
  std::vector<std::vector<size_t>> shares(static_cast<size_t>(ranks));
  std::vector<int64_t> work(shares.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t least =
        static_cast<size_t>(std::min_element(work.begin(), work.end()) - work.begin());
    shares[least].push_back(i);
    work[least] += WorkOf(cells[i]);
  }
  return shares;
}

}  // namespace tersor::twin
