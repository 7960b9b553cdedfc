// A demand whose drivers know the weather: the tuned parameters of plain micro-simulation.
#ifndef TERSOR_TWIN_WEATHER_WEATHERED_DEMAND_H_
#define TERSOR_TWIN_WEATHER_WEATHERED_DEMAND_H_

#include <cstdint>
#include <string_view>

#include "tersor/twin/demand.h"
#include "tersor/twin/weather/weather.h"

namespace tersor::twin {

/// Whether a vehicle's driver knows how slippery the road is: drawn by the run's seed and the
/// vehicle's id alone, `share` (0 to 1) of all.
bool KnowsWeather(std::string_view vehicle, uint64_t seed, double share);

/// A type as somebody who knows the weather drives it: speed factor (and its bounds) times the
/// speed factor, tau times the headway factor, accel and decel times the factor of accelerations.
/// Minimum gaps, lengths and emergency braking stay.
VehicleType WeatheredType(const VehicleType& type, const Weather& weather);

/// Gives everybody whose driver knows the weather a type of his own, named "type.weather"; with a
/// share of 1 the types change in place and keep their names. A vehicle's own speed factor (of its
/// departure's type) changes with its type. Throws UsageError for a share outside of 0 .. 1.
void ApplyWeather(const Weather& weather, double share, uint64_t seed, Demand* demand);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_WEATHER_WEATHERED_DEMAND_H_
