#include "tersor/twin/road_map.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tersor/report/number_format.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

constexpr double kMargin = 14;
constexpr double kFoot = 34;  // of the scale bar
constexpr double kLowest = 90, kHighest = 620;
constexpr double kThinnest = 1.2;  // units; a lane stays visible on a large map
constexpr double kScaleBar = 140;  // units at most

}  // namespace

RoadMap::RoadMap(const Network& network, double top) : network_(network), top_(top) {
  TERSOR_CHECK(!network.lanes.empty(), "map: the network has no lanes");
  const double wide = std::max(network.high.x - network.low.x, 1.0);
  const double high = std::max(network.high.y - network.low.y, 1.0);
  const double room = kPictureWidth - 2 * kMargin;
  scale_ = std::min(room / wide, kHighest / high);
  const double field = std::max(high * scale_, kLowest);
  height_ = top + kMargin + field + kFoot;
  left_ = (kPictureWidth - wide * scale_) / 2;
  below_ = top + kMargin + (field + high * scale_) / 2;
}

Point RoadMap::At(double x, double y) const {
  return {network_.low.x + (x - left_) / scale_, network_.low.y + (below_ - y) / scale_};
}

std::string RoadMap::PathOf(const Polyline& line) const {
  std::string out;
  for (const Point& point : line) {
    out += out.empty() ? 'M' : 'L';
    out += FormatCoordinate(X(point.x)) + " " + FormatCoordinate(Y(point.y));
  }
  return out;
}

void RoadMap::DrawRoads(const std::string& css, Html* svg) const {
  std::string areas;
  for (const Junction& junction : network_.junctions) {
    if (junction.shape.size() > 2) {
      areas += PathOf(junction.shape) + "Z";
    }
  }
  std::map<double, std::string> roads;  // by width
  for (const Lane& lane : network_.lanes) {
    roads[std::max(lane.width * scale_, kThinnest)] += PathOf(lane.shape);
  }
  svg->Open("g", {{"class", css}});
  svg->Leaf("path", {{"class", css.empty() ? "area" : "junction"}, {"d", areas}});
  for (const auto& [width, path] : roads) {
    svg->Leaf("path", {{"class", "road"}, {"stroke-width", FormatCoordinate(width)}, {"d", path}});
  }
  svg->Close();
}

void RoadMap::DrawScaleBar(Html* svg) const {
  const double power = std::pow(10, std::floor(std::log10(kScaleBar / scale_)));
  double metres = power;
  for (const double digit : {2.0, 5.0}) {
    metres = digit * power * scale_ <= kScaleBar ? digit * power : metres;
  }
  const double y = height_ - 10;
  svg->Leaf("path",
            {{"class", "scale"},
             {"d", fmt::format("M{0} {1}v6h{2}v-6", FormatCoordinate(kMargin),
                               FormatCoordinate(y - 6), FormatCoordinate(metres * scale_))}});
  DrawText("note", "start", kMargin + metres * scale_ + 8, y,
           metres >= 1000 ? report::FormatNumber(metres / 1000) + " km"
                          : report::FormatNumber(metres) + " m",
           svg);
}

Picture NetworkPicture(const Network& network) {
  const RoadMap map(network, 0);
  Picture picture;
  picture.name = "network";
  picture.title = "Road network";
  picture.description = fmt::format("{} lanes and {} junctions from above.", network.lanes.size(),
                                    network.junctions.size());
  picture.height = map.height();
  map.DrawRoads("", &picture.body);
  map.DrawScaleBar(&picture.body);
  return picture;
}

}  // namespace tersor::twin
