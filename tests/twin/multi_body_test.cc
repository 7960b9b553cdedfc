#include "tersor/twin/dynamics/multi_body.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

/// Eight of one vehicle at a speed, without controllers.
std::unique_ptr<MultiBodyRows> Eight(const VehicleBody& body, double speed) {
  auto rows = std::make_unique<MultiBodyRows>();
  rows->newest_slot = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    PlaceCar(*rows, lane, body, {0, 0, 90}, speed);
    MultiBodyRows::Place(*rows, lane, body, speed);
  }
  return rows;
}

double SumOfLoads(const MultiBodyRows& rows) {
  double sum = 0;
  for (const MultiBodyRows::WheelRows& wheel : rows.wheels) {
    sum += wheel.load[0];
  }
  return sum;
}

TEST(MultiBodyTest, StandsOnItsWheels) {
  for (const std::string_view name : BodyNames()) {
    const VehicleBody& body = ShippedBody(name);
    const auto rows = Eight(body, 0);
    MultiBodyRows::Advance(*rows, 0.001, 1000);
    EXPECT_NEAR(SumOfLoads(*rows), body.mass * kGravity, 1e-6) << name;
    EXPECT_NEAR(rows->wheels[0].load[0] + rows->wheels[1].load[0], body.front_load(), 1e-6) << name;
    EXPECT_EQ(rows->roll[0], 0) << name;
    EXPECT_EQ(rows->pitch[0], 0) << name;
  }
}

TEST(MultiBodyTest, LoadMovesToTheOuterWheels) {
  for (const std::string_view name : BodyNames()) {
    const VehicleBody& body = ShippedBody(name);
    const auto rows = Eight(body, 15);
    rows->steer_demand.fill(0.02);  // to the left
    MultiBodyRows::Advance(*rows, 0.001, 3000);
    EXPECT_NEAR(SumOfLoads(*rows), body.mass * kGravity, 0.002 * body.mass * kGravity) << name;
    EXPECT_GT(rows->roll[0], 0) << name;  // leans to the right
    // Moments about the road: what acts at the centres of gravity, and the weight that has moved
    // out.
    const double moved =
        (rows->wheels[1].load[0] - rows->wheels[0].load[0]) * body.front.track / 2 +
        (rows->wheels[3].load[0] - rows->wheels[2].load[0]) * body.rear.track / 2;
    const double axis = (body.front.roll_centre * body.rear.distance +
                         body.rear.roll_centre * body.front.distance) /
                        body.wheelbase();
    const double expected =
        body.mass * rows->ay[0] * body.cg_height +
        body.sprung_mass() * kGravity * (body.sprung_height() - axis) * rows->roll[0];
    EXPECT_NEAR(moved, expected, 0.02 * expected) << name;
  }
}

TEST(MultiBodyTest, BrakingLoadsTheFront) {
  const VehicleBody& body = ShippedBody("sedan");
  const auto rows = Eight(body, 30);
  rows->brake_demand.fill(4 * body.mass);
  MultiBodyRows::Advance(*rows, 0.001, 3000);
  EXPECT_GT(rows->pitch[0], 0);  // nose down
  const double front = rows->wheels[0].load[0] + rows->wheels[1].load[0];
  // Drag and rolling resistance slow the car beside the tyres.
  EXPECT_NEAR(front - body.front_load(), 4 * body.mass * body.cg_height / body.wheelbase(),
              0.03 * body.front_load());
}

TEST(MultiBodyTest, BouncingDiesAway) {
  for (const std::string_view name : BodyNames()) {
    const VehicleBody& body = ShippedBody(name);
    const auto rows = Eight(body, 0);
    rows->heave.fill(0.03);
    rows->roll.fill(0.02);
    rows->pitch.fill(0.01);
    const auto energy = [&] {
      const auto square = [](double x) { return x * x; };
      double sum = body.sprung_mass() * square(rows->heave_rate[0]) +
                   body.roll_inertia * square(rows->roll_rate[0]) +
                   body.pitch_inertia * square(rows->pitch_rate[0]);
      for (size_t i = 0; i < rows->wheels.size(); ++i) {
        const Axle& axle = i < 2 ? body.front : body.rear;
        const double place = i < 2 ? axle.distance : -axle.distance;
        const double out = (i % 2 == 0 ? 1 : -1) * axle.track / 2;
        const double corner = rows->heave[0] - place * rows->pitch[0] + out * rows->roll[0];
        sum += axle.unsprung_mass / 2 * square(rows->wheels[i].rise[0]) +
               axle.spring * square(corner - rows->wheels[i].height[0]) +
               body.tyre_spring * square(rows->wheels[i].height[0]);
      }
      return sum;
    };
    const double first = energy();
    MultiBodyRows::Advance(*rows, 0.001, 1000);
    EXPECT_LT(energy(), 0.2 * first) << name;
    MultiBodyRows::Advance(*rows, 0.001, 6000);
    EXPECT_LT(energy(), 1e-3 * first) << name;
  }
}

TEST(MultiBodyTest, SaysWhenAVehicleDoesNotGoWithTheSubstep) {
  VehicleBody body = ShippedBody("sedan");
  body.front.unsprung_mass = 5;
  body.tyre_spring = 1e7;
  const auto fleet = MakeFleet(DynamicsLevel::kMultiBody, 0.005);
  fleet->Add(body, {0, 0, 90}, 20);
  fleet->Command(0, {.accel = -3, .target_x = 100, .target_y = 2});
  try {
    fleet->Advance(5);
    FAIL();
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("car 0 (sedan)"), std::string::npos) << what;
    EXPECT_NE(what.find("substep of 0.005 s"), std::string::npos) << what;
  }
}

}  // namespace
}  // namespace tersor::twin
