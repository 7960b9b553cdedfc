#include "tersor/twin/matrix/difference_map.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "tersor/report/number_format.h"
#include "tersor/twin/conflict_density.h"
#include "tersor/twin/heat_map.h"
#include "tersor/twin/road_map.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

/// Lower ends of the colours, as shares of the largest difference of either sign.
constexpr std::array<double, 4> kLevels = {0.08, 0.25, 0.5, 0.75};
constexpr double kCell = 4, kLeastBandwidth = 7;  // units of the view box
constexpr double kBandwidth = 15;                 // m
constexpr double kHectare = 1e4;                  // m^2
constexpr double kTop = 34;                       // of the legend

std::vector<Point> PointsOf(const ConflictSet& set) {
  std::vector<Point> points;
  for (const ConflictMark& conflict : set.conflicts) {
    if (std::isfinite(conflict.point.x) && std::isfinite(conflict.point.y)) {
      points.push_back(conflict.point);
    }
  }
  return points;
}

void DrawArea(const std::string& css, const std::string& path, Html* svg) {
  if (!path.empty()) {
    svg->Leaf("path", {{"class", css}, {"d", path}});
  }
}

/// Boxes from the most that are fewer to the most that are more, with the values at their inner
/// ends.
void DrawRamp(double peak, Html* svg) {
  constexpr double kBox = 56;
  const auto count = static_cast<int>(kLevels.size());
  for (int i = -count; i < count; ++i) {
    const int level = i < 0 ? -i - 1 : i;
    const double x = kPictureWidth - 10 + kBox * (i - count);
    svg->Leaf("rect", {{"class", fmt::format("{}{}", i < 0 ? "fewer" : "more", level)},
                       {"x", FormatCoordinate(x)},
                       {"y", "4"},
                       {"width", FormatCoordinate(kBox)},
                       {"height", "10"}});
    const double value = kLevels[static_cast<size_t>(level)] * peak;
    DrawText("tick", i < 0 ? "end" : "start", i < 0 ? x + kBox : x, 30,
             (i < 0 ? "−" : "+") + fmt::format("{:.2g}", value), svg);
  }
  DrawText("label", "end", kPictureWidth - 20 - 2 * kBox * count, 14,
           "conflicts per hectare and run", svg);
}

}  // namespace

Picture DifferenceMap(const Network& network, const ConflictSet& first, const ConflictSet& second,
                      const std::string& name, const std::string& title) {
  const RoadMap map(network, kTop);
  const double bandwidth = std::max(kBandwidth, kLeastBandwidth / map.scale());
  const Point low = map.At(0, map.height()), high = map.At(kPictureWidth, map.top());
  DensityGrid more = KernelDensity(PointsOf(second), low, high, kCell / map.scale(), bandwidth);
  const DensityGrid less =
      KernelDensity(PointsOf(first), low, high, kCell / map.scale(), bandwidth);
  DensityGrid fewer = more;
  for (size_t i = 0; i < more.value.size(); ++i) {
    more.value[i] = kHectare * (more.value[i] / second.runs - less.value[i] / first.runs);
    fewer.value[i] = -more.value[i];
  }
  const double peak = std::max(more.peak(), fewer.peak());
  Picture picture;
  picture.name = name;
  picture.title = title;
  picture.note = fmt::format("Gaussian kernel of {:.3g} m", bandwidth);
  picture.description = fmt::format("At most {} more and {} fewer conflicts per hectare and run.",
                                    report::FormatNumber(std::max(more.peak(), 0.0)),
                                    report::FormatNumber(std::max(fewer.peak(), 0.0)));
  picture.height = map.height();
  map.DrawRoads("", &picture.body);
  if (peak > 0) {
    picture.body.Open("g", {{"fill-opacity", "0.95"}});
    for (size_t level = 0; level < kLevels.size(); ++level) {
      const double least = kLevels[level] * peak;
      DrawArea(fmt::format("fewer{}", level), AreaPath(map, fewer, least), &picture.body);
      DrawArea(fmt::format("more{}", level), AreaPath(map, more, least), &picture.body);
    }
    picture.body.Close();
    map.DrawRoads("faint", &picture.body);
    DrawRamp(peak, &picture.body);
  }
  map.DrawScaleBar(&picture.body);
  return picture;
}

}  // namespace tersor::twin
