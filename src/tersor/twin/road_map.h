// The road network from above, as SVG, fitted into a picture.
#ifndef TERSOR_TWIN_ROAD_MAP_H_
#define TERSOR_TWIN_ROAD_MAP_H_

#include "tersor/report/html.h"
#include "tersor/twin/network.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

class RoadMap {
 public:
  /// Fits `network`, which must outlive this, into the width of a picture below a strip of `top`;
  /// the height follows from the network, within limits. Throws Error on a network without lanes.
  RoadMap(const Network& network, double top);

  double height() const { return height_; }
  double top() const { return top_; }
  double scale() const { return scale_; }  // units of the view box a metre
  double X(double x) const { return left_ + (x - network_.low.x) * scale_; }
  double Y(double y) const { return below_ - (y - network_.low.y) * scale_; }
  /// The map's metres at a place of the picture.
  Point At(double x, double y) const;

  /// Lanes as strokes of their widths over junctions' areas; of `css` "" or "faint".
  void DrawRoads(const std::string& css, report::Html* svg) const;
  /// A bar of a round length in the lower left corner.
  void DrawScaleBar(report::Html* svg) const;

 private:
  std::string PathOf(const Polyline& line) const;

  const Network& network_;
  double top_, height_, scale_, left_, below_;
};

/// The network alone.
Picture NetworkPicture(const Network& network);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ROAD_MAP_H_
