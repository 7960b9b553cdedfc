#include "tersor/twin/weather/weather.h"

#include <algorithm>
#include <array>
#include <vector>

#include "tersor/util/config.h"
#include "tersor/util/config_check.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// The presets are choices inside of published ranges, not measurements of one place:
// - friction: rolling tyres 0.70 to 0.80 on dry asphalt, 0.45 to 0.55 wet, 0.25 to 0.35 on packed
//   snow, 0.05 to 0.15 on glare ice; sliding 0.65, 0.50, 0.20 to 0.25, 0.10 to 0.15 (Noon,
//   "Engineering Analysis of Vehicular Accidents", 1994). A dry peak of 0.85 and a light rain's of
//   0.60 are of sound, coarse asphalt. Fog leaves the road damp.
// - visibility: heavy rain and snow by the weather services' classes (snow below 500 m is heavy,
//   below 1 km moderate); fog as in driving simulator studies, 40 to 600 m.
// - factors of speed and headway: freeway speeds fall by 3 to 13 % in light rain, 3 to 16 % in
//   heavy rain, 5 to 40 % in snow, on signalised roads by 10 to 25 % in rain and 30 to 40 % in snow
//   (FHWA, "Best Practices for Road Weather Management"); capacity by 2 %, 7 to 14 %, 11 to 22 %
//   (HCM 2010), which the longer headway yields: matrix/capacity.h has the formula,
//   matrix/validate_weather.h what comes of it. Fog slows drivers, though not enough
//   to stop within sight, and leaves their headway alone or shortens it in the densest. Ice:
//   chosen, beyond the slowest snow.
// - reaction time: grows where the outline ahead is barely seen; the amounts are chosen.
// - rain: classes of HCM 2010, up to 2.5 mm/h light, above 6.4 mm/h heavy; snow in water, heavy
//   from 2.5 mm/h. Water film: 0.046 sqrt(L I) S^-1/5 mm of Russam and Ross (Road Research
//   Laboratory LR 236, 1968), L 7.3 m (two lanes) of crossfall S 2 %, I the rain.
const Weather kClear{};

Weather Named(std::string name, double peak, double slide, double visibility, double speed,
              double headway, double accel, double reaction) {
  return {.name = std::move(name),
          .friction_peak = peak,
          .friction_slide = slide,
          .visibility = visibility,
          .speed_factor = speed,
          .headway_factor = headway,
          .accel_factor = accel,
          .reaction_time = reaction};
}

Weather Rain(std::string name, double peak, double slide, double visibility, double speed,
             double headway, double accel, double reaction, double rain, double film) {
  Weather weather =
      Named(std::move(name), peak, slide, visibility, speed, headway, accel, reaction);
  weather.rain = rain;
  weather.water_film = film;
  return weather;
}

std::vector<Weather> MakePresets() {
  Weather night = Named("night_dry", 0.85, 0.70, 10000, 0.97, 1, 1, 0.3);
  // Dipped headlamps show a dark pedestrian at 50 to 100 m.
  night.headlamp_range = 80;
  const Weather light_rain = Rain("light_rain", 0.60, 0.50, 2000, 0.95, 1.02, 0.95, 0.1, 2, 0.4);
  const Weather heavy_rain = Rain("heavy_rain", 0.50, 0.40, 500, 0.86, 1.15, 0.80, 0.2, 15, 1.05);
  const Weather fog_light = Named("fog_light", 0.70, 0.60, 400, 0.975, 1, 1, 0.1);
  const Weather fog_medium = Named("fog_medium", 0.70, 0.60, 150, 0.90, 1, 1, 0.3);
  const Weather fog_dense = Named("fog_dense", 0.70, 0.60, 50, 0.75, 0.95, 1, 0.6);
  Weather snow = Named("snow", 0.30, 0.22, 400, 0.62, 1.25, 0.56, 0.2);
  snow.snow = 2.5;
  const Weather ice = Named("ice", 0.15, 0.10, 10000, 0.60, 1.35, 0.40, 0);
  const auto both = [](std::string name, const Weather& a, const Weather& b) {
    Weather weather = Combined(a, b);
    weather.name = std::move(name);
    return weather;
  };
  return {kClear,
          night,
          light_rain,
          heavy_rain,
          fog_light,
          fog_medium,
          fog_dense,
          snow,
          ice,
          both("light_rain_night", light_rain, night),
          both("heavy_rain_night", heavy_rain, night),
          both("fog_light_night", fog_light, night),
          both("fog_medium_night", fog_medium, night),
          both("fog_dense_night", fog_dense, night),
          both("snow_night", snow, night),
          both("snow_fog", snow, fog_medium),
          both("ice_night", ice, night)};
}

const std::vector<Weather>& Presets() {
  static const std::vector<Weather> presets = MakePresets();
  return presets;
}

}  // namespace

void Weather::Validate() const {
  const std::string of = "weather " + name + ": ";
  CheckRange(of + "friction_peak", friction_peak, 0.01, 1.5);
  CheckRange(of + "friction_slide", friction_slide, 0.01, 1.5);
  if (friction_slide > friction_peak) {
    FailUsage(of, "friction_slide is ", friction_slide, ", above friction_peak, ", friction_peak);
  }
  CheckRange(of + "visibility", visibility, 1, 1e5);
  if (headlamp_range != 0) {
    CheckRange(of + "headlamp_range (0: daylight)", headlamp_range, 5, 1000);
  }
  CheckRange(of + "speed_factor", speed_factor, 0.05, 2);
  CheckRange(of + "headway_factor", headway_factor, 0.1, 10);
  CheckRange(of + "accel_factor", accel_factor, 0.05, 2);
  CheckRange(of + "reaction_time", reaction_time, 0, 5);
  CheckRange(of + "rain", rain, 0, 500);
  CheckRange(of + "snow", snow, 0, 100);
  CheckRange(of + "water_film", water_film, 0, 50);
}

std::span<const std::string_view> WeatherNames() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> made;
    for (const Weather& weather : Presets()) {
      made.emplace_back(weather.name);
    }
    return made;
  }();
  return names;
}

const Weather& WeatherPreset(std::string_view name) {
  for (const Weather& weather : Presets()) {
    if (weather.name == name) {
      return weather;
    }
  }
  const std::vector<std::string> known(WeatherNames().begin(), WeatherNames().end());
  const std::string nearest = NearestName(name, known);
  std::string list;
  for (const std::string& one : known) {
    list += (list.empty() ? "" : ", ") + one;
  }
  FailUsage("weather ", name, " is not known; ",
            nearest.empty() ? "there are: " + list : "did you mean " + nearest + "?");
}

Weather Combined(const Weather& a, const Weather& b) {
  Weather both;
  both.name = a.name + "+" + b.name;
  both.friction_peak = a.friction_peak * b.friction_peak / kClear.friction_peak;
  both.friction_slide = a.friction_slide * b.friction_slide / kClear.friction_slide;
  both.visibility = std::min(a.visibility, b.visibility);
  both.headlamp_range = a.night() && b.night() ? std::min(a.headlamp_range, b.headlamp_range)
                                               : std::max(a.headlamp_range, b.headlamp_range);
  both.speed_factor = a.speed_factor * b.speed_factor;
  both.headway_factor = a.headway_factor * b.headway_factor;
  both.accel_factor = a.accel_factor * b.accel_factor;
  both.reaction_time = a.reaction_time + b.reaction_time;
  both.rain = a.rain + b.rain;
  both.snow = a.snow + b.snow;
  both.water_film = a.water_film + b.water_film;
  return both;
}

}  // namespace tersor::twin
