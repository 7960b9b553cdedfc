#include "tersor/twin/scenario_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>

#include "tersor/twin/animation.h"
#include "tersor/twin/coupling/coupled_run.h"
#include "tersor/twin/fcd.h"
#include "tersor/twin/recording.h"
#include "tersor/twin/safety_summary.h"
#include "tersor/twin/trip_counts.h"
#include "tersor/twin/twin_report.h"
#include "tersor/twin/weather/road_friction.h"
#include "tersor/twin/weather/visibility.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"

namespace tersor::twin {
namespace {

/// Everything that looks on while a scenario runs.
class Observers {
 public:
  Observers(const Scenario& scenario, const Network& network, const WeatherSeries& weather,
            const std::string& folder)
      : weather_(weather),
        road_(network, weather),
        recorder_(scenario.picture_interval, static_cast<int32_t>(network.signals.size())) {
    if (scenario.fcd && !folder.empty()) {
      fcd_.emplace(folder + "/fcd.xml.gz", network,
                   FcdWriterOptions{.precision = 3, .acceleration = true});
    }
    if (scenario.ssm) {
      device_.emplace(network, scenario.measures);
      device_->SetFriction(
          [this](int32_t lane, double speed) { return road_.At(lane, speed, now_).friction_peak; });
    }
  }

  void Look(const Traffic& traffic) {
    const Snapshot& snapshot = traffic.snapshot();
    counts_.Add(snapshot);
    recorder_.Add(traffic);
    if (fcd_) {
      fcd_->Write(snapshot, traffic.vehicles());
    }
    if (device_) {
      now_ = weather_.At(snapshot.time);
      device_->Update(snapshot, traffic.vehicles());
    }
  }

  /// Closes the files; gives the conflicts.
  std::vector<Conflict> Finish() {
    if (fcd_) {
      fcd_->Close();
    }
    return device_ ? device_->Finish() : std::vector<Conflict>();
  }

  /// After Finish(); nothing where safety is not measured.
  RunExposure exposure() const { return device_ ? device_->exposure() : RunExposure(); }
  const TripCounts& counts() const { return counts_; }
  const Recording& recording() const { return recorder_.recording(); }

