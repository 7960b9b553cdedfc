// The field of a plot: two axes, their lines, ticks and labels, and where a value falls.
#ifndef TERSOR_TWIN_PLOT_AREA_H_
#define TERSOR_TWIN_PLOT_AREA_H_

#include <string>

#include "tersor/report/axis.h"
#include "tersor/report/html.h"

namespace tersor::twin {

/// The field within its picture, in units of the view box.
struct PlotFrame {
  double left, right, top, bottom;
};

class PlotArea {
 public:
  PlotArea(const PlotFrame& frame, report::Axis x, report::Axis y, std::string x_label,
           std::string y_label);

  const PlotFrame& frame() const { return frame_; }
  const report::Axis& x_axis() const { return x_; }
  const report::Axis& y_axis() const { return y_; }
  double X(double value) const;
  double Y(double value) const;
  /// "x y" for a path.
  std::string Place(double x, double y) const;

  /// Grid, ticks and labels; the label of y stands above the field.
  void DrawAxes(report::Html* svg) const;

  /// A dashed line across at a value of x or y, named at its end.
  void DrawLimitX(double value, const std::string& name, report::Html* svg) const;
  void DrawLimitY(double value, const std::string& name, report::Html* svg) const;

 private:
  PlotFrame frame_;
  report::Axis x_, y_;
  std::string x_label_, y_label_;
};

/// An axis from `low` to at least `high`, whose ends are ticks.
report::Axis AxisBetween(double low, double high, int target_ticks);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_PLOT_AREA_H_
