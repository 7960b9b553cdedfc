// The standard normal distribution.
#ifndef TERSOR_TWIN_NORMAL_DISTRIBUTION_H_
#define TERSOR_TWIN_NORMAL_DISTRIBUTION_H_

#include <cmath>
#include <numbers>

namespace tersor::twin {

inline double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

/// The z with NormalCdf(z) = share, 0 < share < 1, within -8 .. 8, by bisection.
inline double NormalQuantile(double share) {
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (NormalCdf(middle) < share ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_NORMAL_DISTRIBUTION_H_
