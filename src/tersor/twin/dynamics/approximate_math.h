// Elementary functions without branches or calls, so that the compiler can work on several cars at
// once. Each says how far it is from the true one.
#ifndef TERSOR_TWIN_DYNAMICS_APPROXIMATE_MATH_H_
#define TERSOR_TWIN_DYNAMICS_APPROXIMATE_MATH_H_

#include <cmath>
#include <numbers>

namespace tersor::twin {

// By value, unlike std::min and std::max: references hinder the vectoriser.
inline double Least(double a, double b) { return a < b ? a : b; }
inline double Most(double a, double b) { return a > b ? a : b; }
inline double Within(double value, double low, double high) {
  return Least(Most(value, low), high);
}

/// atan(x) for x >= 0, within 3e-8. Abramowitz and Stegun, 4.4.49.
inline double FastAtan(double x) {
  const bool steep = x > 1;
  const double z = steep ? 1 / x : x;
  const double z2 = z * z;
  double sum = 0.0028662257;
  sum = sum * z2 - 0.0161657367;
  sum = sum * z2 + 0.0429096138;
  sum = sum * z2 - 0.0752896400;
  sum = sum * z2 + 0.1065626393;
  sum = sum * z2 - 0.1420889944;
  sum = sum * z2 + 0.1999355085;
  sum = sum * z2 - 0.3333314528;
  const double angle = z + z * z2 * sum;
  return steep ? std::numbers::pi / 2 - angle : angle;
}

/// cos(x) for |x| <= 2.1, within 2e-9: Taylor's series.
inline double FastCos(double x) {
  const double x2 = x * x;
  double sum = 1.0 / 20922789888000;
  sum = sum * x2 - 1.0 / 87178291200;
  sum = sum * x2 + 1.0 / 479001600;
  sum = sum * x2 - 1.0 / 3628800;
  sum = sum * x2 + 1.0 / 40320;
  sum = sum * x2 - 1.0 / 720;
  sum = sum * x2 + 1.0 / 24;
  sum = sum * x2 - 0.5;
  return 1 + sum * x2;
}

/// sin(x) for |x| <= 1.3, within 1e-11: Taylor's series.
inline double FastSin(double x) {
  const double x2 = x * x;
  double sum = -1.0 / 1307674368000;
  sum = sum * x2 + 1.0 / 6227020800;
  sum = sum * x2 - 1.0 / 39916800;
  sum = sum * x2 + 1.0 / 362880;
  sum = sum * x2 - 1.0 / 5040;
  sum = sum * x2 + 1.0 / 120;
  sum = sum * x2 - 1.0 / 6;
  return x + x * x2 * sum;
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_APPROXIMATE_MATH_H_
