#include "tersor/twin/box_ttc.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tersor/twin/ssm_measures.h"

namespace tersor::twin {
namespace {

double Dot(const Point& a, const Point& b) { return a.x * b.x + a.y * b.y; }

// A box by its middle, its two unit axes and half its extents along them.
struct Placed {
  Point middle, along, across;
  double half_length, half_width;

  // Half of the shadow on a line in direction `axis`.
  double Radius(const Point& axis) const {
    return half_length * std::abs(Dot(along, axis)) + half_width * std::abs(Dot(across, axis));
  }
};

Placed PlaceAt(const MovingBox& box, double time) {
  const double half = box.length / 2;
  Point middle = {box.front.x - half * std::cos(box.heading),
                  box.front.y - half * std::sin(box.heading)};
  const double turned = box.turn_rate * time;
  // The chord of the arc: speed * time long, shortened by sinc of half the turn.
  const double sinc = std::abs(turned) < 1e-8 ? 1 : std::sin(turned / 2) / (turned / 2);
  const double chord = box.speed * time * sinc;
  middle.x += chord * std::cos(box.heading + turned / 2);
  middle.y += chord * std::sin(box.heading + turned / 2);
  const double heading = box.heading + turned;
  const Point along = {std::cos(heading), std::sin(heading)};
  return {middle, along, {-along.y, along.x}, half, box.width / 2};
}

std::array<Point, 4> Axes(const Placed& a, const Placed& b) {
  return {a.along, a.across, b.along, b.across};
}

// The widest gap that any of the four axes shows: at most the distance, negative if they overlap.
double Separation(const Placed& a, const Placed& b) {
  const Point offset = {b.middle.x - a.middle.x, b.middle.y - a.middle.y};
  double widest = -kNever;
  for (const Point& axis : Axes(a, b)) {
    widest = std::max(widest, std::abs(Dot(offset, axis)) - a.Radius(axis) - b.Radius(axis));
  }
  return widest;
}

// No box turns, so that each axis shows an overlap during one interval; they meet where all do.
double StraightTtc(const MovingBox& a, const MovingBox& b, double horizon) {
  const Placed pa = PlaceAt(a, 0), pb = PlaceAt(b, 0);
  const Point offset = {pb.middle.x - pa.middle.x, pb.middle.y - pa.middle.y};
  const Point velocity = {b.speed * pb.along.x - a.speed * pa.along.x,
                          b.speed * pb.along.y - a.speed * pa.along.y};
  double enter = 0, leave = kNever;
  for (const Point& axis : Axes(pa, pb)) {
    const double reach = pa.Radius(axis) + pb.Radius(axis);
    const double at = Dot(offset, axis), rate = Dot(velocity, axis);
    if (rate == 0) {
      if (std::abs(at) >= reach) {
        return kNotAvailable;
      }
      continue;
    }
    const double one = (-reach - at) / rate, other = (reach - at) / rate;
    enter = std::max(enter, std::min(one, other));
    leave = std::min(leave, std::max(one, other));
  }
  return enter < leave && enter <= horizon ? enter : kNotAvailable;
}

// Conservative advancement: nothing can close a gap faster than the speeds and turns allow.
double TurningTtc(const MovingBox& a, const MovingBox& b, double horizon) {
  constexpr double kTouching = 1e-9, kSmallestStep = 1e-6;
  const double fastest = std::abs(a.speed) + std::abs(b.speed) +
                         (std::abs(a.turn_rate) * std::hypot(a.length, a.width) +
                          std::abs(b.turn_rate) * std::hypot(b.length, b.width)) /
                             2;
  for (double time = 0; time <= horizon;) {
    const double gap = Separation(PlaceAt(a, time), PlaceAt(b, time));
    if (gap < kTouching) {
      return time;
    }
    time += std::max(gap / fastest, kSmallestStep);
  }
  return kNotAvailable;
}

}  // namespace

double BoxOverlap(const MovingBox& a, const MovingBox& b) {
  return -Separation(PlaceAt(a, 0), PlaceAt(b, 0));
}

bool BoxesOverlap(const MovingBox& a, const MovingBox& b) { return BoxOverlap(a, b) > 0; }

double BoxTtc(const MovingBox& a, const MovingBox& b, double horizon) {
  // Most pairs are too far apart to meet at all.
  const double distance = Distance(a.front, b.front);
  const double reach = std::hypot(a.length, a.width) + std::hypot(b.length, b.width);
  if (distance - reach > horizon * (std::abs(a.speed) + std::abs(b.speed))) {
    return kNotAvailable;
  }
  return a.turn_rate == 0 && b.turn_rate == 0 ? StraightTtc(a, b, horizon)
                                              : TurningTtc(a, b, horizon);
}

}  // namespace tersor::twin
