#include "tersor/twin/matrix/capacity.h"

#include <gtest/gtest.h>

#include "tersor/twin/weather/weather.h"

namespace tersor::twin {
namespace {

TEST(Capacity, AJamOfTwoLanesDissolvesAsOnRealFreeways) {
  const FreewayMeasures dry = MeasureFreeway(WeatherPreset("clear_dry"), 1);
  // Queues discharge 1800 to 2300 vehicles an hour and lane; the limit is 29.06 m/s.
  EXPECT_GT(dry.capacity, 1800);
  EXPECT_LT(dry.capacity, 2300);
  EXPECT_NEAR(dry.free_speed, 29.06 * 0.97, 1.5);
  EXPECT_LT(dry.narrowed, dry.capacity);
}

TEST(Capacity, WeatherTakesFromIt) {
  const Weather &clear = WeatherPreset("clear_dry"), &snow = WeatherPreset("snow");
  const FreewayMeasures dry = MeasureFreeway(clear, 2), snowed = MeasureFreeway(snow, 2);
  EXPECT_NEAR(snowed.free_speed / dry.free_speed, snow.speed_factor, 0.02);
  EXPECT_LT(snowed.capacity, 0.9 * dry.capacity);
  EXPECT_LT(MeasureSignal(snow, 2).saturation_flow, 0.95 * MeasureSignal(clear, 2).saturation_flow);
  EXPECT_LT(MeasureCorridorSpeed(snow, 2), 0.95 * MeasureCorridorSpeed(clear, 2));
}

TEST(Capacity, ASignalsQueueLeavesAsCarFollowingSays) {
  const SignalMeasures dry = MeasureSignal(WeatherPreset("clear_dry"), 1);
  // At the limit of 13.41 m/s, IDM with 1.2 s, 2 m and cars of 5 m passes 1 / (T + 7 m / v) or
  // less, as its gaps widen near the desired speed.
  EXPECT_LT(dry.saturation_flow, 3600 / (1.2 + 7 / 13.41));
  EXPECT_GT(dry.saturation_flow, 1200);
  EXPECT_GT(dry.start_up_loss, 0);
}

TEST(Capacity, HeadwayForAWantedFlow) {
  // 1800 vehicles/h at 20 m/s, 7 m beside the headway: 2 s - 0.35 s.
  EXPECT_DOUBLE_EQ(HeadwayForFlow(0.5, 20, 2, 5), 1.65);
  // A tenth less at 18 m/s.
  EXPECT_NEAR(HeadwayForFlow(0.45, 18, 2, 5), 2.2222 - 0.3889, 1e-4);
}

}  // namespace
}  // namespace tersor::twin
