#include "tersor/twin/calibration/traffic_meter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

class TrafficMeterTest : public ::testing::Test {
 protected:
  // Moves a vehicle along lane a_0, 100 m long, from its beginning at `start` s; its speed falls by
  // `braking`.
  struct Car {
    double start, speed, braking = 0;
  };

  TrafficMeter Watch(const std::vector<Car>& cars, MeterOptions options = {}) {
    options.edges = {network_.FindEdge("a")};
    TrafficMeter meter(network_, options);
    for (int step = 0; step < 300; ++step) {
      Snapshot snapshot;
      snapshot.time = step * 0.1;
      for (size_t i = 0; i < cars.size(); ++i) {
        const double driven = snapshot.time - cars[i].start;
        const double position = cars[i].speed * driven - cars[i].braking * driven * driven / 2;
        if (driven < 0 || position > 100) {
          continue;
        }
        snapshot.vehicle.push_back(static_cast<int32_t>(i));
        snapshot.lane.push_back(network_.FindLane("a_0"));
        snapshot.position.push_back(position);
        snapshot.speed.push_back(cars[i].speed - cars[i].braking * driven);
      }
      meter.Add(snapshot);
    }
    return meter;
  }

  const Network network_ = ParseNetwork(testing::kSmallNetwork, "small");
};

TEST_F(TrafficMeterTest, SpeedsAndHeadways) {
  const TrafficMeter meter = Watch({{1, 10}, {3.04, 10}, {6, 12.5}});
  std::vector<double> speeds = meter.sample()[kSpeedMeasure];
  ASSERT_EQ(speeds.size(), 3U);
  std::ranges::sort(speeds);
  EXPECT_NEAR(speeds[0], 10, 1e-9);
  EXPECT_NEAR(speeds[2], 12.5, 1e-9);
  // The middle, 50 m, is passed at 6, 8.04 and 10 s.
  ASSERT_EQ(meter.sample()[kHeadwayMeasure].size(), 2U);
  EXPECT_NEAR(meter.sample()[kHeadwayMeasure][0], 2.04, 1e-9);
  EXPECT_NEAR(meter.sample()[kHeadwayMeasure][1], 1.96, 1e-9);
  EXPECT_TRUE(meter.sample()[kAccelMeasure].empty());
  EXPECT_TRUE(meter.sample()[kDecelMeasure].empty());
}

TEST_F(TrafficMeterTest, BrakingWithinTheZone) {
  const TrafficMeter meter = Watch({{0, 15, 0.8}});
  ASSERT_EQ(meter.sample()[kDecelMeasure].size(), 1U);
  EXPECT_NEAR(meter.sample()[kDecelMeasure][0], 0.8, 1e-9);
  EXPECT_TRUE(meter.sample()[kAccelMeasure].empty());
}

TEST_F(TrafficMeterTest, NotBeforeTheWarmUpAndNotTheFarBehind) {
  EXPECT_TRUE(Watch({{0, 10}}, {.begin = 5}).sample()[kSpeedMeasure].empty());
  EXPECT_TRUE(Watch({{0, 10}, {4, 10}}, {.headway_limit = 3}).sample()[kHeadwayMeasure].empty());
}

TEST_F(TrafficMeterTest, CountsWhoComesOntoAnEdge) {
  MeterOptions options;
  options.counts = {{"a", 0, 3, 0}, {"a", 3, 10, 0}, {"b", 0, 10, 0}};
  const TrafficMeter meter = Watch({{1, 10}, {2, 10}, {6, 12.5}}, options);
  EXPECT_EQ(meter.counted(), (std::vector<double>{2, 1, 0}));
  options.counts = {{"nowhere", 0, 3, 0}};
  EXPECT_EQ(testing::MessageOf([&] { TrafficMeter(network_, options); }),
            "counts: the network has no edge nowhere");
}

}  // namespace
}  // namespace tersor::twin
