#include "tersor/twin/calibration/drawn_drivers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

// Fast drivers brake hard: what belongs together.
std::vector<DriverRow> Measured() {
  std::vector<DriverRow> rows;
  for (int i = 1; i <= 50; ++i) {
    rows.push_back({10.0 + i, 1.0, 0.1 * i, 2.0});
  }
  return rows;
}

TEST(DrawnDrivers, RowsStayTogether) {
  for (const DriverRow& driver : DrawDrivers(Measured(), true, 300, 4)) {
    EXPECT_NEAR(driver[kDecelMeasure], 0.1 * (driver[kSpeedMeasure] - 10), 1e-12);
  }
  const std::vector<DriverRow> mixed = DrawDrivers(Measured(), false, 300, 4);
  EXPECT_GT(std::ranges::count_if(mixed,
                                  [](const DriverRow& driver) {
                                    return std::abs(driver[kDecelMeasure] -
                                                    0.1 * (driver[kSpeedMeasure] - 10)) > 1e-9;
                                  }),
            250);
  EXPECT_EQ(DrawDrivers(Measured(), true, 300, 4), DrawDrivers(Measured(), true, 300, 4));
  EXPECT_NE(DrawDrivers(Measured(), true, 300, 4), DrawDrivers(Measured(), true, 300, 5));
}

TEST(DrawnDrivers, FromPercentilesAlone) {
  Target target;
  target.fill(FieldDistribution::OfPercentiles({{0.1, 1}, {0.5, 2}, {0.9, 3}}));
  const std::vector<DriverRow> drivers = DrawDrivers(target, 2000, 1);
  std::vector<double> speeds;
  for (const DriverRow& driver : drivers) {
    speeds.push_back(driver[kSpeedMeasure]);
    EXPECT_GT(driver[kDecelMeasure], 0);
  }
  EXPECT_LT(target[0].Distance(speeds), 0.03);
}

TEST(DrawnDrivers, ATypeOfOne) {
  const DriverScales scales = {1.1, 0.5, 0.4, 1.5, 2};
  const VehicleType type =
      TypeOfDriver({.min_gap = 2}, CarFollowing::kIdm, {24, 1.2, 1, 3}, scales, 22, 20);
  EXPECT_EQ(type.model, CarFollowing::kIdm);
  EXPECT_NEAR(type.speed_factor, 1.1 * (20 + 0.5 * 4) / 22, 1e-12);
  EXPECT_EQ(type.speed_deviation, 0);
  EXPECT_NEAR(type.tau, 1.2, 1e-12);
  EXPECT_NEAR(type.accel, 1.8, 1e-12);
  EXPECT_NEAR(type.decel, 2, 1e-12);
  EXPECT_EQ(type.min_gap, 2);
}

Demand CarsAndTrucks(int vehicles) {
  Demand demand;
  demand.types.emplace_back();
  demand.types.push_back({.id = "lorry", .vehicle_class = "truck", .tau = 1.7});
  for (int i = 0; i < vehicles; ++i) {
    demand.departures.push_back({.id = "v" + std::to_string(i), .type = i % 2});
  }
  return demand;
}

TEST(DrawnDrivers, EveryCarHasADriverAndTrucksKeepTheirs) {
  Demand demand = CarsAndTrucks(200);
  AssignDrivers(CarFollowing::kKrauss, Measured(), {}, 22, 3, &demand);
  EXPECT_GT(demand.types.size(), 20U);
  EXPECT_LE(demand.types.size(), 2U + 50);
  Demand fewer = CarsAndTrucks(60);
  AssignDrivers(CarFollowing::kKrauss, Measured(), {}, 22, 3, &fewer);
  for (size_t i = 0; i < 60; ++i) {
    const auto type_of = [i](const Demand& of) {
      return of.types[static_cast<size_t>(of.departures[i].type)];
    };
    // Whoever else drives.
    EXPECT_EQ(type_of(demand).id, type_of(fewer).id);
    EXPECT_EQ(type_of(demand).id == "lorry", i % 2 == 1);
  }
}

TEST(DrawnDrivers, SumosDefaults) {
  Demand demand = CarsAndTrucks(4);
  demand.types[0].tau = 3;
  demand.types[0].length = 4.2;
  AssignSumoDefaults(CarFollowing::kIdm, &demand);
  EXPECT_EQ(demand.types[0].tau, 1);
  EXPECT_EQ(demand.types[0].length, 4.2);
  EXPECT_EQ(demand.types[0].model, CarFollowing::kIdm);
  EXPECT_EQ(demand.types[1].tau, 1.7);
}

TEST(DrawnDrivers, TheirTypesAreReadAgain) {
  const std::vector<DriverRow> drivers = Measured();
  const DriverScales scales = {};
  const std::string xml = DriversXml(CarFollowing::kIdm, drivers, scales, 22, "mine");
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const Demand demand =
      ParseDemand({{xml, "drivers"},
                   {"<routes><route id=\"r\" edges=\"a b\"/>"
                    "<vehicle id=\"v\" type=\"mine\" route=\"r\" depart=\"0\"/></routes>",
                    "routes"}},
                  network, 1);
  ASSERT_EQ(demand.departures.size(), 1U);
  const VehicleType& type = demand.types[static_cast<size_t>(demand.departures[0].type)];
  ASSERT_TRUE(type.id.starts_with("mine."));
  const auto index = static_cast<size_t>(std::stoi(type.id.substr(5)));
  const VehicleType expected =
      TypeOfDriver({}, CarFollowing::kIdm, drivers[index], scales, 22, 35.5);
  EXPECT_NEAR(type.decel, expected.decel, 1e-3);
  EXPECT_NEAR(type.speed_factor, expected.speed_factor, 1e-4);
  EXPECT_EQ(type.speed_deviation, 0);
}

}  // namespace
}  // namespace tersor::twin
