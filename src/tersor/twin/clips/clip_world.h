// Places to film: networks with traffic and surroundings.
#ifndef TERSOR_TWIN_CLIPS_CLIP_WORLD_H_
#define TERSOR_TWIN_CLIPS_CLIP_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tersor/twin/clips/scenery.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/network.h"

namespace tersor::twin {

/// One place with the traffic of one time; weather comes to it when it is filmed.
struct ClipWorld {
  std::shared_ptr<const Network> network;
  std::shared_ptr<const Scenery> scenery;
  Demand demand;
  uint64_t seed = 0;
  double begin = 0;    // s when traffic starts, on empty roads
  double filming = 0;  // s when there is enough of it
  double step = 0.2;   // s of the simulation at most
};

/// The world of a number; the same number gives the same world. Safe to call from several threads.
using ClipWorlds = std::function<ClipWorld(uint64_t number)>;

/// Made-up places, for `seconds` of filming: two in three are towns (clips/town.h), the others the
/// corridor (twin/corridor_network.h) with 0.5 to 1.6 times its busy hour.
ClipWorlds MadeUpWorlds(uint64_t seed, double seconds);

/// The places of a scenario (twin/scenario.h): each world begins at another time of it. Throws
/// UsageError where the scenario's traffic is not the embedded one, or where it is too short.
ClipWorlds ScenarioWorlds(const std::string& path, uint64_t seed, double seconds);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_CLIP_WORLD_H_