 private:
  const WeatherSeries& weather_;
  const RoadFriction road_;
  Weather now_;
  TripCounts counts_;
  Recorder recorder_;
  std::optional<FcdWriter> fcd_;
  std::optional<SsmDevice> device_;
};

void CountTraffic(const TripCounts& counts, const Traffic& traffic, double seconds,
                  Record& record) {
  record.metrics["vehicles_departed"] = counts.departed();
  record.metrics["vehicles_arrived"] = counts.arrived();
  record.metrics["mean_travel_time_s"] = counts.MeanTravelTime();
  record.metrics["mean_speed_mps"] = counts.MeanSpeed();
  record.metrics["vehicle_km"] = counts.vehicle_km();
  record.metrics["vehicle_hours"] = counts.vehicle_hours();
  record.metrics["vehicle_updates_per_second"] = static_cast<double>(counts.updates()) / seconds;
  if (const auto* embedded = dynamic_cast<const EmbeddedTraffic*>(&traffic)) {
    const TrafficStatistics statistics = embedded->statistics();
    record.metrics["vehicles_waiting"] = statistics.waiting;
    record.metrics["vehicles_teleported"] = statistics.teleported;
    record.metrics["mean_time_loss_s"] = statistics.mean_time_loss;
  }
}

TwinRunFacts FactsOf(const SimulationConfig& config, const RunOptions& options,
                     const WeatherSeries& weather) {
  return {.step = config.step_length,
          .begin = config.window.begin,
          .seed = options.seed,
          .threads = options.threads,
          .planned = weather.At(config.window.begin)};
}

void WritePages(const Scenario& scenario, const RunOptions& options, const Network& network,
                const Recording& recording, const std::vector<ConflictMark>& marks,
                AnimationOptions film, const Record& record) {
  const std::string title =
      std::filesystem::path(scenario.config.empty() ? scenario.network : scenario.config)
          .stem()
          .stem()
          .string();
  film.title = title;
  WriteAnimation(network, recording, marks, film, options.output + "/animation.html");
  TwinRun run;
  run.network = &network;
  run.recording = &recording;
  run.conflicts = marks;
  run.title = title;
  run.command = options.command;
  run.animation = "animation.html";
  for (const char* name : {"vehicles_departed", "vehicles_arrived", "mean_travel_time_s"}) {
    run.metrics.emplace_back(name, record.metrics[name].get<double>());
  }
  WriteTwinReport(run, options.output + "/report.html", options.output + "/pictures");
}

}  // namespace

std::vector<std::pair<double, double>> SightOver(const WeatherSeries& weather) {
  constexpr double kFarEnough = 1000, kEvery = 10;  // m, s
  std::vector<std::pair<double, double>> sight;
  const double begin = weather.moments.front().time, end = weather.moments.back().time;
  bool limited = false;
  for (double time = begin; time <= end; time += kEvery) {
    sight.emplace_back(time, LeaderRange(weather.At(time)));
    limited = limited || sight.back().second < kFarEnough;
  }
  return limited ? sight : std::vector<std::pair<double, double>>();
}

std::vector<ConflictMark> MarksOf(std::span<const Conflict> conflicts) {
  std::vector<ConflictMark> marks;
  for (const Conflict& conflict : conflicts) {
    const Extreme& worst = WorstMoment(conflict);
    ConflictMark& mark = marks.emplace_back();
    mark.first = conflict.ego;
    mark.second = conflict.foe;
    mark.begin = conflict.begin;
    mark.end = conflict.end;
    mark.time = worst.time;
    mark.point = worst.position;
    mark.type = Name(worst.type);
    mark.ttc = conflict.min_ttc.value;
    mark.drac = conflict.max_drac.value;
    mark.pet = conflict.pet.value;
  }
  return marks;
}

Record RunScenario(const Scenario& scenario, const RunOptions& options, RunResult* result) {
  const auto began = std::chrono::steady_clock::now();
  const auto since = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  const SimulationConfig config = ConfigOf(scenario, options.seed);
  const WeatherSeries weather = WeatherOf(scenario, config.window);
  Simulation simulation = LoadSimulation(config);
  WeatherDemand(scenario, weather, config, &simulation.demand);
  const std::unique_ptr<Traffic> traffic =
      StartTraffic(scenario, config, simulation, options.threads);
  const bool writes = !options.output.empty();
  if (writes) {
    MakeFolders(options.output);
  }
  Observers observers(scenario, simulation.network, weather, options.output);
  CoupledRun twins(simulation.network, simulation.demand, weather,
                   scenario.has_twins() ? std::optional(scenario.arm_twins()) : std::nullopt,
                   FactsOf(config, options, weather));
  std::exception_ptr failure;
  const double loaded = since();
  try {
    // The half step forgives sums of steps that are not quite whole.
    const double last = config.window.end - config.step_length / 2;
    for (int64_t step = 0;
         !traffic->finished() &&
         config.window.begin + static_cast<double>(step) * config.step_length < last;
         ++step) {
      ThrowIfInterrupted("the run was stopped; what was logged is kept");
      traffic->Step(twins.pilot());
      twins.Look(*traffic);
      observers.Look(*traffic);
      if (options.look) {
        options.look(simulation.network, *traffic);
      }
      if (options.progress) {
        options.progress(traffic->snapshot().time, config.window.end);
      }
    }
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  const double simulated = since() - loaded;
  const std::vector<Conflict> conflicts = observers.Finish();
  Record record;
  record.verb = "twin";
  record.seed = options.seed;
  CountTraffic(observers.counts(), *traffic, simulated, record);
  if (scenario.ssm) {
    AddMetrics(Summarize(conflicts, observers.exposure(), observers.counts().vehicle_km()), record);
  }
  twins.Report(*traffic, observers.counts().vehicle_km(), record);
  if (writes) {
    for (const char* name : {"ssm.xml", "ssm.csv", "ssm.json"}) {
      if (scenario.ssm) {
        WriteConflicts(options.output + "/" + name, conflicts, traffic->vehicles());
      }
    }
    WriteFileAtomically(
        options.output + "/collisions.csv",
        CollisionsAsCsv(twins.collisions(), traffic->vehicles(), simulation.network));
    std::vector<ConflictMark> marks = MarksOf(conflicts);
    const std::vector<ConflictMark> collided = twins.Marks();
    marks.insert(marks.end(), collided.begin(), collided.end());
    WritePages(scenario, options, simulation.network, observers.recording(), marks,
               {.twins = twins.Twins(), .sight = SightOver(weather)}, record);
  }
  record.seconds = since();
  if (writes) {
    WriteRecord(options.output + "/record.json", record);
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  if (result != nullptr) {
    *result = {std::move(simulation.network), observers.recording(), conflicts,
               std::vector<Collision>(twins.collisions().begin(), twins.collisions().end()),
               twins.Twins()};
  }
  return record;
}

}  // namespace tersor::twin
