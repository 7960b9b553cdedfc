// Pieces of which networks are made: junctions, roads of parallel lanes, plans of signals.
#ifndef TERSOR_TWIN_NETWORK_BUILDER_H_
#define TERSOR_TWIN_NETWORK_BUILDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// A junction without ways; BuildJunction gives it some. Returns its index.
int32_t AddJunction(Network& network, const std::string& id, const std::string& type,
                    const Point& position);

struct RoadPlan {
  std::string id;
  int32_t from = -1, to = -1;  // junctions
  Point begin, end;            // of a line in the middle of the road, both directions together
  int lanes = 1;
  double left = 0;  // m from that line to the border of the leftmost lane
  double lane_width = 3.2;
  double speed = 13.9;  // m/s
  int32_t priority = 1;
};

/// A straight edge whose lanes lie to the right of the line. Returns its index.
int32_t AddRoad(Network& network, const RoadPlan& plan);

/// A signal's green for some of the ways, and what follows it.
struct SignalStage {
  std::string letters;            // G, g or r, one a way
  double green, yellow, all_red;  // s
};

/// The phases of all stages. Ways that are as green in the next stage stay so in between.
std::vector<SignalPhase> PhasesOf(const std::vector<SignalStage>& stages);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_NETWORK_BUILDER_H_
