#include "tersor/twin/weather/visibility.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {
namespace {

constexpr double kGravity = 9.81;

/// The x above 0 with x exp(rate x) = product, by Newton's method on the logarithm, which is
/// concave and increasing: from a start below the root it only rises towards it.
double SolveAttenuated(double product, double rate) {
  if (product <= 0) {
    return 0;
  }
  const double target = std::log(product);
  // x <= product, and where the air rules, x <= target / rate.
  double x = product / (1 + rate * product);
  for (int i = 0; i < 50; ++i) {
    const double step = (target - std::log(x) - rate * x) / (1 / x + rate);
    x += step;
    if (std::abs(step) <= 1e-13 * x) {
      break;
    }
  }
  return x;
}

}  // namespace

double Extinction(double visibility) { return std::log(1 / kContrastThreshold) / visibility; }

double Contrast(double inherent, double distance, double visibility) {
  return inherent * std::exp(-Extinction(visibility) * distance);
}

double ContrastRange(double inherent, double visibility) {
  return inherent > kContrastThreshold
             ? std::log(inherent / kContrastThreshold) / Extinction(visibility)
             : 0;
}

double LampRange(double intensity, double threshold, double visibility) {
  return SolveAttenuated(std::sqrt(intensity / threshold), Extinction(visibility) / 2);
}

double HeadlampRange(double clear_range, double visibility) {
  return SolveAttenuated(clear_range, Extinction(visibility));
}

double ObstacleRange(const Weather& weather) {
  return weather.night() ? HeadlampRange(weather.headlamp_range, weather.visibility)
                         : ContrastRange(kCarContrast, weather.visibility);
}

double LeaderRange(const Weather& weather) {
  if (weather.night()) {
    return std::max(ObstacleRange(weather),
                    LampRange(kTailLamp, kNightThreshold, weather.visibility));
  }
  const double body = ObstacleRange(weather);
  return weather.visibility < kLampsByDay
             ? std::max(body, LampRange(kTailLamp, kDayThreshold, weather.visibility))
             : body;
}

double BrakeLampRange(const Weather& weather) {
  return std::max(
      LeaderRange(weather),
      LampRange(kStopLamp, weather.night() ? kNightThreshold : kDayThreshold, weather.visibility));
}

double SightLimitedSpeed(double sight, double friction, double reaction_time) {
  const double braking = friction * kGravity;
  return braking * (std::sqrt(reaction_time * reaction_time + 2 * sight / braking) - reaction_time);
}

}  // namespace tersor::twin
