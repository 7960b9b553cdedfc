// Where the lanes inside a junction get in each other's way: crossings, merges into one lane and
// branches from one lane.
#ifndef TERSOR_TWIN_LANE_CONFLICTS_H_
#define TERSOR_TWIN_LANE_CONFLICTS_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// Two internal lanes that meet, seen from one of them. Metres along either lane; the part of our
/// lane that a foe on the crossing lane sweeps begins at `begin` and is `width` long. Of a merge
/// the lanes are one from `begin` on, of a branch up to it; both then have no width.
struct LaneConflict {
  enum class Kind : uint8_t { kCrossing, kMerge, kBranch } kind = Kind::kCrossing;
  int32_t foe_lane = -1;
  bool foe_waits = false;  // the foe's lane ends where one waits inside the junction, ours does not
  bool yields = false;     // by right of way we let the foe go first
  bool foe_yields = false;
  double begin = 0, width = 0, foe_begin = 0, foe_width = 0;
};

/// By lane; only internal ones have any. Which lanes count follows the junctions' requests; a lane
/// behind a place to wait inside begins with its crossings, so that nobody waits behind that place.
std::vector<std::vector<LaneConflict>> FindLaneConflicts(const Network& network);

/// Metres from the beginning of both lines within which they lie at most `reach` apart from each
/// other; 0 where they begin farther apart, at most the shorter one's length.
double SharedBeginning(const Polyline& a, const Polyline& b, double reach);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_LANE_CONFLICTS_H_
