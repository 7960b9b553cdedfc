// What `tersor twin run` runs: a scenario file, or a .sumocfg with defaults for the rest.
#ifndef TERSOR_TWIN_SCENARIO_H_
#define TERSOR_TWIN_SCENARIO_H_

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tersor/twin/coupling/twin_options.h"
#include "tersor/twin/embedded_traffic.h"
#include "tersor/twin/simulation_config.h"
#include "tersor/twin/ssm_device.h"
#include "tersor/twin/traffic.h"
#include "tersor/twin/weather/weather_series.h"
#include "tersor/util/config.h"

namespace tersor::twin {

inline constexpr double kMostDemand = 10;  // times what the files ask for

struct Scenario {
  /// Either a .sumocfg, or the files that it would name.
  std::string config;
  std::string network;
  std::vector<std::string> routes, additional;

  std::string traffic = "embedded";  // or sumo, or sumo:host:port
  // NaN: as the .sumocfg says; without one 0, until everybody has arrived, 0.1 s and 300 s.
  double begin = NAN, end = NAN, step = NAN, time_to_teleport = NAN;  // s
  double demand = 1;  // of all that the files ask for

  std::string weather;  // preset, several joined by +, or a .yaml file; "": clear and dry
  /// What of the weather counts. A: nothing, plain micro-simulation. B: those who know it drive by
  /// its factors. C: the same, and twins with dynamics and perception (all vehicles where
  /// `twins` names none). "": C with twins, else B. Measures are weighed by the weather in any.
  std::string arm;
  TwinOptions twins;

  bool ssm = true;
  SsmOptions measures;
  bool fcd = true;
  double picture_interval = 0.5;  // s between the frames of the animation and the pictures

  /// The fields, as a scenario file has them.
  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;

  bool knows_weather() const { return arm != "A"; }
  bool has_twins() const { return arm == "C" || (arm.empty() && twins.any()); }
  /// The twins of this arm.
  TwinOptions arm_twins() const;
};

/// Reads a .yaml scenario, whose paths are relative to its folder, or takes a .sumocfg, and
/// validates it.
Scenario ReadScenario(const std::string& path);

/// Takes the paths of a scenario relative to the folder of `file`, which holds it.
void ResolvePaths(const std::string& file, Scenario* scenario);

/// The simulation of a scenario: its files and times, with what the scenario says above the
/// .sumocfg. `seed` is the run's.
SimulationConfig ConfigOf(const Scenario& scenario, uint64_t seed);

/// The weather of a scenario. Throws UsageError where it does not cover the run.
WeatherSeries WeatherOf(const Scenario& scenario, const TimeWindow& window);

/// Gives those whose drivers know the weather types of their own: by the weather when they depart,
/// each minute anew where it changes and nobody is a twin; by that of the run's begin where there
/// are twins, who go with it by themselves.
void WeatherDemand(const Scenario& scenario, const WeatherSeries& weather,
                   const SimulationConfig& config, Demand* demand);

/// The traffic of a scenario, at its beginning. `simulation` must outlive it. `threads` as in
/// EmbeddedOptions.
std::unique_ptr<Traffic> StartTraffic(const Scenario& scenario, const SimulationConfig& config,
                                      const Simulation& simulation, int threads);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SCENARIO_H_
