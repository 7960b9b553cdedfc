#include "tersor/twin/plot_area.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

#include "tersor/report/number_format.h"
#include "tersor/report/svg_text.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

void DrawLine(const char* css, double x1, double y1, double x2, double y2, Html* svg) {
  svg->Leaf("line", {{"class", css},
                     {"x1", FormatCoordinate(x1)},
                     {"y1", FormatCoordinate(y1)},
                     {"x2", FormatCoordinate(x2)},
                     {"y2", FormatCoordinate(y2)}});
}

}  // namespace

PlotArea::PlotArea(const PlotFrame& frame, report::Axis x, report::Axis y, std::string x_label,
                   std::string y_label)
    : frame_(frame),
      x_(std::move(x)),
      y_(std::move(y)),
      x_label_(std::move(x_label)),
      y_label_(std::move(y_label)) {}

double PlotArea::X(double value) const {
  return frame_.left + x_.Position(value) * (frame_.right - frame_.left);
}

double PlotArea::Y(double value) const {
  return frame_.bottom - y_.Position(value) * (frame_.bottom - frame_.top);
}

std::string PlotArea::Place(double x, double y) const {
  return FormatCoordinate(X(x)) + " " + FormatCoordinate(Y(y));
}

void PlotArea::DrawAxes(Html* svg) const {
  const PlotFrame& f = frame_;
  for (const report::Tick& tick : y_.ticks) {
    const double y = Y(tick.value);
    DrawLine("grid", f.left, y, f.right, y, svg);
    DrawText("tick", "end", f.left - 8, y + 4.5, tick.label, svg);
  }
  double free_from = -1e9;  // labels that would touch the last one are left out
  for (const report::Tick& tick : x_.ticks) {
    const double x = X(tick.value), half = report::TextWidth(tick.label) / 2;
    DrawLine("mark", x, f.bottom, x, f.bottom + 4, svg);
    if (x - half >= free_from) {
      DrawText("tick", "middle", x, f.bottom + 18, tick.label, svg);
      free_from = x + half + 8;
    }
  }
  DrawLine("base", f.left, f.bottom, f.right, f.bottom, svg);
  DrawText("label", "middle", (f.left + f.right) / 2, f.bottom + 38, x_label_, svg);
  DrawText("label", "start", f.left, f.top - 10, y_label_, svg);
}

void PlotArea::DrawLimitX(double value, const std::string& name, Html* svg) const {
  if (value < x_.low || value > x_.high) {
    return;
  }
  DrawLine("limit", X(value), frame_.top, X(value), frame_.bottom, svg);
  DrawText("note", "start", X(value) + 5, frame_.top + 12, name, svg);
}

void PlotArea::DrawLimitY(double value, const std::string& name, Html* svg) const {
  if (value < y_.low || value > y_.high) {
    return;
  }
  DrawLine("limit", frame_.left, Y(value), frame_.right, Y(value), svg);
  DrawText("note", "end", frame_.right - 4, Y(value) - 5, name, svg);
}

report::Axis AxisBetween(double low, double high, int target_ticks) {
  // With a third value in its middle the axis stays linear.
  const std::vector<double> values = {low, (low + high) / 2, high > low ? high : low + 1};
  return report::MakeAxis(values, target_ticks, true);
}

}  // namespace tersor::twin
