// How a bird's-eye view looks in a weather: the colours of materials, light, what hangs in the air.
// All of it follows from the weather's numbers, so any weather has a look; the colours are chosen.
#ifndef TERSOR_TWIN_CLIPS_WEATHER_LOOK_H_
#define TERSOR_TWIN_CLIPS_WEATHER_LOOK_H_

#include <array>

#include "tersor/twin/clips/scenery.h"
#include "tersor/twin/weather/weather.h"

namespace tersor::twin {

/// Linear light, 1 the brightest that a picture shows.
struct Rgb {
  float r = 0, g = 0, b = 0;

  friend Rgb operator*(float share, const Rgb& c) {
    return {share * c.r, share * c.g, share * c.b};
  }
  friend Rgb operator*(const Rgb& a, const Rgb& c) { return {a.r * c.r, a.g * c.g, a.b * c.b}; }
  friend Rgb operator+(const Rgb& a, const Rgb& c) { return {a.r + c.r, a.g + c.g, a.b + c.b}; }
};

inline Rgb Mix(const Rgb& a, const Rgb& b, float share) { return (1 - share) * a + share * b; }

struct WeatherLook {
  std::array<Rgb, kMaterials> color;     // what it reflects
  std::array<Rgb, kMaterials> emission;  // what it gives off itself
  Rgb light;                             // on everything
  float shadow = 1;                      // share of the light in shadows; 1: none are cast
  bool lamps = false;                    // vehicles have them on
  float wet = 0;                         // of the roads, 0 to 1
  float snow_cover = 0;                  // of the ground, 0 to 1
  float extinction = 0;                  // of the air, 1/m
  Rgb air;                               // what stands in place of what the air hides
  float drops = 0, flakes = 0;           // falling, a thousand pixels
};

WeatherLook LookOf(const Weather& weather);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_WEATHER_LOOK_H_
