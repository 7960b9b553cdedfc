// The middle of the lanes ahead of a vehicle as one line: where along it a car is, how far beside
// it, and at which point of it to steer.
#ifndef TERSOR_TWIN_COUPLING_LANE_PATH_H_
#define TERSOR_TWIN_COUPLING_LANE_PATH_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/geometry.h"
#include "tersor/twin/road_graph.h"
#include "tersor/twin/route_lanes.h"

namespace tersor::twin {

/// Places on a path are metres of the map, from where its first lane begins. A lane's length may
/// differ from that of its shape; AlongLanes() is the metres that the traffic counts.
class LanePath {
 public:
  struct Foot {
    double place = 0;    // of the nearest point
    double offset = 0;   // m, to the left of the path
    double heading = 0;  // radians, of the path there
  };

  /// From the begin of `lane`, which is on the route's edge at `route_place` or on the junction
  /// behind it, until `ahead` metres behind the lane's end, across junctions and along the route.
  /// A path that ends before (the route does, or the lane leads elsewhere) goes straight on.
  void Follow(const RoadGraph& graph, const RouteLanes& route, int32_t lane, int32_t route_place,
              double ahead);

  int32_t lane() const { return pieces_.empty() ? -1 : pieces_.front().lane; }
  /// Of the first lane's `position`.
  double PlaceOf(double position) const;
  /// Metres along the lanes from the first one's begin, as the traffic counts them.
  double AlongLanes(double place) const;
  int32_t LaneAt(double place) const;

  /// The point `offset` metres to the left of a place; before the begin and behind the end on the
  /// first and last direction.
  Pose At(double place, double offset = 0) const;
  /// The nearest point of the path not farther than `reach` from `near`.
  Foot FootOf(const Point& point, double near, double reach) const;

  /// The highest speed (m/s) at a place from which, braking with `decel`, no bend ahead is driven
  /// with more than `lateral_accel` (both m/s^2).
  double BendSpeed(double place, double lateral_accel, double decel) const;

 private:
  struct Piece {
    int32_t lane = -1;
    double begin = 0;   // place
    double metres = 0;  // of the traffic, from the path's begin
    double scale = 1;   // traffic's metres a metre of the map
  };
  struct Bend {
    double place = 0, curvature = 0;  // m, 1/m
  };
  void FindBends();
  const Piece& PieceAt(double place) const;
  void AddShape(const Lane& lane);

  std::vector<Piece> pieces_;
  std::vector<Point> points_;
  std::vector<double> places_;    // of the points
  std::vector<double> headings_;  // of the sections behind the points
  std::vector<Bend> bends_;
};

/// A change from one offset to another along a quintic: no jump in place, slope or curvature.
class LateralShift {
 public:
  /// From `offset` beside the path at `begin` to its middle, within `length` metres.
  void Start(double offset, double begin, double length);
  /// The path's places have become so much greater.
  void Move(double metres) { begin_ += metres; }
  double At(double place) const;

 private:
  double offset_ = 0, begin_ = 0, length_ = 1;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_LANE_PATH_H_
