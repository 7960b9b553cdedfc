// Junctions from the ways across them: internal lanes, who conflicts with whom, who yields.
#ifndef TERSOR_TWIN_JUNCTION_BUILDER_H_
#define TERSOR_TWIN_JUNCTION_BUILDER_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// A way across a junction, from lane to lane.
struct Way {
  int32_t from = -1, to = -1;  // lanes
  char direction = 's';        // s, l or r
};

/// Fills in one of the network's junctions: incoming and internal lanes, requests, connections.
/// `ways` are listed as SUMO numbers them: approach by approach clockwise, in each by lanes from
/// right to left. Ways conflict where vehicles on them would touch. Who turns left yields to the
/// straight, who comes from an edge of lower priority to the others; who turns left against
/// oncoming traffic may wait inside. `signal`, or -1, gets the ways as its links.
void BuildJunction(Network& network, int32_t junction, const std::vector<Way>& ways,
                   int32_t signal);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_JUNCTION_BUILDER_H_
