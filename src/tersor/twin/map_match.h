// Finds the lane of a vehicle of which only the place on the map is known.
#ifndef TERSOR_TWIN_MAP_MATCH_H_
#define TERSOR_TWIN_MAP_MATCH_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

struct LaneMatch {
  int32_t lane = -1;    // -1: none near enough
  double position = 0;  // m along the lane
  double distance = 0;  // m from its middle
};

class MapMatcher {
 public:
  explicit MapMatcher(const Network& network);

  /// The nearest lane within `kFarthest` metres, where each radian between its direction and
  /// `heading` (NaN: not known) counts as `kTurnCost` metres, and a lane that is neither `previous`
  /// (-1: none), beside it nor next to it as `kJumpCost` metres.
  LaneMatch Match(const Point& point, double heading, int32_t previous) const;

  /// Where on a lane a point lies, in m along it.
  double PositionOn(int32_t lane, const Point& point) const;

  static constexpr double kFarthest = 10, kTurnCost = 4, kJumpCost = 2;

 private:
  struct Segment {
    int32_t lane = -1, index = 0;
    double before = 0;  // m of the lane's shape that lie before it
  };

  // The point of a segment that is nearest to another one.
  struct Foot {
    double distance = 0, position = 0, heading = 0;  // m to it; m along the lane; radians
  };

  Foot FootOf(const Point& point, const Segment& segment) const;
  bool Follows(int32_t lane, int32_t previous) const;
  static int64_t Cell(double x, double y);

  const Network& network_;
  std::vector<double> shape_length_;
  std::unordered_map<int64_t, std::vector<Segment>> cells_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MAP_MATCH_H_
