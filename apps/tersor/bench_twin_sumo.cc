// `twin_sumo50`: 50 single-track twins inside a real SUMO.
#include <string>

#include "bench_twin.h"
#include "tersor/twin/corridor.h"
#include "tersor/twin/coupling/coupled_run.h"
#include "tersor/twin/simulation_config.h"
#include "tersor/twin/sumo_link.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::cli {
namespace {

constexpr double kWarm = 120, kMeasured = 60;  // s simulated
constexpr int64_t kTwins = 50;
constexpr double kShare = 0.75;  // of all vehicles: that makes as many twins at a time

/// Simulated seconds a second: traffic of a corridor at 10 Hz, of which twins are a part.
double SumoWithTwins(const std::string& folder) {
  const std::string path = twin::WriteCorridor(folder, {.end = kWarm + kMeasured});
  const twin::SimulationConfig config = twin::ReadSimulationConfig(path);
  const twin::Simulation simulation = twin::LoadSimulation(config);
  twin::SumoOptions options;
  options.arguments = {"-c",
                       path,
                       "--seed",
                       "1",
                       "--no-step-log",
                       "--no-warnings",
                       "--collision.action",
                       "warn",
                       "--xml-validation",
                       "never",
                       "--xml-validation.net",
                       "never",
                       "--xml-validation.routes",
                       "never"};
  const auto traffic = twin::StartSumo(options, simulation.network);
  twin::TwinOptions twins;
  twins.share = kShare;
  twins.warm_up = kWarm - 10;
  const twin::WeatherSeries weather;
  twin::CoupledRun run(simulation.network, simulation.demand, weather, twins,
                       {.step = config.step_length});
  int64_t updates = 0;
  const auto step = [&] {
    traffic->Step(run.pilot());
    run.Look(*traffic);
    updates += run.twins()->driving();
  };
  while (traffic->snapshot().time < kWarm) {
    step();
  }
  updates = 0;
  const auto steps = static_cast<int64_t>(kMeasured / config.step_length);
  const double seconds = SecondsOf([&] {
    for (int64_t i = 0; i < steps; ++i) {
      step();
    }
  });
  const double mean = static_cast<double>(updates) / static_cast<double>(steps);
  TERSOR_CHECK(mean >= kTwins, "twin_sumo50 had ", mean, " twins in the mean, fewer than ", kTwins);
  return kMeasured / seconds;
}

}  // namespace

void BenchTwinSumo(const std::string& folder, const BenchOptions& options, Record& record) {
  if (options.Wants("twin_sumo50")) {
    RunRow({"twin_sumo50", "simulated s/s", "real time",
            [&] { return SumoWithTwins(folder + "/sumo50"); }, [] { return 1.0; }},
           options, record);
  }
}

}  // namespace tersor::cli
