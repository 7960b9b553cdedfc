// What stands still in a bird's-eye view: roads with their marks, and made-up surroundings.
#ifndef TERSOR_TWIN_CLIPS_SCENERY_H_
#define TERSOR_TWIN_CLIPS_SCENERY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/twin/geometry.h"
#include "tersor/twin/network.h"

namespace tersor::twin {

/// What one sees at a place; the weather says how it looks.
enum class Material : uint8_t {
  kGround,
  kPavement,
  kRoad,
  kTrack,  // where wheels run
  kWhiteLine,
  kYellowLine,
  kTree,
  kTreeTop,
  kRoofRed,
  kRoofRedLit,
  kRoofGrey,
  kRoofGreyLit,
  kRoofBrown,
  kRoofBrownLit,
  kSignalRed,
  kSignalYellow,
  kSignalGreen,
  kGlass,
  kHeadlamp,
  kTailLamp,
  kBrakeLamp,
  kCargo,
  kBody,  // and the next of them: one a colour of kCarColors
};
inline constexpr int kCarColors = 12;
inline constexpr int kMaterials = static_cast<int>(Material::kBody) + kCarColors;

inline constexpr double kSignalBar = 1;  // m along the lane

/// A signal's bar across the end of a lane.
struct SignalBar {
  int32_t signal = -1, link = -1;
  Pose pose;  // of its middle; the heading is the lane's
  double width = 0;
};

/// Polygons in the order in which they are drawn.
struct Scenery {
  struct Shape {
    Material material = Material::kGround;
    uint32_t first = 0, count = 0;  // of points
    float height = 0;               // m above the ground, for the shadow
    Point middle;
    double radius = 0;  // m around the middle in which all of it lies
  };
  std::vector<Point> points;
  std::vector<Shape> flat, tall;  // on the ground, above vehicles
  std::vector<SignalBar> signals;

  std::span<const Point> PointsOf(const Shape& shape) const {
    return {points.data() + shape.first, shape.count};
  }
};

/// Roads after the network; trees and houses beside them are drawn by `seed`.
Scenery MakeScenery(const Network& network, uint64_t seed);

/// A line `distance` metres to the left of another (negative: to the right).
Polyline OffsetLine(std::span<const Point> line, double distance);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_SCENERY_H_
