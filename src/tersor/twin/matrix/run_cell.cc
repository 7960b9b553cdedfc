#include "tersor/twin/matrix/run_cell.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "tersor/twin/animation.h"
#include "tersor/twin/matrix/passages.h"
#include "tersor/twin/recording.h"
#include "tersor/twin/scenario_run.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

constexpr double kTopSpeed = 45;  // m/s; faster ones count in the last bin

/// Everything that looks on beside the run's own measures.
class Watcher {
 public:
  explicit Watcher(const Matrix& matrix, bool films) : matrix_(matrix), films_(films) {}

  void Look(const Network& network, const Traffic& traffic) {
    if (!passages_) {
      passages_.emplace(network);
      recorder_.emplace(matrix_.base.picture_interval,
                        static_cast<int32_t>(network.signals.size()));
    }
    passages_->Add(traffic.snapshot());
    const double time = traffic.snapshot().time;
    if (films_ && time >= matrix_.animation_begin && time <= matrix_.animation_end) {
      recorder_->Add(traffic);
    }
  }

  const PassageCounter* passages() const { return passages_ ? &*passages_ : nullptr; }
  const Recording* recording() const { return recorder_ ? &recorder_->recording() : nullptr; }

 private:
  const Matrix& matrix_;
  const bool films_;
  std::optional<PassageCounter> passages_;
  std::optional<Recorder> recorder_;
};

/// The value below which `share` of the sorted ones lie; NaN without any.
double Percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) {
    return NAN;
  }
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

void AddPercentiles(std::vector<double> values, const std::string& name, const std::string& unit,
                    Metrics* metrics) {
  std::sort(values.begin(), values.end());
  for (const auto& [share, word] : {std::pair{0.1, "_p10_"}, {0.5, "_p50_"}, {0.9, "_p90_"}}) {
    (*metrics)[name + word + unit] = Percentile(values, share);
  }
}

/// Numbers of the record, but the machine's speed.
Metrics MetricsOf(const Record& record) {
  Metrics metrics;
  for (const auto& [name, value] : record.metrics.items()) {
    if (name != "vehicle_updates_per_second" && value.is_number()) {
      metrics[name] = value.get<double>();
    }
  }
  return metrics;
}

/// Conflicts with a moment in the film, their vehicles those of its recording.
std::vector<ConflictMark> InFilm(const Matrix& matrix, const std::vector<ConflictMark>& all) {
  std::vector<ConflictMark> marks;
  std::copy_if(all.begin(), all.end(), std::back_inserter(marks), [&](const ConflictMark& mark) {
    return mark.time >= matrix.animation_begin && mark.time <= matrix.animation_end;
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
  Watcher watcher(matrix, !film.empty());
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
  result.metrics = MetricsOf(record);
  result.conflicts = MarksOf(run.conflicts);
  const PassageCounter none(run.network);
  const PassageCounter& passages = watcher.passages() ? *watcher.passages() : none;
  result.speeds = MakeHistogram(passages.speeds(), CellResult::kSpeedBin,
                                static_cast<size_t>(kTopSpeed / CellResult::kSpeedBin));
  result.headways = MakeHistogram(passages.headways(), CellResult::kHeadwayBin,
                                  static_cast<size_t>(kLongestHeadway / CellResult::kHeadwayBin));
  AddPercentiles(passages.speeds(), "speed", "mps", &result.metrics);
  AddPercentiles(passages.headways(), "headway", "s", &result.metrics);
  if (!film.empty()) {
    // A run that ends before the film begins leaves an empty one, or it would be made again.
    const bool shows = watcher.recording() && watcher.recording()->frames() > 0;
    WriteFileAtomically(film, (shows ? AnimationData(run.network, *watcher.recording(),
                                                     InFilm(matrix, result.conflicts),
                                                     {.title = TitleOf(matrix, cell)})
                                     : Json())
                                  .dump());
  }
  return result;
}

}  // namespace tersor::twin
