// Ratios of a benchmark as bars that leave a line at 1, as SVG.
#ifndef TERSOR_REPORT_RATIO_CHART_H_
#define TERSOR_REPORT_RATIO_CHART_H_

#include <span>
#include <string>

#include "tersor/report/html.h"
#include "tersor/report/record_view.h"

namespace tersor::report {

/// A figure with one bar a row on a logarithmic axis: to the right of the line at 1 ours is
/// better, to the left the peer. A whisker spans ratio_low to ratio_high. A row without a usable
/// ratio says so. `id` must be unique on the page.
Html RatioChart(std::span<const BenchRow> rows, const std::string& id);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_RATIO_CHART_H_
