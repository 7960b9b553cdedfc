#include "tersor/twin/weather/weathered_demand.h"

#include <gtest/gtest.h>

#include <string>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

Demand SmallDemand(int vehicles) {
  Demand demand;
  demand.types.emplace_back();
  demand.types.push_back({.id = "truck", .accel = 1, .tau = 1.6, .speed_factor = 0.9});
  for (int i = 0; i < vehicles; ++i) {
    demand.departures.push_back({.id = "v" + std::to_string(i), .type = i % 2});
  }
  return demand;
}

TEST(WeatheredDemand, ATypeInSnow) {
  const VehicleType type = WeatheredType({.min_gap = 2, .tau = 1.2}, WeatherPreset("snow"));
  EXPECT_DOUBLE_EQ(type.speed_factor, 0.62);
  EXPECT_DOUBLE_EQ(type.speed_deviation, 0.062);
  EXPECT_DOUBLE_EQ(type.speed_lowest, 0.124);
  EXPECT_DOUBLE_EQ(type.tau, 1.5);
  EXPECT_DOUBLE_EQ(type.accel, 2.6 * 0.56);
  EXPECT_DOUBLE_EQ(type.decel, 4.5 * 0.56);
  EXPECT_EQ(type.min_gap, 2);
  EXPECT_EQ(type.emergency_decel, 9);
  EXPECT_EQ(WeatheredType({}, WeatherPreset("clear_dry")).accel, 2.6);
}

TEST(WeatheredDemand, EverybodyKnows) {
  Demand demand = SmallDemand(4);
  ApplyWeather(WeatherPreset("snow"), 1, 7, &demand);
  ASSERT_EQ(demand.types.size(), 2U);
  EXPECT_EQ(demand.types[1].id, "truck");
  EXPECT_DOUBLE_EQ(demand.types[1].tau, 2);
}

TEST(WeatheredDemand, NobodyKnows) {
  Demand demand = SmallDemand(50);
  ApplyWeather(WeatherPreset("snow"), 0, 7, &demand);
  EXPECT_EQ(demand.types.size(), 2U);
  EXPECT_EQ(demand.types[0].tau, 1);
}

TEST(WeatheredDemand, AShareKnows) {
  Demand demand = SmallDemand(1000);
  ApplyWeather(WeatherPreset("snow"), 0.3, 7, &demand);
  ASSERT_EQ(demand.types.size(), 4U);
  int aware = 0;
  for (const Departure& departure : demand.departures) {
    const VehicleType& type = demand.types[static_cast<size_t>(departure.type)];
    const bool knows = KnowsWeather(departure.id, 7, 0.3);
    EXPECT_EQ(knows, type.id.ends_with(".snow"));
    // Trucks stay trucks.
    EXPECT_EQ(type.id.starts_with("truck"), std::stoi(departure.id.substr(1)) % 2 == 1);
    aware += knows ? 1 : 0;
  }
  EXPECT_NEAR(aware, 300, 60);
}

TEST(WeatheredDemand, WhoKnowsAtASmallShareKnowsAtALarger) {
  for (int i = 0; i < 200; ++i) {
    const std::string id = "car." + std::to_string(i);
    EXPECT_LE(KnowsWeather(id, 3, 0.2), KnowsWeather(id, 3, 0.6));
    EXPECT_TRUE(KnowsWeather(id, 3, 1));
    EXPECT_FALSE(KnowsWeather(id, 3, 0));
  }
}

TEST(WeatheredDemand, SharesAreShares) {
  Demand demand = SmallDemand(1);
  EXPECT_EQ(testing::MessageOf([&] { ApplyWeather({}, 1.5, 1, &demand); }),
            "driver_aware is 1.5; it must be in 0 .. 1");
}

}  // namespace
}  // namespace tersor::twin
