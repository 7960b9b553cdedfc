#include "tersor/twin/dynamics/curve_picture.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "tersor/report/number_format.h"
#include "tersor/twin/plot_area.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

using report::Html;

constexpr size_t kColors = 6;
constexpr double kLegend = 26, kLeft = 62, kRight = 14, kAbove = 52, kBelow = 46;  // units

struct Ends {
  double low = INFINITY, high = -INFINITY;

  void Add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::vector<std::string> NamesOf(const CurvePanel& panel) {
  std::vector<std::string> names;
  for (const PlottedCurve& curve : panel.curves) {
    names.push_back(curve.name);
  }
  return names;
}

void DrawNames(const CurvePanel& panel, double x, double y, Html* svg) {
  std::vector<LegendEntry> legend;
  for (const std::string& name : NamesOf(panel)) {
    legend.push_back({fmt::format("line c{}", legend.size()), "", name});
  }
  DrawLegend(legend, x, y, svg);
}

void DrawPanel(const CurvePanel& panel, const PlotFrame& frame, Html* svg) {
  Ends x, y;
  for (const PlottedCurve& curve : panel.curves) {
    for (size_t i = 0; i < curve.x.size(); ++i) {
      x.Add(curve.x[i]);
      y.Add(curve.y[i]);
    }
  }
  TERSOR_CHECK(x.high > x.low, panel.title, ": the panel has no curve");
  TERSOR_CHECK(panel.curves.size() <= kColors, panel.title, ": ", panel.curves.size(),
               " curves; a panel shows at most ", kColors);
  if (y.high <= y.low) {
    y.high = y.low + 1;
  }
  const int ticks = frame.right - frame.left > 500 ? 10 : 6;
  const PlotArea plot(frame, AxisBetween(x.low, x.high, ticks), AxisBetween(y.low, y.high, 5),
                      panel.x_label, panel.y_label);
  plot.DrawAxes(svg);
  for (size_t c = 0; c < panel.curves.size(); ++c) {
    const PlottedCurve& curve = panel.curves[c];
    std::string path;
    for (size_t i = 0; i < curve.x.size(); ++i) {
      path += (i == 0 ? "M" : "L") + plot.Place(curve.x[i], curve.y[i]);
    }
    svg->Leaf("path", {{"class", fmt::format("line c{}", c)}, {"d", path}});
  }
}

}  // namespace

Picture DrawCurves(Picture picture, const std::vector<CurvePanel>& panels, int columns,
                   double height) {
  TERSOR_CHECK(!panels.empty() && columns > 0, picture.name, ": no panels");
  const bool common = std::all_of(panels.begin(), panels.end(), [&](const CurvePanel& panel) {
    return NamesOf(panel) == NamesOf(panels.front());
  });
  const double above = common ? kLegend : 0;
  if (common) {
    DrawNames(panels.front(), kLeft, 16, &picture.body);
  }
  const double width = picture.width / columns;
  for (size_t i = 0; i < panels.size(); ++i) {
    const double column = static_cast<double>(i % static_cast<size_t>(columns));
    const double row = static_cast<double>(i / static_cast<size_t>(columns));
    const double left = column * width + kLeft, top = above + row * height;
    DrawText("", "start", left, top + 20, panels[i].title, &picture.body);
    if (!common) {
      DrawNames(panels[i], left, top + 40, &picture.body);
    }
    DrawPanel(panels[i],
              {left, left + width - kLeft - kRight, top + kAbove + (common ? 0 : kLegend),
               top + height - kBelow},
              &picture.body);
  }
  const double rows = std::ceil(static_cast<double>(panels.size()) / columns);
  picture.height = above + rows * height;
  return picture;
}

}  // namespace tersor::twin
