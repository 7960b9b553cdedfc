#include "tersor/twin/dynamics/manoeuvres.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tersor/twin/dynamics/steering.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr DynamicsLevel kLevels[] = {DynamicsLevel::kPointMass, DynamicsLevel::kSingleTrack,
                                     DynamicsLevel::kMultiBody};

TEST(BrakingTest, HasTheKnownDistances) {
  EXPECT_NEAR(IdealStoppingDistance(20, 0.8), 25.484, 1e-3);
  EXPECT_NEAR(IdealStoppingDistance(20, 0.4), 50.968, 1e-3);
  EXPECT_NEAR(IdealStoppingDistance(20, 0.2), 101.937, 1e-3);
}

TEST(BrakingTest, AntiLockUsesNineTenthsOfThePeakOrMore) {
  for (const std::string_view name : BodyNames()) {
    for (const double friction : {0.85, 0.5, 0.3, 0.15}) {
      for (const char* tyre : {"magic_formula", "fiala"}) {
        VehicleBody body = PromptBody(ShippedBody(name));
        body.tyre_model = tyre;
        for (const DynamicsLevel level : {DynamicsLevel::kSingleTrack, DynamicsLevel::kMultiBody}) {
          const Braking stop =
              BrakeFrom(level, body, {25},
                        {.friction_peak = friction, .friction_slide = 0.7 * friction})
                  .front();
          EXPECT_GT(stop.friction_use, 0.9) << name << " " << tyre << " on " << friction;
          EXPECT_LT(stop.friction_use, 1.01) << name << " " << tyre << " on " << friction;
        }
      }
    }
  }
}

TEST(BrakingTest, LockedWheelsSlide) {
  VehicleBody body = PromptBody(ShippedBody("sedan"));
  body.abs = false;
  const RoadSurface road = {.friction_peak = 0.8, .friction_slide = 0.5};
  for (const DynamicsLevel level : kLevels) {
    const double way = BrakeFrom(level, body, {20}, road).front().distance;
    EXPECT_NEAR(way, IdealStoppingDistance(20, 0.5), 0.06 * way);
  }
}

TEST(BrakingTest, LagsCostTheirWay) {
  VehicleBody body = PromptBody(ShippedBody("sedan"));
  const double prompt = BrakeFrom(DynamicsLevel::kSingleTrack, body, {20}, {}).front().distance;
  body.brake_dead_time = 0.2;
  const double late = BrakeFrom(DynamicsLevel::kSingleTrack, body, {20}, {}).front().distance;
  EXPECT_NEAR(late - prompt, 0.2 * 20, 0.25);
}

TEST(StepSteerTest, LevelsAgreeOnGentleBends) {
  for (const std::string_view name : BodyNames()) {
    const VehicleBody& body = ShippedBody(name);
    for (const DynamicsLevel level : kLevels) {
      const StepSteer step = SteerStep(level, body, 20, 0.005);
      // Load that moves to outer wheels costs L2 some of its grip.
      EXPECT_NEAR(step.yaw_gain / YawGain(body, step.speed), 1, 0.06) << name;
      EXPECT_LT(step.rise_time, 0.9) << name;
      EXPECT_LT(step.overshoot, 0.05) << name;
    }
  }
}

TEST(ConstantRadiusTest, UndersteerIsThatOfTheFormula) {
  for (const std::string_view name : BodyNames()) {
    const VehicleBody& body = ShippedBody(name);
    const double expected = body.wheelbase() * UndersteerGradient(body);
    for (const DynamicsLevel level : kLevels) {
      const double slope = UndersteerSlope(ConstantRadius(level, body, 60, {0.5, 1}));
      EXPECT_GT(slope, 0.95 * expected) << name;
      EXPECT_LT(slope, (level == DynamicsLevel::kMultiBody ? 1.2 : 1.06) * expected) << name;
    }
  }
}

TEST(ConstantRadiusTest, NobodyHoldsMoreThanFriction) {
  for (const DynamicsLevel level : kLevels) {
    const std::vector<CirclePoint> points =
        ConstantRadius(level, ShippedBody("sedan"), 60, {2, 6, 8.2, 8.6, 9});
    EXPECT_GE(points.size(), 2u);
    EXPECT_LE(points.size(), 3u);
  }
}

TEST(DoubleLaneChangeTest, KeepsToTheLineAndLevelsAgree) {
  EXPECT_EQ(LaneChangeLine(0), 0);
  EXPECT_EQ(LaneChangeLine(60), 3.5);
  EXPECT_EQ(LaneChangeLine(120), 0);
  const VehicleBody& body = ShippedBody("sedan");
  const DoubleLaneChange l0 = ChangeLanes(DynamicsLevel::kPointMass, body, 14, {});
  const DoubleLaneChange l1 = ChangeLanes(DynamicsLevel::kSingleTrack, body, 14, {});
  const DoubleLaneChange l2 = ChangeLanes(DynamicsLevel::kMultiBody, body, 14, {});
  EXPECT_LT(l1.most_offset, 0.3);
  EXPECT_LT(LargestGap(l0, l1), 0.1);
  EXPECT_LT(LargestGap(l1, l2), 0.05);
  EXPECT_EQ(LargestGap(l1, l1), 0);
}

TEST(DoubleLaneChangeTest, IceThrowsOffWhatTheDryHolds) {
  const VehicleBody& body = ShippedBody("sedan");
  const RoadSurface ice = {.friction_peak = 0.15, .friction_slide = 0.1};
  for (const DynamicsLevel level : kLevels) {
    EXPECT_LT(ChangeLanes(level, body, 20, {}).most_offset, 0.5);
    EXPECT_GT(ChangeLanes(level, body, 20, ice).most_offset, 1);
  }
}

TEST(ReachableAccelerationsTest, StayWithinTheFrictionCircleAndFillIt) {
  for (const DynamicsLevel level : kLevels) {
    const RoadSurface road = {.friction_peak = 0.6, .friction_slide = 0.5};
    const std::vector<Accelerations> reached =
        ReachableAccelerations(level, ShippedBody("sedan"), road);
    const double most = 0.6 * kGravity;
    double across = 0;
    for (const Accelerations& a : reached) {
      // Drag and rolling resistance brake besides the tyres.
      EXPECT_LT(std::hypot(a.along, a.across), 1.03 * most + 0.5);
      across = std::max(across, a.across);
    }
    EXPECT_GT(across, 0.9 * most);
    EXPECT_LT(reached.back().along, -0.95 * most);
    EXPECT_NEAR(reached.back().across, 0, 1e-9);
  }
}

}  // namespace
}  // namespace tersor::twin
