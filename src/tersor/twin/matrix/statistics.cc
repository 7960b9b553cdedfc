#include "tersor/twin/matrix/statistics.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "tersor/util/error.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostEnumerated = 16;  // differences whose signs are all tried
constexpr uint64_t kFlips = uint64_t{1} << kMostEnumerated;

/// The continued fraction of 26.5.8 from its far end; it converges fast for x below
/// (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  double tail = 1;
  for (int i = 200 + static_cast<int>(10 * std::sqrt(std::max(a, b))); i >= 1; --i) {
    const double m = i / 2;
    const double term = i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                   : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    tail = 1 + term / tail;
  }
  return 1 / tail;
}

/// The regularised incomplete beta function I_x(a, b).
double IncompleteBeta(double a, double b, double x) {
  if (x <= 0 || x >= 1) {
    return x <= 0 ? 0 : 1;
  }
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * BetaFraction(a, b, x) / a
                                   : 1 - front * BetaFraction(b, a, 1 - x) / b;
}

/// P(|T| >= |t|).
double TwoSided(double t, double degrees) {
  return std::isinf(t) ? 0 : IncompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

/// The sum of the differences with the signs of `flips`: bit i turns number i around.
double FlippedSum(std::span<const double> differences, uint64_t flips) {
  double sum = 0;
  for (size_t i = 0; i < differences.size(); ++i) {
    sum += flips >> i & 1 ? -differences[i] : differences[i];
  }
  return sum;
}

/// The same with drawn signs, for any number of them.
double DrawnSum(std::span<const double> differences, const Rng& rng, uint64_t draw) {
  double sum = 0;
  for (size_t i = 0; i < differences.size(); ++i) {
    const uint64_t bits = rng.Bits64(draw * (differences.size() / 64 + 1) + i / 64);
    sum += bits >> i % 64 & 1 ? -differences[i] : differences[i];
  }
  return sum;
}

}  // namespace

double StudentCdf(double t, double degrees) {
  TERSOR_CHECK(degrees > 0, "Student's t with ", degrees, " degrees of freedom; they are above 0");
  const double tail = TwoSided(t, degrees) / 2;
  return t > 0 ? 1 - tail : tail;
}

double StudentQuantile(double p, double degrees) {
  TERSOR_CHECK(p > 0 && p < 1, "Student's t: a probability of ", p, "; it is within 0 and 1");
  if (p < 0.5) {
    return -StudentQuantile(1 - p, degrees);
  }
  double low = 0, high = 1;
  while (StudentCdf(high, degrees) < p) {
    high *= 2;
  }
  while (true) {  // until the two are neighbours
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) {
      return middle;
    }
    (StudentCdf(middle, degrees) < p ? low : high) = middle;
  }
}

Interval MeanInterval(std::span<const double> values, double confidence) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double value) { return std::isfinite(value); });
  Interval interval{kNaN, kNaN, kNaN, kNaN, std::ssize(finite)};
  if (finite.empty()) {
    return interval;
  }
  const double n = static_cast<double>(finite.size());
  interval.mean = std::accumulate(finite.begin(), finite.end(), 0.0) / n;
  if (finite.size() < 2) {
    return interval;
  }
  double squares = 0;
  for (const double value : finite) {
    squares += (value - interval.mean) * (value - interval.mean);
  }
  interval.deviation = std::sqrt(squares / (n - 1));
  const double half =
      StudentQuantile((1 + confidence) / 2, n - 1) * interval.deviation / std::sqrt(n);
  interval.low = interval.mean - half;
  interval.high = interval.mean + half;
  return interval;
}

PairedDifference ComparePairs(std::span<const double> first, std::span<const double> second) {
  TERSOR_CHECK(first.size() == second.size(), "pairs: ", first.size(), " values against ",
               second.size());
  std::vector<double> before, after, differences;
  for (size_t i = 0; i < first.size(); ++i) {
    if (std::isfinite(first[i]) && std::isfinite(second[i])) {
      before.push_back(first[i]);
      after.push_back(second[i]);
      differences.push_back(second[i] - first[i]);
    }
  }
  PairedDifference out;
  out.interval = MeanInterval(differences);
  out.first = MeanInterval(before).mean;
  out.second = MeanInterval(after).mean;
  if (differences.size() < 2) {
    return out;
  }
  const double n = static_cast<double>(differences.size());
  if (out.interval.mean != 0) {
    out.p_value = TwoSided(out.interval.mean / (out.interval.deviation / std::sqrt(n)), n - 1);
  }
  out.sign_flip_p = SignFlipPValue(differences);
  return out;
}

double SignFlipPValue(std::span<const double> differences) {
  double largest = 0;
  for (const double difference : differences) {
    largest += std::abs(difference);
  }
  // Sums of the same numbers in other orders may differ in their last digits.
  const double observed = std::abs(FlippedSum(differences, 0)) - 1e-12 * largest;
  const bool all = differences.size() <= kMostEnumerated;
  const uint64_t flips = all ? uint64_t{1} << differences.size() : kFlips;
  const Rng rng(0);
  uint64_t as_far = all ? 0 : 1;  // the signs as they are
  for (uint64_t flip = all ? 0 : 1; flip < flips; ++flip) {
    const double sum = all ? FlippedSum(differences, flip) : DrawnSum(differences, rng, flip);
    as_far += std::abs(sum) >= observed;
  }
  return static_cast<double>(as_far) / static_cast<double>(flips);
}

std::vector<double> HolmAdjusted(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double times = static_cast<double>(order.size() - rank);
    largest = std::max(largest, std::min(1.0, times * p_values[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace tersor::twin
