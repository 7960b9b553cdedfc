// Points and polylines on the map, in metres; x to the east, y to the north, as SUMO's networks
// have them.
#ifndef TERSOR_TWIN_GEOMETRY_H_
#define TERSOR_TWIN_GEOMETRY_H_

#include <span>
#include <vector>

namespace tersor::twin {

struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};

using Polyline = std::vector<Point>;

double Distance(const Point& a, const Point& b);
double Length(std::span<const Point> line);

/// A place on a line and where the line heads there.
struct Pose {
  Point point;
  double heading = 0;  // radians counter-clockwise from east
};

/// `offset` metres along the line, clamped to its ends; the line has at least two points.
Pose PoseAt(std::span<const Point> line, double offset);

/// SUMO's angles are degrees clockwise from north, in [0, 360).
double SumoAngle(double heading);
double HeadingOfSumoAngle(double degrees);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_GEOMETRY_H_
