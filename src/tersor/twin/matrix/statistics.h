// What a few repeated runs tell: means with their intervals, paired differences and their tests.
#ifndef TERSOR_TWIN_MATRIX_STATISTICS_H_
#define TERSOR_TWIN_MATRIX_STATISTICS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace tersor::twin {

/// P(T <= t) of Student's t with `degrees` of freedom, above 0, by the incomplete beta function
/// (Abramowitz and Stegun, 26.7.1 and 26.5.8).
double StudentCdf(double t, double degrees);

/// The t with StudentCdf(t, degrees) = p, 0 < p < 1.
double StudentQuantile(double p, double degrees);

/// A mean over runs and where the true one lies, by Student's t.
struct Interval {
  double mean = 0, low = 0, high = 0;  // NaN: too few values
  double deviation = 0;                // of single values, n - 1
  int64_t count = 0;
};

/// Values that are not finite are left out. With fewer than two the interval is NaN.
Interval MeanInterval(std::span<const double> values, double confidence = 0.95);

/// How far two treatments of the same runs differ.
struct PairedDifference {
  Interval interval;             // of second - first
  double p_value = 1;            // two-sided, paired t
  double sign_flip_p = 1;        // two-sided, SignFlipPValue()
  double first = 0, second = 0;  // means over the pairs
};

/// second[i] - first[i]; pairs that lack a finite value are left out. With fewer than two pairs the
/// p-values are 1.
PairedDifference ComparePairs(std::span<const double> first, std::span<const double> second);

/// How often random signs make the mean of `differences` at least as far from 0: all 2^n of them
/// up to 16 differences, 65,536 drawn ones above. No assumption but that a difference is as
/// likely below as above 0 where there is none; with n differences it is never below 2 / 2^n.
double SignFlipPValue(std::span<const double> differences);

/// p-values of several comparisons, so adjusted that together they err as rarely as one (Holm,
/// "A simple sequentially rejective multiple test procedure", 1979).
std::vector<double> HolmAdjusted(std::span<const double> p_values);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_STATISTICS_H_
