#include "tersor/twin/scenario.h"

#include <gtest/gtest.h>

#include <string>

#include "tersor/twin/dynamics/vehicle_body.h"
#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::Spill;
using tersor::testing::TemporaryFolder;
using testing::MessageOf;

Scenario Read(const TemporaryFolder& folder, const std::string& more) {
  Spill(folder / "s.yaml", "network: n.net.xml\n" + more);
  return ReadScenario(folder / "s.yaml");
}

TEST(Scenario, ArmsSayWhatOfTheWeatherCounts) {
  const TemporaryFolder folder;
  const Scenario none = Read(folder, "weather: snow\n");
  EXPECT_TRUE(none.knows_weather());
  EXPECT_FALSE(none.has_twins());
  EXPECT_FALSE(Read(folder, "arm: A\ntwins: {share: 1}\n").has_twins());
  EXPECT_FALSE(Read(folder, "arm: A\n").knows_weather());
  EXPECT_FALSE(Read(folder, "arm: B\ntwins: {share: 1}\n").has_twins());
  EXPECT_TRUE(Read(folder, "twins: {ids: [v]}\n").has_twins());
  EXPECT_EQ(Read(folder, "arm: C\n").arm_twins().share, 1);
  EXPECT_EQ(Read(folder, "arm: C\ntwins: {share: 0.25}\n").arm_twins().share, 0.25);
  EXPECT_EQ(Read(folder, "arm: C\ntwins: {ids: [v]}\n").arm_twins().share, 0);
}

TEST(Scenario, BadTwinsAreNamed) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& more) {
    return MessageOf([&] { Read(folder, more); });
  };
  EXPECT_NE(message("twins: {share: 1.5}\n").find("twins.share is 1.5; it must be in 0 .. 1"),
            std::string::npos);
  EXPECT_NE(message("twins: {level: L3}\n").find("twins.level L3 is not known"), std::string::npos);
  EXPECT_NE(message("twins: {role: ghost}\n").find("twin, shadow"), std::string::npos);
  EXPECT_NE(message("twins: {collision: teleport}\n").find("remove, keep"), std::string::npos);
  EXPECT_NE(message("twins: {region: [0, 1]}\n").find("left, bottom, right, top"),
            std::string::npos);
  EXPECT_NE(message("twins: {region: [0, 1, 2, x]}\n").find("twins.region"), std::string::npos);
  EXPECT_NE(message("twins: {region: [0, 0, 9, 9], ego: v}\n").find("exclude each other"),
            std::string::npos);
  EXPECT_NE(message("driver: {aware: 2}\n").find("driver.aware is 2"), std::string::npos);
  EXPECT_NE(message("arm: D\n").find("arm D is not known; there are: A, B, C"), std::string::npos);
  EXPECT_NE(message("twins: {shar: 1}\n").find("did you mean 'twins.share'"), std::string::npos);
}

TEST(Scenario, WeatherFilesAreFoundBesideItAndHaveToCoverTheRun) {
  const TemporaryFolder folder;
  Spill(folder / "rain.yaml", "series:\n  0: clear_dry\n  600: heavy_rain\n");
  const Scenario scenario = Read(folder, "weather: rain.yaml\n");
  EXPECT_EQ(WeatherOf(scenario, {0, 600}).moments.size(), 2U);
  const std::string error = MessageOf([&] { WeatherOf(scenario, {0, 900}); });
  EXPECT_NE(error.find("rain.yaml"), std::string::npos) << error;
  EXPECT_NE(error.find("from 0 to 600 s"), std::string::npos) << error;
  EXPECT_EQ(WeatherOf(Read(folder, ""), {}).At(0).name, "clear_dry");
}

TEST(Scenario, OnesOwnVehicleIsFoundBesideIt) {
  const TemporaryFolder folder;
  Spill(folder / "heavy.yaml", "base: van\nmass: 2400\n");
  const Scenario scenario = Read(folder, "twins: {share: 1, body: heavy.yaml}\n");
  EXPECT_EQ(FindBody(scenario.twins.body).mass, 2400);
  Spill(folder / "heavy.yaml", "base: van\nmass: -1\n");
  const std::string error =
      MessageOf([&] { Read(folder, "twins: {share: 1, body: heavy.yaml}\n"); });
  EXPECT_NE(error.find("heavy.yaml"), std::string::npos) << error;
  EXPECT_NE(error.find("mass"), std::string::npos) << error;
}

Demand TwoDepartures() {
  Demand demand;
  demand.types = {{}};
  demand.types[0].tau = 1;
  demand.departures = {{.id = "early", .time = 0}, {.id = "late", .time = 599}};
  return demand;
}

TEST(Scenario, ArmBGivesDriversTheWeathersFactorsAndArmADoesNot) {
  const TemporaryFolder folder;
  const auto tau = [&](const std::string& more) {
    const Scenario scenario = Read(folder, "weather: snow\n" + more);
    Demand demand = TwoDepartures();
    WeatherDemand(scenario, WeatherOf(scenario, {}), {}, &demand);
    return demand.types[static_cast<size_t>(demand.departures[0].type)].tau;
  };
  EXPECT_EQ(tau("arm: A\n"), 1);
  EXPECT_DOUBLE_EQ(tau("arm: B\n"), WeatherPreset("snow").headway_factor);
  EXPECT_DOUBLE_EQ(tau("arm: C\n"), WeatherPreset("snow").headway_factor);
  EXPECT_EQ(tau("arm: B\ndriver: {aware: 0}\n"), 1);
}

TEST(Scenario, InWeatherThatChangesEveryoneDrivesByThatOfHisDeparture) {
  const TemporaryFolder folder;
  Spill(folder / "rain.yaml", "series:\n  0: clear_dry\n  600: heavy_rain\n");
  const Scenario scenario = Read(folder, "weather: rain.yaml\n");
  const WeatherSeries series = WeatherOf(scenario, {0, 600});
  Demand demand = TwoDepartures();
  WeatherDemand(scenario, series, {}, &demand);
  const auto type = [&](size_t departure) {
    return demand.types[static_cast<size_t>(demand.departures[departure].type)];
  };
  EXPECT_DOUBLE_EQ(type(0).tau, 1);
  EXPECT_DOUBLE_EQ(type(1).tau, series.At(540).headway_factor);
  EXPECT_GT(type(1).tau, 1);
}

}  // namespace
}  // namespace tersor::twin
