// The weather's part of the validation page.
#ifndef TERSOR_TWIN_MATRIX_VALIDATE_WEATHER_H_
#define TERSOR_TWIN_MATRIX_VALIDATE_WEATHER_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "tersor/twin/validation_page.h"

namespace tersor::twin {

/// One published change, in percent of the dry: of capacity and speed what is lost, of the time
/// that starting takes what is added.
struct WeatherEffect {
  std::string quantity, weather, source;
  double low = 0, high = 0;                      // published
  double ours = 0, ours_low = 0, ours_high = 0;  // mean over seeds, and its 95 % interval
};

/// Ranges as bars, ours as marks with their intervals, a line an effect.
Picture WeatherEffectChart(std::span<const WeatherEffect> effects);

/// Capacity, speeds and starting in light rain, heavy rain, snow and fog beside the published
/// ranges; seeds 0 .. seeds - 1 on all threads. `progress` is told of runs that are done, of all.
/// Throws Interrupted.
ValidationSection ValidateWeather(
    int64_t seeds = 10, const std::function<void(int64_t done, int64_t all)>& progress = nullptr);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_VALIDATE_WEATHER_H_
