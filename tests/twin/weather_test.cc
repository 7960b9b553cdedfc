#include "tersor/twin/weather/weather.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using testing::MessageOf;

TEST(Weather, PresetsAreValidAndNamedOnce) {
  std::set<std::string_view> seen;
  for (const std::string_view name : WeatherNames()) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    const Weather& weather = WeatherPreset(name);
    EXPECT_EQ(weather.name, name);
    EXPECT_NO_THROW(weather.Validate()) << name;
    EXPECT_EQ(weather.night(), name.find("night") != std::string_view::npos) << name;
  }
  EXPECT_EQ(WeatherNames().front(), "clear_dry");
}

TEST(Weather, PresetsLieInPublishedRanges) {
  EXPECT_LE(WeatherPreset("heavy_rain").friction_peak, 0.55);
  EXPECT_GE(WeatherPreset("heavy_rain").friction_peak, 0.45);
  EXPECT_GE(WeatherPreset("snow").friction_peak, 0.25);
  EXPECT_LE(WeatherPreset("ice").friction_peak, 0.15);
  EXPECT_GE(WeatherPreset("light_rain").speed_factor, 0.87);
  EXPECT_GE(WeatherPreset("heavy_rain").speed_factor, 0.84);
  EXPECT_EQ(WeatherPreset("fog_medium").headway_factor, 1);
}

TEST(Weather, CombinedWithTheDryDayIsItself) {
  for (const std::string_view name : WeatherNames()) {
    const Weather& weather = WeatherPreset(name);
    const Weather both = Combined(weather, WeatherPreset("clear_dry"));
    EXPECT_NEAR(both.friction_peak, weather.friction_peak, 1e-15);
    EXPECT_NEAR(both.friction_slide, weather.friction_slide, 1e-15);
    EXPECT_EQ(both.visibility, weather.visibility);
    EXPECT_EQ(both.headlamp_range, weather.headlamp_range);
    EXPECT_EQ(both.speed_factor, weather.speed_factor);
    EXPECT_EQ(both.reaction_time, weather.reaction_time);
  }
}

TEST(Weather, SnowAndFog) {
  const Weather both = Combined(WeatherPreset("snow"), WeatherPreset("fog_medium"));
  EXPECT_EQ(both.name, "snow+fog_medium");
  EXPECT_NEAR(both.friction_peak, 0.30 * 0.70 / 0.85, 1e-12);
  EXPECT_EQ(both.visibility, 150);
  EXPECT_NEAR(both.speed_factor, 0.62 * 0.9, 1e-12);
  EXPECT_NEAR(both.reaction_time, 0.5, 1e-12);
  EXPECT_EQ(both.snow, 2.5);
  EXPECT_EQ(WeatherPreset("snow_fog").friction_peak, both.friction_peak);
}

TEST(Weather, TheShorterHeadlampsCount) {
  Weather dim = WeatherPreset("night_dry");
  dim.headlamp_range = 40;
  EXPECT_EQ(Combined(dim, WeatherPreset("night_dry")).headlamp_range, 40);
  EXPECT_EQ(Combined(dim, WeatherPreset("snow")).headlamp_range, 40);
}

TEST(Weather, BadFieldsAreNamedWithValueAndRange) {
  Weather weather = WeatherPreset("snow");
  weather.friction_peak = -0.2;
  EXPECT_EQ(MessageOf([&] { weather.Validate(); }),
            "weather snow: friction_peak is -0.2; it must be in 0.01 .. 1.5");
  weather = WeatherPreset("snow");
  weather.friction_slide = 0.5;
  EXPECT_NE(MessageOf([&] { weather.Validate(); }).find("above friction_peak, 0.3"),
            std::string::npos);
  weather = WeatherPreset("snow");
  weather.visibility = std::nan("");
  EXPECT_NE(MessageOf([&] { weather.Validate(); }).find("visibility is nan"), std::string::npos);
  weather = WeatherPreset("snow");
  weather.headlamp_range = -1;
  EXPECT_NE(MessageOf([&] { weather.Validate(); }).find("headlamp_range"), std::string::npos);
}

TEST(Weather, UnknownPresetsNameTheNearest) {
  EXPECT_EQ(MessageOf([] { WeatherPreset("hevy_rain"); }),
            "weather hevy_rain is not known; did you mean heavy_rain?");
  EXPECT_NE(MessageOf([] { WeatherPreset("sunshine!"); }).find("there are: clear_dry, night_dry"),
            std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
