// How slippery the road under a car is: the weather's friction, lane by lane, and what standing
// water takes of it at speed.
#ifndef TERSOR_TWIN_WEATHER_ROAD_FRICTION_H_
#define TERSOR_TWIN_WEATHER_ROAD_FRICTION_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/dynamics/fleet.h"
#include "tersor/twin/network.h"
#include "tersor/twin/weather/weather_series.h"

namespace tersor::twin {

/// The speed, in m/s, from which a rolling tyre floats on standing water: 6.35 sqrt(p) km/h, p the
/// tyre's pressure in kPa (Horne and Dreher, NASA TN D-2056, 1963: 10.35 sqrt(p in psi) mph).
double AquaplaningSpeed(double tyre_pressure);

/// What is left of the friction at `speed` (m/s) on a film of `water_film` mm, 0.1 to 1. Horne's
/// speed holds for deep water (some 2.5 mm) and does not fall at once: from 80 to 110 % of it the
/// friction falls to a tenth in straight lines, the less the shallower the film, not at all below
/// 0.5 mm. The shares are chosen.
double AquaplaningFactor(double speed, double water_film, double tyre_pressure);

/// By how much SUMO's friction device lowers a lane's allowed speed, f(mu) = -0.3491 mu^2 +
/// 0.8922 mu + 0.4493; `mu` 1 is dry. It changes nothing else; here for comparison only.
double SumoFrictionSpeedFactor(double mu);

/// Every lane's friction. A lane's own is that of its attribute `friction` in the network (1: as
/// the weather's) or the series' override.
class RoadFriction {
 public:
  /// Throws UsageError naming a lane of the series that the network has not, with the nearest one.
  RoadFriction(const Network& network, const WeatherSeries& series);

  /// The road under a car on `lane` (-1: not known) at `speed` m/s in this weather.
  RoadSurface At(int32_t lane, double speed, const Weather& weather) const;

 private:
  std::vector<double> factor_;    // by lane, of the weather's friction
  std::vector<double> override_;  // peak friction instead; 0: none
  bool aquaplaning_;
  double tyre_pressure_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_WEATHER_ROAD_FRICTION_H_
