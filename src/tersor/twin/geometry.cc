#include "tersor/twin/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tersor::twin {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

}  // namespace

double Distance(const Point& a, const Point& b) { return std::hypot(b.x - a.x, b.y - a.y); }

double Length(std::span<const Point> line) {
  double sum = 0;
  for (size_t i = 1; i < line.size(); ++i) {
    sum += Distance(line[i - 1], line[i]);
  }
  return sum;
}

Pose PoseAt(std::span<const Point> line, double offset) {
  size_t i = 1;
  double length = Distance(line[0], line[1]);
  while (i + 1 < line.size() && (offset > length || length == 0)) {
    offset -= length;
    ++i;
    length = Distance(line[i - 1], line[i]);
  }
  const Point &a = line[i - 1], &b = line[i];
  const double share = length > 0 ? std::clamp(offset / length, 0.0, 1.0) : 0;
  return {{a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)},
          std::atan2(b.y - a.y, b.x - a.x)};
}

double SumoAngle(double heading) {
  const double angle = std::fmod(90 - heading / kDegree, 360.0);
  return angle < 0 ? angle + 360 : angle;
}

double HeadingOfSumoAngle(double degrees) { return (90 - degrees) * kDegree; }

}  // namespace tersor::twin
