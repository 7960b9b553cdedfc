// A scenario from beginning to end, with everything that it leaves in a folder.
#ifndef TERSOR_TWIN_SCENARIO_RUN_H_
#define TERSOR_TWIN_SCENARIO_RUN_H_

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tersor/twin/conflict_log.h"
#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/coupling/collisions.h"
#include "tersor/twin/network.h"
#include "tersor/twin/recording.h"
#include "tersor/twin/scenario.h"
#include "tersor/twin/traffic.h"
#include "tersor/util/record.h"

namespace tersor::twin {

struct RunOptions {
  std::string output;   // folder, made where missing; "": nothing is written
  std::string command;  // for the report's reader
  uint64_t seed = 1;
  int threads = 1;
  /// Called with the simulated time and the scenario's end (infinite: not known).
  std::function<void(double time, double end)> progress;
  /// Called after each step; the network stays the same.
  std::function<void(const Network& network, const Traffic& traffic)> look = {};
};

/// What a run showed, for those who draw more of it.
struct RunResult {
  Network network;
  Recording recording;
  std::vector<Conflict> conflicts;
  std::vector<Collision> collisions;
  std::vector<bool> twins;  // by vehicle: it was one
};

/// Runs the scenario and writes to the output folder: fcd.xml.gz, ssm.xml, ssm.csv, ssm.json,
/// collisions.csv, report.html, pictures/*.svg, animation.html and, with what was counted,
/// record.json. An interrupt, or a SUMO that ends, ends the run: what was logged until then is
/// written all the same, and the error thrown afterwards. Returns the record; `result`, where
/// given, takes the rest.
Record RunScenario(const Scenario& scenario, const RunOptions& options,
                   RunResult* result = nullptr);

/// How far drivers see the vehicle ahead in this weather, for AnimationOptions.
std::vector<std::pair<double, double>> SightOver(const WeatherSeries& weather);

/// What the pictures need to know of conflicts.
std::vector<ConflictMark> MarksOf(std::span<const Conflict> conflicts);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SCENARIO_RUN_H_
