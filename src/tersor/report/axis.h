// One axis of a plot: its scale, its ends and its ticks.
#ifndef TERSOR_REPORT_AXIS_H_
#define TERSOR_REPORT_AXIS_H_

#include <span>
#include <string>
#include <vector>

namespace tersor::report {

struct Tick {
  double value;
  std::string label;
};

struct Axis {
  double low = 0, high = 1;  // the ends; low < high, and low > 0 on a logarithmic axis
  bool log = false;
  std::vector<Tick> ticks;  // rising, all within the ends

  /// 0 at `low`, 1 at `high`.
  double Position(double value) const;
};

/// Values beyond this size are treated as missing, so that differences stay finite.
inline constexpr double kLargestPlotted = 1e300;

/// Whether a plot can show `value`.
bool IsPlottable(double value);

/// An axis for all plottable `values`; with none, it runs from 0 to 1. It is logarithmic where the
/// values are positive, span two decades or more, and crowd at the low end of a linear axis.
/// `target_ticks` is the number of ticks to aim at; `round_ends` moves the ends out to ticks.
Axis MakeAxis(std::span<const double> values, int target_ticks, bool round_ends);

/// A logarithmic axis around 1 for ratios, so that twice and half as fast look alike. `values`
/// that are not positive are left out.
Axis MakeRatioAxis(std::span<const double> values);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_AXIS_H_
