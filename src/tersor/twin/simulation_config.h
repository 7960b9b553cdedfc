// SUMO's .sumocfg: which files and times make a simulation.
#ifndef TERSOR_TWIN_SIMULATION_CONFIG_H_
#define TERSOR_TWIN_SIMULATION_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/twin/demand.h"
#include "tersor/twin/network.h"

namespace tersor::twin {

/// Defaults are SUMO's.
struct SimulationConfig {
  std::string network;
  std::vector<std::string> routes, additional;
  TimeWindow window;
  double step_length = 1;         // s
  double time_to_teleport = 300;  // s; not positive: never
  uint64_t seed = 23423;
  double demand_scale = 1;  // ScaledDemand()
};

/// Reads the file; the paths within are taken relative to its folder. Options that do not concern
/// the twin's own simulation are skipped. Throws Error naming the place.
SimulationConfig ReadSimulationConfig(const std::string& path);

/// The same of a text; `name` stands for it in messages, its folder for the paths.
SimulationConfig ParseSimulationConfig(std::string_view xml, const std::string& name);

struct Simulation {
  Network network;
  Demand demand;
};

/// Reads the network, the signal plans among the additional files, and the demand.
Simulation LoadSimulation(const SimulationConfig& config);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SIMULATION_CONFIG_H_
