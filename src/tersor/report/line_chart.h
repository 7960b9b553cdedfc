// Curves over a common pair of axes, as SVG.
#ifndef TERSOR_REPORT_LINE_CHART_H_
#define TERSOR_REPORT_LINE_CHART_H_

#include <span>
#include <string>
#include <vector>

#include "tersor/report/html.h"
#include "tersor/report/record_view.h"

namespace tersor::report {

/// Curves that one chart tells apart, by colour, dash pattern and label.
inline constexpr size_t kMaxCurvesPerChart = 6;

/// Curves that belong on the same axes: those with the same two labels, at most
/// kMaxCurvesPerChart of them. A curve without a y label has a chart of its own.
std::vector<std::vector<Curve>> GroupCurves(std::span<const Curve> curves);

/// `curve` with at most about 2 * `buckets` points: the lowest and the highest of every bucket of
/// neighbouring points, so that no peak is lost.
Curve Thinned(const Curve& curve, size_t buckets);

/// A figure with caption, legend and the chart in a wide and a narrow drawing, of which the style
/// sheet shows the one that fits. `id` must be unique on the page.
Html LineChart(std::span<const Curve> curves, const std::string& id);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_LINE_CHART_H_
