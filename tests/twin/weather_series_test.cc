#include "tersor/twin/weather/weather_series.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using testing::MessageOf;

std::string Complaint(const std::string& yaml) {
  return MessageOf([&] { ParseWeather(yaml, "w.yaml"); });
}

TEST(WeatherSeries, APresetAlone) {
  const WeatherSeries series = ReadWeather("heavy_rain");
  ASSERT_EQ(series.moments.size(), 1U);
  EXPECT_EQ(series.At(-5).name, "heavy_rain");
  EXPECT_EQ(series.At(1e9).friction_peak, 0.5);
  EXPECT_NO_THROW(series.CheckCovers({}, "w"));
}

TEST(WeatherSeries, PresetsJoined) {
  const Weather weather = ReadWeather("snow+night_dry").At(0);
  EXPECT_EQ(weather.headlamp_range, 80);
  EXPECT_EQ(weather.visibility, 400);
  EXPECT_NE(MessageOf([] { ReadWeather("snow+nigt_dry"); }).find("did you mean night_dry?"),
            std::string::npos);
}

TEST(WeatherSeries, FieldsStandAbovePresetsWhereverTheyAre) {
  for (const char* const text : {"weather: heavy_rain\nfriction_peak: 0.45\nname: storm\n",
                                 "friction_peak: 0.45\nname: storm\nweather: heavy_rain\n"}) {
    const Weather weather = ParseWeather(text, "w.yaml").At(0);
    EXPECT_EQ(weather.name, "storm");
    EXPECT_EQ(weather.friction_peak, 0.45);
    EXPECT_EQ(weather.friction_slide, 0.4);
    EXPECT_EQ(weather.visibility, 500);
  }
}

TEST(WeatherSeries, LinesBetweenMoments) {
  const WeatherSeries series = ParseWeather(
      "series:\n"
      "  600: {weather: heavy_rain, visibility: 300}\n"
      "  0: clear_dry\n"
      "  900.5: night_dry\n",
      "w.yaml");
  ASSERT_EQ(series.moments.size(), 3U);
  EXPECT_EQ(series.At(-1).friction_peak, 0.85);
  EXPECT_NEAR(series.At(150).friction_peak, 0.85 - 0.25 * 0.35, 1e-12);
  EXPECT_NEAR(series.At(150).visibility, 10000 - 0.25 * 9700, 1e-9);
  EXPECT_EQ(series.At(150).name, "clear_dry");
  EXPECT_EQ(series.At(600).name, "heavy_rain");
  // Lamps do not glow up over minutes.
  EXPECT_EQ(series.At(900.4).headlamp_range, 0);
  EXPECT_EQ(series.At(900.5).headlamp_range, 80);
  EXPECT_EQ(series.At(2000).name, "night_dry");
}

TEST(WeatherSeries, LanesAndAquaplaning) {
  const WeatherSeries series = ParseWeather(
      "weather: light_rain\n"
      "lanes: {a_0: 0.3, \":J_0_0\": 0.2}\n"
      "aquaplaning: true\n"
      "tyre_pressure: 250\n",
      "w.yaml");
  EXPECT_EQ(series.lanes.at("a_0"), 0.3);
  EXPECT_EQ(series.lanes.at(":J_0_0"), 0.2);
  EXPECT_TRUE(series.aquaplaning);
  EXPECT_EQ(series.tyre_pressure, 250);
}

TEST(WeatherSeries, MustCoverTheRun) {
  const WeatherSeries series = ParseWeather("series: {0: clear_dry, 600: snow}", "w.yaml");
  EXPECT_NO_THROW(series.CheckCovers({0, 600}, "w.yaml"));
  EXPECT_EQ(MessageOf([&] {
              series.CheckCovers({0, 900}, "w.yaml");
            }),
            "w.yaml: the weather series reaches from 0 to 600 s, the run from 0 to 900.000000 s; "
            "add times to the series");
  EXPECT_FALSE(MessageOf([&] { series.CheckCovers({-1, 600}, "w.yaml"); }).empty());
  EXPECT_NE(MessageOf([&] { series.CheckCovers({}, "w.yaml"); }).find("give the scenario an end"),
            std::string::npos);
}

TEST(WeatherSeries, BadFilesNameFileLineAndField) {
  EXPECT_EQ(Complaint("weather: fog_dens\n"),
            "w.yaml:1: weather fog_dens is not known; did you mean fog_dense?");
  EXPECT_EQ(Complaint("weather: snow\nvisibilty: 3\n"),
            "w.yaml:2: unknown key 'visibilty'; did you mean 'visibility'?");
  EXPECT_EQ(Complaint("weather: snow\nvisibility: -3\n"),
            "w.yaml: weather snow: visibility is -3; it must be in 1 .. 100000");
  EXPECT_EQ(Complaint("friction_peak: 1.7\n"),
            "w.yaml: weather clear_dry: friction_peak is 1.7; it must be in 0.01 .. 1.5");
  EXPECT_NE(Complaint("friction_peak: wet\n").find("w.yaml:1: "), std::string::npos);
  EXPECT_EQ(Complaint("lanes: {a_0: 7}\n"), "w.yaml: lanes: a_0 is 7; it must be in 0.01 .. 1.5");
  EXPECT_NE(Complaint("lanes: {a_0: x}\n").find("lanes.a_0 is x, not a number"), std::string::npos);
  EXPECT_NE(Complaint("lanes: 3\n").find("mapping"), std::string::npos);
  EXPECT_NE(Complaint("series: {soon: snow}\n").find("soon is not a time"), std::string::npos);
  EXPECT_NE(Complaint("series: {1: snow, 1.0: ice}\n").find("time 1 twice"), std::string::npos);
  EXPECT_NE(Complaint("weather: snow\nseries: {0: ice}\n").find("either one weather or a series"),
            std::string::npos);
  EXPECT_NE(Complaint("series: {0: [snow, ice]}\n").find("one value"), std::string::npos);
  EXPECT_NE(Complaint("series:\n  0: {wether: snow}\n").find("did you mean 'weather'?"),
            std::string::npos);
  EXPECT_NE(Complaint("tyre_pressure: 3\n").find("tyre_pressure (kPa) is 3"), std::string::npos);
}

TEST(WeatherSeries, FilesLieBesideTheScenario) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "weather_series_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "storm.yaml") << "weather: heavy_rain\n";
  EXPECT_EQ(ReadWeather("storm.yaml", folder.string()).At(0).rain, 15);
  EXPECT_NE(MessageOf([&] { ReadWeather("calm.yaml", folder.string()); }).find("calm.yaml"),
            std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
