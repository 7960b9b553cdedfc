// Which ways across a junction meet, and where: geometry that SUMO derives from a network when it
// loads it, since its SSM device measures distances to those places.
#ifndef TERSOR_TWIN_JUNCTION_CONFLICTS_H_
#define TERSOR_TWIN_JUNCTION_CONFLICTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/twin/lane_topology.h"
#include "tersor/twin/network.h"

namespace tersor::twin {

/// How one way across a junction stands to another one.
struct WayConflict {
  enum class Kind : uint8_t { kNone, kMerging, kMergingAdjacent, kCrossing } kind = Kind::kNone;
  /// Crossing: m from the junction's entry to where this way enters the other one's lane, and the
  /// width of that lane.
  double distance = 0, foe_lane_width = 0;
};

class JunctionConflicts {
 public:
  JunctionConflicts(const Network& network, const LaneTopology& topology);

  /// Both are connections that lead onto the same junction.
  const WayConflict& Between(int32_t way, int32_t foe) const {
    const Place& place = places_[static_cast<size_t>(way)];
    return conflicts_[static_cast<size_t>(place.row + places_[static_cast<size_t>(foe)].index)];
  }

  /// The internal lanes that cross or join those of a connection (its last ones, and the first ones
  /// of those to which it yields).
  std::span<const int32_t> FoeLanes(int32_t way) const {
    const Place& place = places_[static_cast<size_t>(way)];
    return {foe_lanes_.data() + place.foes, static_cast<size_t>(place.foe_count)};
  }

  /// The internal lanes of the ways that lead to an edge; of each way the last one first.
  std::span<const int32_t> LanesTo(int32_t edge) const {
    return lanes_to_[static_cast<size_t>(edge)];
  }

 private:
  // By connection: its row of conflicts_, its number among its junction's ways, its foe lanes.
  struct Place {
    int64_t row = 0;
    int32_t index = 0;
    int64_t foes = 0;
    int32_t foe_count = 0;
  };

  void AddJunction(const Network& network, const LaneTopology& topology, int32_t junction);

  std::vector<Place> places_;
  std::vector<WayConflict> conflicts_;
  std::vector<int32_t> foe_lanes_;
  std::vector<std::vector<int32_t>> lanes_to_;
};

/// Metres along `line` at which `other` crosses it, ascending.
std::vector<double> IntersectionOffsets(const Polyline& line, const Polyline& other);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_JUNCTION_CONFLICTS_H_
