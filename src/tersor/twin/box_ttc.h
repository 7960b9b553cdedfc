// Time to collision in two dimensions: vehicles as oriented boxes on the plane.
#ifndef TERSOR_TWIN_BOX_TTC_H_
#define TERSOR_TWIN_BOX_TTC_H_

#include "tersor/twin/geometry.h"

namespace tersor::twin {

/// A vehicle from above. Its pose is that of SUMO, the middle of the front bumper.
struct MovingBox {
  Point front{};         // m
  double heading = 0;    // radians counter-clockwise from east
  double length = 5;     // m
  double width = 1.8;    // m
  double speed = 0;      // m/s along the heading
  double turn_rate = 0;  // radians/s, of the heading; its middle then moves on an arc
};

/// m, by how much two boxes are inside each other along the axis on which it is least; below 0
/// where they do not touch.
double BoxOverlap(const MovingBox& a, const MovingBox& b);

/// Whether two boxes share more than a border now.
bool BoxesOverlap(const MovingBox& a, const MovingBox& b);

/// When the two boxes touch first if both go on as they do; 0 where they overlap already, NaN where
/// they do not meet within `horizon` seconds. Exact (swept separating axes) where neither turns;
/// else to a nanometre, except that brushes of less than a microsecond may go unseen.
double BoxTtc(const MovingBox& a, const MovingBox& b, double horizon = 8);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_BOX_TTC_H_
