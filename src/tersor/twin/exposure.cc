#include "tersor/twin/exposure.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/normal_distribution.h"

namespace tersor::twin {
namespace {

constexpr double kGravity = 9.81;
constexpr double kDryMadr = 8.45, kMadrDeviation = 1.4;  // m/s^2
constexpr double kLowest = 0.5, kHighest = 1.5;          // of the mean

}  // namespace

double DracToGrip(double drac, double friction) { return drac / (friction * kGravity); }

double CrashProbability(double drac, double friction) {
  if (std::isnan(drac)) {
    return 0;
  }
  const double mean = std::min(kDryMadr, friction * kGravity);
  if (drac <= kLowest * mean) {
    return 0;
  }
  const auto below = [&](double value) { return NormalCdf((value - mean) / kMadrDeviation); };
  const double low = below(kLowest * mean), high = below(kHighest * mean);
  return std::min((below(drac) - low) / (high - low), 1.0);
}

void Exposure::Add(double ttc, double drac, double friction, double critical_ttc, double step) {
  if (ttc <= critical_ttc) {
    tet += step;
    tit += (critical_ttc - ttc) * step;
  }
  crash_potential += CrashProbability(drac, friction) * step;
}

void Exposure::Add(const Exposure& other) {
  tet += other.tet;
  tit += other.tit;
  crash_potential += other.crash_potential;
}

}  // namespace tersor::twin
