#include "tersor/twin/heat_map.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "tersor/report/number_format.h"
#include "tersor/twin/road_map.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

/// Lower ends of the colours, as shares of the peak.
constexpr std::array<double, 8> kLevels = {0.03, 0.09, 0.18, 0.3, 0.44, 0.58, 0.73, 0.88};
constexpr double kCell = 4;            // units of the view box
constexpr double kLeastBandwidth = 7;  // units
constexpr double kHectare = 1e4;       // m^2
constexpr double kTop = 34;            // of the legend

/// Boxes of the colours with the density at their lower ends.
void DrawRamp(double peak, Html* svg) {
  constexpr double kBox = 44, kHigh = 10;
  const double left = kPictureWidth - 10 - kBox * static_cast<double>(kLevels.size());
  for (size_t level = 0; level < kLevels.size(); ++level) {
    const double x = left + kBox * static_cast<double>(level);
    svg->Leaf("rect", {{"class", fmt::format("h{}", level)},
                       {"x", FormatCoordinate(x)},
                       {"y", "4"},
                       {"width", FormatCoordinate(kBox)},
                       {"height", FormatCoordinate(kHigh)}});
    DrawText("tick", "start", x, 30, fmt::format("{:.3g}", kLevels[level] * peak), svg);
  }
  DrawText("label", "end", left - 10, 14, "conflicts per hectare", svg);
}

}  // namespace

std::string AreaPath(const RoadMap& map, const DensityGrid& grid, double level) {
  std::string path;
  for (const Polyline& area : AreaAbove(grid, level)) {
    for (size_t i = 0; i < area.size(); ++i) {
      path += i == 0 ? 'M' : 'L';
      path += FormatCoordinate(map.X(area[i].x)) + " " + FormatCoordinate(map.Y(area[i].y));
    }
    path += 'Z';
  }
  return path;
}

Picture ConflictHeatMap(const Network& network, std::span<const ConflictMark> conflicts,
                        const HeatMapOptions& options) {
  std::vector<Point> points;
  for (const ConflictMark& conflict : conflicts) {
    const bool counts = options.type.empty() || conflict.type == options.type;
    if (counts && std::isfinite(conflict.point.x) && std::isfinite(conflict.point.y)) {
      points.push_back(conflict.point);
    }
  }
  const RoadMap map(network, kTop);
  const double bandwidth = std::max(options.bandwidth, kLeastBandwidth / map.scale());
  const Point low = map.At(0, map.height()), high = map.At(kPictureWidth, map.top());
  DensityGrid grid = KernelDensity(points, low, high, kCell / map.scale(), bandwidth);
  for (double& value : grid.value) {
    value *= kHectare;
  }
  Picture picture;
  picture.name = options.type.empty() ? "heat-map" : "heat-map-" + FileWord(options.type);
  picture.title =
      options.type.empty() ? "Where conflicts happen" : "Where conflicts happen: " + options.type;
  picture.note = fmt::format("{} conflicts, Gaussian kernel of {:.3g} m", points.size(), bandwidth);
  picture.description = fmt::format("The densest place has {} conflicts per hectare.",
                                    report::FormatNumber(grid.peak()));
  picture.height = map.height();
  map.DrawRoads("", &picture.body);
  if (grid.peak() > 0) {
    picture.body.Open("g", {{"fill-opacity", "0.95"}});
    for (size_t level = 0; level < kLevels.size(); ++level) {
      picture.body.Leaf("path", {{"class", fmt::format("h{}", level)},
                                 {"d", AreaPath(map, grid, kLevels[level] * grid.peak())}});
    }
    picture.body.Close();
    map.DrawRoads("faint", &picture.body);
    DrawRamp(grid.peak(), &picture.body);
  }
  map.DrawScaleBar(&picture.body);
  return picture;
}

}  // namespace tersor::twin
