#include "tersor/twin/ssm_measures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tersor::twin {
namespace {

// The crossing of the known answers at (300, 300): both 5 x 2 m, so that each enters at 299 and is
// out 7 m further on.
AreaApproach FromWest(double x, double speed) { return ApproachArea(299 - x, 306 - x, speed, 0); }

TEST(SsmMeasures, Following) {
  EXPECT_DOUBLE_EQ(FollowingTtc(50, 20, 10), 5);
  EXPECT_DOUBLE_EQ(FollowingDrac(50, 20, 10), 1);
  EXPECT_DOUBLE_EQ(FollowingTtc(18, 20, 10), 1.8);
  EXPECT_NEAR(FollowingDrac(18, 20, 10), 2.778, 5e-4);
}

TEST(SsmMeasures, NobodyClosesIn) {
  for (const double leader : {20.0, 25.0}) {
    EXPECT_TRUE(std::isnan(FollowingTtc(50, 20, leader)));
    EXPECT_EQ(FollowingDrac(50, 20, leader), 0);
  }
}

TEST(SsmMeasures, TheyTouch) {
  for (const double gap : {0.0, -1.0}) {
    EXPECT_EQ(FollowingTtc(gap, 20, 10), 0);
    EXPECT_TRUE(std::isnan(FollowingDrac(gap, 20, 10)));
  }
}

TEST(SsmMeasures, MdracWaitsForTheDriver) {
  EXPECT_DOUBLE_EQ(Mdrac(10, FollowingTtc(50, 20, 10), 1), 1.25);
  EXPECT_DOUBLE_EQ(Mdrac(10, 5, 0), FollowingDrac(50, 20, 10));
  EXPECT_EQ(Mdrac(10, 1, 1), kNever);
  EXPECT_TRUE(std::isnan(Mdrac(0, kNotAvailable, 1)));
}

TEST(SsmMeasures, Crossing) {
  const AreaApproach a = FromWest(200, 10), b = FromWest(176.6, 12);
  EXPECT_NEAR(a.entry_time, 9.9, 1e-9);
  EXPECT_NEAR(a.exit_time, 10.6, 1e-9);
  EXPECT_NEAR(b.entry_time, 10.2, 1e-9);
  EXPECT_NEAR(CrossingTtc(a, b), 10.2, 1e-9);
  EXPECT_NEAR(CrossingDrac(a, b), 2 * (12 - 122.4 / 10.6) / 10.6, 1e-12);  // 0.0854
  EXPECT_EQ(CrossingDrac(a, b), CrossingDrac(b, a));
}

TEST(SsmMeasures, CrossingEightSecondsLater) {
  const AreaApproach a = FromWest(280, 10), b = FromWest(272.6, 12);
  EXPECT_NEAR(CrossingTtc(a, b), 2.2, 1e-9);
  EXPECT_NEAR(CrossingDrac(a, b), 1.420, 5e-4);
}

TEST(SsmMeasures, CrossingOneAfterTheOther) {
  const AreaApproach a = FromWest(200, 10), b = FromWest(165, 12);
  EXPECT_TRUE(std::isnan(CrossingTtc(a, b)));
  EXPECT_TRUE(std::isnan(CrossingDrac(a, b)));
  EXPECT_NEAR(Pet(a.exit_time, b.entry_time), 0.567, 5e-4);
}

TEST(SsmMeasures, WhoStopsOnTheAreaMakesTheOtherStop) {
  // It needs 25 m to stop, so that it stands on the area, which ends 27 m ahead.
  const AreaApproach stops = ApproachArea(20, 27, 10, -2);
  EXPECT_EQ(stops.exit_time, kNever);
  const AreaApproach other = FromWest(249, 10);
  EXPECT_DOUBLE_EQ(CrossingTtc(stops, other), 5);
  EXPECT_DOUBLE_EQ(CrossingDrac(stops, other), 1);
  // For one that stops before it nobody has to brake but itself, a little less.
  const AreaApproach stops_before = ApproachArea(30, 37, 10, -2);
  EXPECT_EQ(stops_before.entry_time, kNever);
  EXPECT_DOUBLE_EQ(CrossingDrac(stops_before, other), 2 * (10 - 30 / 5.7) / 5.7);
}

TEST(SsmMeasures, ArrivalWhileBraking) {
  EXPECT_NEAR(ArrivalTime(24, 10, -2), 4, 1e-12);
  EXPECT_EQ(ArrivalTime(26, 10, -2), kNever);
  EXPECT_EQ(ArrivalTime(26, 0, 0), kNever);
  EXPECT_DOUBLE_EQ(ArrivalTime(26, 10, 3), 2.6);  // speeding up does not count
  EXPECT_EQ(ArrivalTime(0, 0, 0), 0);
}

TEST(SsmMeasures, Merging) {
  const auto at_once = MergingMeasures({102.98, 10, 5}, {124.15, 12, 5});
  EXPECT_NEAR(at_once.ttc, 10.346, 5e-4);
  EXPECT_NEAR(at_once.drac, 0.580, 5e-4);
  const auto later = MergingMeasures({22.98, 10, 5}, {28.15, 12, 5});
  EXPECT_NEAR(later.ttc, 2.346, 5e-4);
  EXPECT_NEAR(later.drac, 2.558, 5e-4);
  const auto behind = MergingMeasures({102.98, 10, 5}, {154.15, 12, 5});
  EXPECT_NEAR(behind.ttc, 23.085, 5e-4);
  EXPECT_NEAR(behind.drac, 0.0433, 5e-5);
}

TEST(SsmMeasures, MergingIsSymmetricAndNeedsMotion) {
  const MergeApproach a{22.98, 10, 5}, b{28.15, 12, 5};
  EXPECT_EQ(MergingMeasures(a, b).ttc, MergingMeasures(b, a).ttc);
  EXPECT_EQ(MergingMeasures(a, b).drac, MergingMeasures(b, a).drac);
  EXPECT_TRUE(std::isnan(MergingMeasures(a, {28.15, 0, 5}).ttc));
  EXPECT_TRUE(std::isnan(MergingMeasures(a, {28.15, 0, 5}).drac));
}

TEST(SsmMeasures, Oncoming) {
  EXPECT_DOUBLE_EQ(OncomingTtc(60, 10, 20), 2);
  EXPECT_TRUE(std::isnan(OncomingTtc(60, 0, 0)));
}

}  // namespace
}  // namespace tersor::twin
