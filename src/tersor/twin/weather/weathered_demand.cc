#include "tersor/twin/weather/weathered_demand.h"

#include <vector>

#include "tersor/twin/random_stream.h"
#include "tersor/util/config_check.h"
#include "tersor/util/rng.h"

namespace tersor::twin {

bool KnowsWeather(std::string_view vehicle, uint64_t seed, double share) {
  return Rng(seed, StreamOf("knows weather", vehicle)).Uniform(0) < share;
}

VehicleType WeatheredType(const VehicleType& type, const Weather& weather) {
  VehicleType weathered = type;
  weathered.speed_factor *= weather.speed_factor;
  weathered.speed_deviation *= weather.speed_factor;
  weathered.speed_lowest *= weather.speed_factor;
  weathered.speed_highest *= weather.speed_factor;
  weathered.tau *= weather.headway_factor;
  weathered.accel *= weather.accel_factor;
  weathered.decel *= weather.accel_factor;
  return weathered;
}

void ApplyWeather(const Weather& weather, double share, uint64_t seed, Demand* demand) {
  CheckRange("driver_aware", share, 0, 1);
  if (share == 1) {
    for (VehicleType& type : demand->types) {
      type = WeatheredType(type, weather);
    }
    return;
  }
  std::vector<int32_t> aware(demand->types.size(), -1);  // by type
  for (Departure& departure : demand->departures) {
    if (!KnowsWeather(departure.id, seed, share)) {
      continue;
    }
    int32_t& type = aware[static_cast<size_t>(departure.type)];
    if (type < 0) {
      type = static_cast<int32_t>(demand->types.size());
      VehicleType weathered =
          WeatheredType(demand->types[static_cast<size_t>(departure.type)], weather);
      weathered.id += "." + weather.name;
      demand->types.push_back(std::move(weathered));
    }
    departure.type = type;
  }
}

}  // namespace tersor::twin
