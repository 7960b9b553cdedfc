// Quantiles of a sample.
#ifndef TERSOR_TWIN_QUANTILE_H_
#define TERSOR_TWIN_QUANTILE_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace tersor::twin {

/// The value below which `share` (0 to 1) of ascending values lie, in a straight line between the
/// two nearest ones; NaN of none.
inline double SortedQuantile(const std::vector<double>& values, double share) {
  if (values.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], place - static_cast<double>(below));
}

/// The same of values in any order.
inline double Quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return SortedQuantile(values, share);
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_QUANTILE_H_
