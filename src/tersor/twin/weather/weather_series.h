// The weather of a run over time, from a preset or a file, with the lanes that are more slippery
// than the rest.
#ifndef TERSOR_TWIN_WEATHER_WEATHER_SERIES_H_
#define TERSOR_TWIN_WEATHER_WEATHER_SERIES_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/twin/demand.h"
#include "tersor/twin/weather/weather.h"

namespace tersor::twin {

struct WeatherMoment {
  double time = 0;  // s
  Weather weather;
};

struct WeatherSeries {
  /// By time, ascending; a single one holds for all time.
  std::vector<WeatherMoment> moments = {WeatherMoment{}};
  /// Peak friction of single lanes by id, instead of the weather's; the slide friction keeps its
  /// share of the peak.
  std::map<std::string, double> lanes;
  bool aquaplaning = false;    // friction falls at speed where water stands (road_friction.h)
  double tyre_pressure = 220;  // kPa, for aquaplaning

  /// Between two moments all fields go in straight lines, but name and headlamps, which are those
  /// of the earlier one.
  Weather At(double time) const;

  /// Throws UsageError naming the field; `where` stands before the message.
  void Validate(const std::string& where) const;
  /// Throws UsageError unless the moments reach from the run's begin to its end.
  void CheckCovers(const TimeWindow& window, const std::string& where) const;
};

/// "heavy_rain", "snow+night_dry" (both at once), or the path of a .yaml file, relative to
/// `folder`. The file has either
///   weather: heavy_rain          # a preset, or several joined by +
///   friction_peak: 0.45          # any field of Weather instead of the preset's
/// or a series,
///   series:
///     0: clear_dry
///     600: {weather: heavy_rain, visibility: 300}
/// and, besides, `lanes: {id: friction}`, `aquaplaning: true` and `tyre_pressure: 220`. Throws
/// UsageError naming file, line and field.
WeatherSeries ReadWeather(const std::string& text, const std::string& folder = "");

/// The same of a file's text; `source` stands for it in messages.
WeatherSeries ParseWeather(std::string_view yaml, const std::string& source);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_WEATHER_WEATHER_SERIES_H_
