#include "tersor/twin/weather/road_friction.h"

#include <gtest/gtest.h>

#include <cmath>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

TEST(RoadFriction, SumosFrictionDevice) {
  EXPECT_NEAR(20 * SumoFrictionSpeedFactor(0.2), 12.2755, 5e-5);  // SUMO 1.15 drives so
  EXPECT_NEAR(SumoFrictionSpeedFactor(1), 0.9924, 1e-12);
}

TEST(RoadFriction, HornesSpeed) {
  EXPECT_NEAR(AquaplaningSpeed(220) * 3.6, 94.2, 0.05);
  // 30 psi: 10.35 sqrt(30) = 56.7 mph.
  EXPECT_NEAR(AquaplaningSpeed(30 * 6.894757) * 3.6 / 1.609344, 10.35 * std::sqrt(30), 0.1);
}

TEST(RoadFriction, AquaplaningNeedsSpeedAndWater) {
  const double float_speed = AquaplaningSpeed(220);
  EXPECT_EQ(AquaplaningFactor(0.7 * float_speed, 5, 220), 1);
  EXPECT_EQ(AquaplaningFactor(2 * float_speed, 0.4, 220), 1);
  EXPECT_NEAR(AquaplaningFactor(2 * float_speed, 5, 220), 0.1, 1e-12);
  EXPECT_NEAR(AquaplaningFactor(0.95 * float_speed, 1.5, 220), 1 - 0.9 * 0.5 * 0.5, 1e-12);
  double before = 1;
  for (double speed = 15; speed < 40; speed += 0.5) {
    const double factor = AquaplaningFactor(speed, 2, 220);
    EXPECT_LE(factor, before);
    before = factor;
  }
}

TEST(RoadFriction, LaneByLane) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  WeatherSeries series = ParseWeather("weather: snow\nlanes: {b_1: 0.15}\n", "w.yaml");
  const RoadFriction friction(network, series);
  const Weather& snow = series.moments.front().weather;
  // a_0 has friction="0.7" in the network.
  EXPECT_NEAR(friction.At(network.FindLane("a_0"), 10, snow).friction_peak, 0.7 * 0.30, 1e-12);
  EXPECT_NEAR(friction.At(network.FindLane("a_0"), 10, snow).friction_slide, 0.7 * 0.22, 1e-12);
  EXPECT_NEAR(friction.At(network.FindLane("b_1"), 10, snow).friction_peak, 0.15, 1e-12);
  EXPECT_NEAR(friction.At(network.FindLane("b_1"), 10, snow).friction_slide, 0.11, 1e-12);
  EXPECT_EQ(friction.At(network.FindLane("c_0"), 10, snow).friction_peak, 0.30);
  EXPECT_EQ(friction.At(-1, 10, snow).friction_peak, 0.30);
}

TEST(RoadFriction, WaterOnTheRoadOnlyWhereAsked) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  WeatherSeries series = ReadWeather("heavy_rain");
  Weather flood = series.moments.front().weather;
  flood.water_film = 3;
  EXPECT_EQ(RoadFriction(network, series).At(-1, 40, flood).friction_peak, 0.5);
  series.aquaplaning = true;
  EXPECT_NEAR(RoadFriction(network, series).At(-1, 40, flood).friction_peak, 0.05, 1e-12);
  EXPECT_EQ(RoadFriction(network, series).At(-1, 40, flood).water_film, 3);
}

TEST(RoadFriction, UnknownLanesNameTheNearest) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const WeatherSeries series = ParseWeather("lanes: {b_11: 0.15}\n", "w.yaml");
  EXPECT_EQ(testing::MessageOf([&] { RoadFriction(network, series); }),
            "weather: lanes: the network has no lane b_11; did you mean b_1?");
}

}  // namespace
}  // namespace tersor::twin
