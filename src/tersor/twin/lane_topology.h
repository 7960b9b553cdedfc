// How lanes follow each other across junctions, looked up in constant time. A way across a junction
// is one internal lane, or two where vehicles may wait in between.
#ifndef TERSOR_TWIN_LANE_TOPOLOGY_H_
#define TERSOR_TWIN_LANE_TOPOLOGY_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

struct LaneTopology {
  explicit LaneTopology(const Network& network);

  // By lane; -1 for none.
  std::vector<bool> internal;
  std::vector<int32_t> entry;     // internal: the connection by which one gets onto the junction
  std::vector<int32_t> before;    // internal: the internal lane that leads to it
  std::vector<int32_t> after;     // internal: the internal lane that it leads to
  std::vector<int32_t> target;    // internal: the lane behind the junction
  std::vector<int32_t> junction;  // internal: where it is

  // By connection.
  std::vector<double> internal_length;  // m of internal lanes until `to`

  // By junction.
  std::vector<std::vector<int32_t>> incoming_edges;  // not internal ones, in the network's order

  /// The connection from one lane straight to another (not internal) one; -1 where there is none.
  static int32_t ConnectionTo(const Network& network, int32_t from, int32_t to);
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_LANE_TOPOLOGY_H_
