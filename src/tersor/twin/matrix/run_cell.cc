#include "tersor/twin/matrix/run_cell.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "tersor/twin/animation.h"
#include "tersor/twin/coupling/coupled_run.h"
#include "tersor/twin/matrix/passages.h"
#include "tersor/twin/matrix/weighed_measures.h"
#include "tersor/twin/quantile.h"
#include "tersor/twin/recording.h"
#include "tersor/twin/scenario_run.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

constexpr double kTopSpeed = 45;  // m/s; faster ones count in the last bin

/// Everything that looks on beside the run's own measures.
class Watcher {
 public:
  Watcher(const Matrix& matrix, const MatrixCell& cell, bool films)
      : matrix_(matrix), weighs_(cell.arm == Arm::kPlain), films_(films) {}

  void Look(const Network& network, const Traffic& traffic) {
    if (!network_) {
      network_ = network;  // the run's own goes with it, and the measures end after it
      passages_.emplace(*network_);
      recorder_.emplace(matrix_.base.picture_interval,
                        static_cast<int32_t>(network.signals.size()));
      if (weighs_ && matrix_.base.ssm) {
        measures_.emplace(matrix_, *network_);
      }
    }
    passages_->Add(traffic.snapshot());
    if (measures_) {
      measures_->Look(traffic);
    }
    const double time = traffic.snapshot().time;
    if (films_ && time >= matrix_.animation_begin && time <= matrix_.animation_end) {
      recorder_->Add(traffic);
    }
  }

  std::map<std::string, Measured> Finish(double vehicle_km) {
    return measures_ ? measures_->Finish(vehicle_km) : std::map<std::string, Measured>();
  }
  const PassageCounter* passages() const { return passages_ ? &*passages_ : nullptr; }
  const Recording* recording() const { return recorder_ ? &recorder_->recording() : nullptr; }

 private:
  const Matrix& matrix_;
  const bool weighs_, films_;
  std::optional<Network> network_;
  std::optional<PassageCounter> passages_;
  std::optional<WeighedMeasures> measures_;
  std::optional<Recorder> recorder_;
};

void AddPercentiles(std::vector<double> values, const std::string& name, const std::string& unit,
                    Metrics* metrics) {
  std::sort(values.begin(), values.end());
  for (const auto& [share, word] : {std::pair{0.1, "_p10_"}, {0.5, "_p50_"}, {0.9, "_p90_"}}) {
    (*metrics)[name + word + unit] = SortedQuantile(values, share);
  }
}

/// What counts or sums over a whole run, beside the distance driven in it.
void AddRates(double vehicle_km, Metrics* metrics) {
  for (const char* const name : {"conflicts_beyond_grip", "tet_s", "tit_s2"}) {
    const auto found = metrics->find(name);
    if (found != metrics->end() && vehicle_km > 0) {
      (*metrics)[std::string(name) + "_per_1000_vehicle_km"] = found->second / vehicle_km * 1000;
    }
  }
}

/// Conflicts and collisions with a moment in the film, their vehicles those of its recording.
std::vector<ConflictMark> InFilm(const Matrix& matrix, std::vector<ConflictMark> marks,
                                 std::span<const Collision> collisions) {
  for (const Collision& collision : collisions) {
    marks.push_back(MarkOf(collision));
  }
  std::erase_if(marks, [&](const ConflictMark& mark) {
    return !(mark.time >= matrix.animation_begin && mark.time <= matrix.animation_end);
  });
  return marks;
}

std::string TitleOf(const Matrix& matrix, const MatrixCell& cell) {
  return fmt::format(
      "Arm {}{}", LetterOf(cell.arm),
      cell.weather >= 0 ? ", " + ConditionName(matrix, cell.weather, cell.night) : "");
}

}  // namespace

CellResult RunCell(const Matrix& matrix, const MatrixCell& cell, const std::string& film) {
  Watcher watcher(matrix, cell, !film.empty());
  Scenario scenario = matrix.ScenarioOf(cell);
  scenario.picture_interval = 1e9;  // the run's own recording is not wanted
  RunOptions options;
  options.seed = cell.seed;
  options.look = [&](const Network& network, const Traffic& traffic) {
    watcher.Look(network, traffic);
  };
  RunResult run;
  const Record record = RunScenario(scenario, options, &run);
  CellResult result;
  result.cell = cell;
  result.seconds = record.seconds;
  Metrics& metrics = result.measured.metrics;
  metrics = MetricsOf(record);
  result.measured.conflicts = MarksOf(run.conflicts);
  const double vehicle_km = metrics["vehicle_km"];
  AddRates(vehicle_km, &metrics);
  result.by_condition = watcher.Finish(vehicle_km);
  for (auto& [condition, measured] : result.by_condition) {
    AddRates(vehicle_km, &measured.metrics);
  }
  const PassageCounter none(run.network);
  const PassageCounter& passages = watcher.passages() ? *watcher.passages() : none;
  result.speeds = MakeHistogram(passages.speeds(), CellResult::kSpeedBin,
                                static_cast<size_t>(kTopSpeed / CellResult::kSpeedBin));
  result.headways = MakeHistogram(passages.headways(), CellResult::kHeadwayBin,
                                  static_cast<size_t>(kLongestHeadway / CellResult::kHeadwayBin));
  AddPercentiles(passages.speeds(), "speed", "mps", &metrics);
  AddPercentiles(passages.headways(), "headway", "s", &metrics);
  if (!film.empty()) {
    // A run that ends before the film begins leaves an empty one, or it would be made again.
    const bool shows = watcher.recording() && watcher.recording()->frames() > 0;
    Json data;
    if (shows) {
      AnimationOptions look{.title = TitleOf(matrix, cell), .twins = run.twins, .sight = {}};
      if (cell.weather >= 0) {
        look.sight = SightOver(matrix.WeatherOf(cell.weather, cell.night));
      }
      data = AnimationData(run.network, *watcher.recording(),
                           InFilm(matrix, result.measured.conflicts, run.collisions), look);
    }
    WriteFileAtomically(film, data.dump());
  }
  return result;
}

}  // namespace tersor::twin
