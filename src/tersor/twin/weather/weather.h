// The weather and light of a run: how slippery the road is, how far one sees, and how drivers who
// know it drive.
#ifndef TERSOR_TWIN_WEATHER_WEATHER_H_
#define TERSOR_TWIN_WEATHER_WEATHER_H_

#include <span>
#include <string>
#include <string_view>

namespace tersor::twin {

struct Weather {
  std::string name = "clear_dry";
  double friction_peak = 0.85;   // tyre on road, the most that a rolling tyre transmits
  double friction_slide = 0.70;  // with locked wheels
  double visibility = 10000;     // m, meteorological: contrast falls to 5 %
  double headlamp_range = 0;     // m to which an unlit obstacle is lit; 0: daylight
  // What those who know the weather do.
  double speed_factor = 1;    // of the desired speed
  double headway_factor = 1;  // of the desired time headway
  double accel_factor = 1;    // of acceleration and comfortable deceleration
  double reaction_time = 0;   // s, more than in the dry by day; this comes to everybody
  // What falls and lies, for pictures and aquaplaning.
  double rain = 0, snow = 0;  // mm of water an hour
  double water_film = 0;      // mm on the road

  bool night() const { return headlamp_range > 0; }

  /// Throws UsageError naming the field, its value and its range.
  void Validate() const;
};

/// The presets' names, the driest first.
std::span<const std::string_view> WeatherNames();

/// A preset. Throws UsageError with the nearest known name.
const Weather& WeatherPreset(std::string_view name);

/// Both at once: frictions multiply beside the dry road's, sight is the smaller, factors multiply,
/// reaction times and what falls add.
Weather Combined(const Weather& a, const Weather& b);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_WEATHER_WEATHER_H_
