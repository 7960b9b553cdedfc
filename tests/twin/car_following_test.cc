#include "tersor/twin/car_following.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

VehicleType Car() {
  VehicleType type;
  type.sigma = 0;
  return type;
}

TEST(IdmTest, KeepsTheEquilibriumGap) {
  const IdmParameters driver{.accel = 1, .decel = 1.5, .headway = 1.5, .min_gap = 2};
  EXPECT_NEAR(IdmAcceleration(driver, 20, 20, 35.722, 30), 0, 1e-4);
}

TEST(IdmTest, BrakesForASlowerLeader) {
  const IdmParameters driver{.accel = 1, .decel = 1.5, .headway = 1.5, .min_gap = 2};
  EXPECT_NEAR(IdmAcceleration(driver, 20, 15, 30, 30), -5.0903, 1e-4);
}

TEST(CarFollowerTest, SafeSpeedTendsToThatOfKraussInShortSteps) {
  const CarFollower follower(Car(), 1e-4);
  // b 4.5, tau 1, a leader of 10 m/s 20 m ahead.
  const double safe = follower.SafeStopSpeed(20 + follower.BrakeWay(10, 4.5), 1);
  EXPECT_NEAR(safe, 12.8277, 1e-3);
}

TEST(CarFollowerTest, SafeStopSpeedNeverRunsIntoTheWall) {
  for (const double step : {0.1, 0.5, 1.0}) {
    const CarFollower follower(Car(), step);
    for (double gap = 0; gap < 80; gap += 0.37) {
      double left = gap, speed = follower.SafeStopSpeed(gap, 1);
      for (int i = 0; i < 1000 && speed > 0; ++i) {
        left -= speed * step;
        speed = std::max(follower.MinNextSpeed(speed), follower.SafeStopSpeed(left, 1));
      }
      EXPECT_GE(left, 0) << "step " << step << ", gap " << gap;
      EXPECT_LT(left, 0.05) << "step " << step << ", gap " << gap;
    }
  }
}

TEST(CarFollowerTest, ApproachReachesTheTargetWithinTheDistance) {
  for (const double step : {0.1, 1.0}) {
    const CarFollower follower(Car(), step);
    for (double distance = 1; distance < 100; distance += 3.1) {
      double left = distance, speed = follower.ApproachSpeed(distance, 6);
      while (left - speed * step > 0) {
        left -= speed * step;
        const double next = follower.ApproachSpeed(left, 6);
        EXPECT_GE(next, speed - 4.5 * step - 1e-9);
        speed = next;
      }
      EXPECT_LE(speed, 6 + 4.5 * step + 1e-9) << "step " << step << ", distance " << distance;
    }
  }
}

// Whoever can stop by normal braking must not be told to brake harder.
TEST(CarFollowerTest, StopsByNormalBrakingFromItsBrakeWay) {
  for (const double step : {0.1, 1.0}) {
    const CarFollower follower(Car(), step);
    for (double speed = 1; speed < 30; speed += 0.7) {
      const double next = follower.StopSpeed({speed, 0, 30}, follower.BrakeWay(speed) + 0.1);
      EXPECT_GE(next, follower.MinNextSpeed(speed) - 1e-6) << "step " << step << ", v " << speed;
    }
  }
}

TEST(CarFollowerTest, BrakeWayIsThatOfTheSteps) {
  const CarFollower follower(Car(), 1);
  EXPECT_DOUBLE_EQ(follower.BrakeWay(10, 4.5), 5.5 + 1.0);  // 10 -> 5.5 -> 1 -> 0
  EXPECT_DOUBLE_EQ(follower.BrakeGap(10), 16.5);
}

TEST(CarFollowerTest, DrivableKeepsWithinBrakesAndEngine) {
  const CarFollower follower(Car(), 0.1);
  EXPECT_DOUBLE_EQ(follower.Drivable(10, 100, 0), 10.26);  // the engine
  EXPECT_DOUBLE_EQ(follower.Drivable(10, 9.8, 0), 9.8);
  EXPECT_DOUBLE_EQ(follower.Drivable(10, 0, 0), 9.1);  // emergency braking
}

TEST(CarFollowerTest, DawdlesByTheShareSigma) {
  VehicleType type;
  type.sigma = 0.5;
  const CarFollower follower(type, 0.1);
  EXPECT_DOUBLE_EQ(follower.Drivable(10, 100, 1), 10.26 - 0.5 * 2.6 * 0.1);
  EXPECT_DOUBLE_EQ(follower.Drivable(10, 100, 0), 10.26);
}

TEST(CarFollowerTest, EveryModelSettlesBehindItsLeader) {
  for (const CarFollowing model :
       {CarFollowing::kKrauss, CarFollowing::kIdm, CarFollowing::kWiedemann99}) {
    VehicleType type = Car();
    type.model = model;
    const CarFollower follower(type, 0.1);
    double gap = 60, speed = 20, accel = 0;
    for (int i = 0; i < 3000; ++i) {
      const DriverState driver{speed, accel, 25};
      const double safe = std::min(follower.CruiseSpeed(driver),
                                   follower.FollowSpeed(driver, gap - type.min_gap, {12, 4.5, 0}));
      const double next = follower.Drivable(speed, safe, 0);
      accel = (next - speed) / 0.1;
      speed = next;
      gap += (12 - speed) * 0.1;
      ASSERT_GT(gap, 1) << static_cast<int>(model);
    }
    EXPECT_NEAR(speed, 12, 0.6) << static_cast<int>(model);
    EXPECT_LT(gap, 40) << static_cast<int>(model);
  }
}

TEST(CarFollowerTest, EveryModelReachesItsDesiredSpeed) {
  for (const CarFollowing model :
       {CarFollowing::kKrauss, CarFollowing::kIdm, CarFollowing::kWiedemann99}) {
    VehicleType type = Car();
    type.model = model;
    const CarFollower follower(type, 0.1);
    double speed = 0, accel = 0;
    for (int i = 0; i < 1000; ++i) {
      const double next = follower.Drivable(speed, follower.CruiseSpeed({speed, accel, 15}), 0);
      accel = (next - speed) / 0.1;
      speed = next;
    }
    EXPECT_NEAR(speed, 15, 0.1) << static_cast<int>(model);
  }
}

TEST(CarFollowerTest, NamesTypeAndAttributeOfBadNumbers) {
  VehicleType type;
  type.id = "lorry";
  type.decel = 0;
  try {
    CarFollower(type, 0.1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "vType 'lorry': decel is 0; it must be above 0");
  }
}

}  // namespace
}  // namespace tersor::twin
