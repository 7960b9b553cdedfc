#include "tersor/twin/matrix/weighed_measures.h"

#include <algorithm>
#include <map>
#include <utility>

#include "tersor/twin/safety_summary.h"
#include "tersor/twin/scenario_run.h"
#include "tersor/twin/ssm_device.h"
#include "tersor/twin/weather/road_friction.h"

namespace tersor::twin {
namespace {

/// Whether two weathers are equally slippery at all times, so that one measurement does for both.
bool SameGrip(const WeatherSeries& a, const WeatherSeries& b) {
  if (a.lanes != b.lanes || a.aquaplaning != b.aquaplaning || a.tyre_pressure != b.tyre_pressure) {
    return false;
  }
  return std::equal(a.moments.begin(), a.moments.end(), b.moments.begin(), b.moments.end(),
                    [](const WeatherMoment& x, const WeatherMoment& y) {
                      return x.time == y.time &&
                             x.weather.friction_peak == y.weather.friction_peak &&
                             x.weather.friction_slide == y.weather.friction_slide &&
                             x.weather.water_film == y.weather.water_film;
                    });
}

}  // namespace

struct WeighedMeasures::Device {
  Device(const Network& network, WeatherSeries the_series, const SsmOptions& options)
      : series(std::move(the_series)), friction(network, series), ssm(network, options) {
    ssm.SetFriction(
        [this](int32_t lane, double speed) { return friction.At(lane, speed, now).friction_peak; });
  }

  std::vector<std::string> conditions;
  WeatherSeries series;
  Weather now;
  RoadFriction friction;
  SsmDevice ssm;
};

WeighedMeasures::WeighedMeasures(const Matrix& matrix, const Network& network) {
  for (int32_t weather = 0; weather < std::ssize(matrix.weathers); ++weather) {
    for (const bool night : matrix.nights) {
      WeatherSeries series = matrix.WeatherOf(weather, night);
      auto same = std::find_if(devices_.begin(), devices_.end(), [&](const auto& device) {
        return SameGrip(device->series, series);
      });
      if (same == devices_.end()) {
        devices_.push_back(
            std::make_unique<Device>(network, std::move(series), matrix.base.measures));
        same = devices_.end() - 1;
      }
      (*same)->conditions.push_back(ConditionName(matrix, weather, night));
    }
  }
}

WeighedMeasures::~WeighedMeasures() = default;

void WeighedMeasures::Look(const Traffic& traffic) {
  for (const std::unique_ptr<Device>& device : devices_) {
    device->now = device->series.At(traffic.snapshot().time);
    device->ssm.Update(traffic.snapshot(), traffic.vehicles());
  }
}

std::map<std::string, Measured> WeighedMeasures::Finish(double vehicle_km) {
  std::map<std::string, Measured> out;
  for (const std::unique_ptr<Device>& device : devices_) {
    const std::vector<Conflict> conflicts = device->ssm.Finish();
    Record record;
    AddMetrics(Summarize(conflicts, device->ssm.exposure(), vehicle_km), record);
    const Measured measured = {MetricsOf(record), MarksOf(conflicts)};
    for (const std::string& condition : device->conditions) {
      out[condition] = measured;
    }
  }
  return out;
}

}  // namespace tersor::twin
