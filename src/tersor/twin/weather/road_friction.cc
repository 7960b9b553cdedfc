#include "tersor/twin/weather/road_friction.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "tersor/util/config.h"
#include "tersor/util/error.h"

namespace tersor::twin {

double AquaplaningSpeed(double tyre_pressure) { return 6.35 * std::sqrt(tyre_pressure) / 3.6; }

double AquaplaningFactor(double speed, double water_film, double tyre_pressure) {
  constexpr double kShallow = 0.5, kDeep = 2.5;  // mm
  constexpr double kBegin = 0.8, kEnd = 1.1;     // of Horne's speed
  constexpr double kFloating = 0.1;              // is left
  const double depth = std::clamp((water_film - kShallow) / (kDeep - kShallow), 0.0, 1.0);
  const double lifted =
      std::clamp((speed / AquaplaningSpeed(tyre_pressure) - kBegin) / (kEnd - kBegin), 0.0, 1.0);
  return 1 - (1 - kFloating) * depth * lifted;
}

double SumoFrictionSpeedFactor(double mu) { return (-0.3491 * mu + 0.8922) * mu + 0.4493; }

RoadFriction::RoadFriction(const Network& network, const WeatherSeries& series)
    : override_(network.lanes.size()),
      aquaplaning_(series.aquaplaning),
      tyre_pressure_(series.tyre_pressure) {
  for (const Lane& lane : network.lanes) {
    factor_.push_back(lane.friction);
  }
  for (const auto& [id, friction] : series.lanes) {
    const int32_t lane = network.FindLane(id);
    if (lane < 0) {
      std::vector<std::string> known;
      for (const Lane& one : network.lanes) {
        known.push_back(one.id);
      }
      const std::string nearest = NearestName(id, known);
      FailUsage("weather: lanes: the network has no lane ", id,
                nearest.empty() ? "" : "; did you mean " + nearest + "?");
    }
    override_[static_cast<size_t>(lane)] = friction;
  }
}

RoadSurface RoadFriction::At(int32_t lane, double speed, const Weather& weather) const {
  double factor = 1;
  if (lane >= 0) {
    const auto i = static_cast<size_t>(lane);
    factor = override_[i] > 0 ? override_[i] / weather.friction_peak : factor_[i];
  }
  if (aquaplaning_) {
    factor *= AquaplaningFactor(speed, weather.water_film, tyre_pressure_);
  }
  return {.friction_peak = factor * weather.friction_peak,
          .friction_slide = factor * weather.friction_slide,
          .water_film = weather.water_film};
}

}  // namespace tersor::twin
