#include "tersor/twin/dynamics/fleet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "tersor/twin/dynamics/single_track.h"
#include "tersor/twin/dynamics/steering.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

constexpr FrontPose kEast = {0, 0, 90};

std::string NameOf(const ::testing::TestParamInfo<DynamicsLevel>& info) {
  constexpr const char* kNames[] = {"PointMass", "SingleTrack", "MultiBody"};
  return kNames[static_cast<int>(info.param)];
}

/// Neither lags nor air, so that braking is only a matter of friction.
VehicleBody Prompt(std::string_view name) {
  VehicleBody body = ShippedBody(name);
  body.brake_dead_time = body.brake_lag = 0;
  body.drag_area = body.rolling_resistance = 0;
  body.friction_factor = 1;
  return body;
}

RoadSurface Road(double friction) {
  return {.friction_peak = friction, .friction_slide = 0.8 * friction};
}

/// m from `speed` to rest with all the brake there is.
double StoppingDistance(DynamicsLevel level, const VehicleBody& body, double speed,
                        const RoadSurface& road) {
  const auto fleet = MakeFleet(level);
  const int32_t car = fleet->Add(body, kEast, speed);
  fleet->SetSurface(car, road);
  fleet->Command(car, {.accel = -15, .target_x = 1e4});
  const double from = fleet->State(car).pose.x;
  for (int i = 0; i < 10000 && fleet->State(car).speed > 0; ++i) {
    fleet->Advance(0.01);
  }
  EXPECT_EQ(fleet->State(car).speed, 0);
  return fleet->State(car).pose.x - from;
}

class EveryLevel : public ::testing::TestWithParam<DynamicsLevel> {};

TEST_P(EveryLevel, StopsAsTheClosedFormSays) {
  const std::vector<std::pair<double, double>> known = {
      {0.8, 25.484}, {0.4, 50.968}, {0.2, 101.937}};
  for (const std::string_view name : BodyNames()) {
    for (const auto& [friction, expected] : known) {
      const double way = StoppingDistance(GetParam(), Prompt(name), 20, Road(friction));
      // Nothing beats friction; the anti-lock system uses nine tenths of it or more.
      EXPECT_GE(way, 0.995 * expected) << name << " on " << friction;
      EXPECT_LE(way, expected / 0.9) << name << " on " << friction;
    }
  }
}

TEST_P(EveryLevel, FollowsTheWantedAcceleration) {
  for (const std::string_view name : BodyNames()) {
    const auto fleet = MakeFleet(GetParam());
    const int32_t car = fleet->Add(ShippedBody(name), kEast, 15);
    for (const double accel : {0.5, -1.5, 0.0}) {
      fleet->Command(car, {.accel = accel, .target_x = 1e4});
      fleet->Advance(3);
      const double before = fleet->State(car).speed;
      fleet->Advance(1);
      EXPECT_NEAR(fleet->State(car).speed - before, accel, 0.06) << name;
      EXPECT_NEAR(fleet->State(car).accel, accel, 0.06) << name;
    }
  }
}

TEST_P(EveryLevel, StaysOnALineAndFollowsAParallelOne) {
  for (const std::string_view name : BodyNames()) {
    const auto fleet = MakeFleet(GetParam());
    const int32_t car = fleet->Add(ShippedBody(name), kEast, 20);
    fleet->Advance(2);
    EXPECT_NEAR(fleet->State(car).pose.y, 0, 1e-9) << name;
    EXPECT_NEAR(fleet->State(car).pose.angle, 90, 1e-9) << name;
    for (int i = 0; i < 100; ++i) {
      const CarState state = fleet->State(car);
      fleet->Command(car, {.target_x = state.pose.x + 25, .target_y = 3.5});
      fleet->Advance(0.1);
      EXPECT_LT(std::abs(fleet->State(car).pose.y), 4.2) << name;
    }
    EXPECT_NEAR(fleet->State(car).pose.y, 3.5, 0.05) << name;
  }
}

TEST_P(EveryLevel, StandsStillWithItsBrakesOn) {
  const auto fleet = MakeFleet(GetParam());
  const int32_t car = fleet->Add(ShippedBody("sedan"), {3, 4, 30}, 0);
  fleet->SetSurface(car, {.grade = 0.08});
  fleet->Command(car, {.accel = -1, .target_x = 3, .target_y = 4});
  const CarState before = fleet->State(car);
  fleet->Advance(5);
  const CarState after = fleet->State(car);
  EXPECT_EQ(after.pose.x, before.pose.x);
  EXPECT_EQ(after.pose.y, before.pose.y);
  EXPECT_EQ(after.speed, 0);
}

TEST_P(EveryLevel, SlidesDownWhatIsTooSteepForIce) {
  const auto fleet = MakeFleet(GetParam());
  const int32_t car = fleet->Add(ShippedBody("sedan"), kEast, 0);
  fleet->SetSurface(car, {.friction_peak = 0.05, .friction_slide = 0.03, .grade = 0.12});
  fleet->Command(car, {.accel = -3, .target_x = 100});
  fleet->Advance(2);
  EXPECT_LT(fleet->State(car).speed, -0.5);
}

TEST_P(EveryLevel, StaysFiniteAtRandomCommands) {
  const Rng rng(7);
  uint64_t draw = 0;
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * rng.Uniform(draw++);
  };
  for (const double substep : {0.0005, 0.001, 0.005}) {
    const auto fleet = MakeFleet(GetParam(), substep);
    std::vector<int32_t> cars;
    for (int i = 0; i < 24; ++i) {
      VehicleBody body = ShippedBody(BodyNames()[static_cast<size_t>(i % 4)]);
      body.tyre_model = i % 3 == 0 ? "fiala" : "magic_formula";
      body.abs = i % 5 != 0;
      cars.push_back(fleet->Add(body, {uniform(-50, 50), uniform(-50, 50), uniform(0, 360)},
                                i % 4 == 0 ? 0 : uniform(0, 45)));
    }
    for (int step = 0; step < 60; ++step) {
      for (const int32_t car : cars) {
        const double peak = uniform(0.04, 1.1);
        fleet->SetSurface(car, {.friction_peak = peak,
                                .friction_slide = peak * uniform(0.3, 1),
                                .grade = uniform(-0.15, 0.15)});
        const CarState state = fleet->State(car);
        CarCommand command = {.accel = uniform(-15, 8),
                              .target_x = state.pose.x + uniform(-30, 30),
                              .target_y = state.pose.y + uniform(-30, 30)};
        if (car % 3 == 0) {
          command.steer = uniform(-1, 1);  // beyond full lock
        }
        fleet->Command(car, command);
      }
      ASSERT_NO_THROW(fleet->Advance(0.1)) << substep;
      for (const int32_t car : cars) {
        const CarState state = fleet->State(car);
        EXPECT_LT(std::hypot(state.speed, state.lateral_speed), 60);
        EXPECT_LT(std::abs(state.yaw_rate), 15);
        EXPECT_LE(std::abs(state.steer), 0.71);
        EXPECT_TRUE(state.pose.angle >= 0 && state.pose.angle < 360);
      }
    }
  }
}

TEST_P(EveryLevel, IsTheSameForAnyNumberOfThreadsAndPlaces) {
  const auto run = [&](int threads, int before) {
    const auto fleet = MakeFleet(GetParam(), 0.001, threads);
    for (int i = 0; i < before; ++i) {  // others, whose places move ours
      fleet->Add(ShippedBody("truck"), kEast, 10);
    }
    std::vector<int32_t> cars;
    for (int i = 0; i < 200; ++i) {
      cars.push_back(
          fleet->Add(ShippedBody(BodyNames()[static_cast<size_t>(i % 4)]), kEast, 10 + i % 20));
      fleet->Command(cars.back(),
                     {.accel = i % 9 - 6.0, .target_x = 300, .target_y = i % 11 - 5.0});
    }
    for (int i = 0; i < 5; ++i) {
      fleet->Advance(0.1);
    }
    std::vector<double> values;
    for (const int32_t car : cars) {
      const CarState state = fleet->State(car);
      values.insert(values.end(), {state.pose.x, state.pose.y, state.pose.angle, state.speed,
                                   state.accel, state.yaw_rate, state.lateral_speed});
    }
    return values;
  };
  const std::vector<double> one = run(1, 0);
  SetNumThreads(2);
  EXPECT_EQ(run(2, 0), one);
  SetNumThreads(0);
  EXPECT_EQ(run(1, 3), one);
}

TEST_P(EveryLevel, UsesPlacesAgain) {
  const auto fleet = MakeFleet(GetParam());
  const int32_t first = fleet->Add(ShippedBody("sedan"), kEast, 10);
  const int32_t second = fleet->Add(ShippedBody("van"), kEast, 12);
  fleet->Advance(0.1);
  fleet->Remove(first);
  EXPECT_THROW(fleet->State(first), Error);
  EXPECT_EQ(fleet->Add(ShippedBody("compact"), {5, 5, 0}, 8), first);
  EXPECT_NEAR(fleet->State(first).pose.x, 5, 1e-9);
  EXPECT_NEAR(fleet->State(first).pose.angle, 0, 1e-9);
  EXPECT_NEAR(fleet->State(second).speed, 12, 0.1);
}

TEST_P(EveryLevel, ANewCarStandsOnADryRoad) {
  const RoadSurface ice = {.friction_peak = 0.1, .friction_slide = 0.08};
  const auto fleet = MakeFleet(GetParam());
  fleet->SetSurface(fleet->Add(Prompt("sedan"), kEast, 10), ice);
  fleet->Remove(0);
  const auto speed_after_braking = [&] {
    fleet->Command(0, {.accel = -15, .target_x = 1e4});
    fleet->Advance(1);
    return fleet->State(0).speed;
  };
  EXPECT_EQ(fleet->Add(Prompt("sedan"), kEast, 20), 0);
  EXPECT_LT(speed_after_braking(), 13);
  fleet->Remove(0);
  EXPECT_EQ(fleet->Add(Prompt("sedan"), kEast, 20), 0);
  fleet->SetSurface(0, ice);
  EXPECT_GT(speed_after_braking(), 18.9);
}

TEST_P(EveryLevel, RefusesWhatIsNoNumber) {
  const auto fleet = MakeFleet(GetParam());
  const int32_t car = fleet->Add(ShippedBody("sedan"), kEast, 10);
  EXPECT_THROW(fleet->Command(car, {.accel = NAN}), Error);
  EXPECT_THROW(fleet->Command(car, {.target_x = INFINITY}), Error);
  EXPECT_THROW(fleet->SetSurface(car, {.friction_peak = 0}), UsageError);
  EXPECT_THROW(fleet->SetSurface(car, {.friction_peak = 0.3, .friction_slide = 0.4}), UsageError);
  EXPECT_THROW(MakeFleet(GetParam(), 0.02), UsageError);
}

TEST_P(EveryLevel, NamesTheCarThatLeavesTheFiniteNumbers) {
  const auto fleet = MakeFleet(GetParam());
  const int32_t car = fleet->Add(ShippedBody("van"), {1e12, 0, 90}, 10);
  try {
    fleet->Advance(0.1);
    FAIL();
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("car " + std::to_string(car) + " (van): its x"), std::string::npos) << what;
    EXPECT_NE(what.find("at 0.01 s"), std::string::npos) << what;
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, EveryLevel,
                         ::testing::Values(DynamicsLevel::kPointMass, DynamicsLevel::kSingleTrack,
                                           DynamicsLevel::kMultiBody),
                         NameOf);

TEST(SingleTrackTest, ShiftsTheKnownLoad) {
  EXPECT_NEAR(LoadShift(1500, -5, 0.55, 2.7), -1527.8, 0.05);
}

TEST(SingleTrackTest, TurnsAsTheLinearModelSaysWhereTyresHold) {
  VehicleBody body = ShippedBody("sedan");
  body.mass = 1500;
  body.front.distance = 1.2;
  body.rear.distance = 1.5;
  body.front.cornering_stiffness = 80000;
  body.rear.cornering_stiffness = 90000;
  body.load_sensitivity = body.drag_area = body.rolling_resistance = 0;
  const auto fleet = MakeFleet(DynamicsLevel::kSingleTrack);
  const int32_t car = fleet->Add(body, kEast, 20);
  fleet->Command(car, {.steer = 0.002});
  fleet->Advance(3);
  const CarState state = fleet->State(car);
  EXPECT_NEAR(state.yaw_rate / state.steer, YawGain(body, state.speed), 0.01 * 5.1233);
}

TEST(SingleTrackTest, EnergyOnlyFalls) {
  // No engine, no grade: whatever is steered and braked, motion is used up.
  const Rng rng(11);
  uint64_t draw = 0;
  for (const double substep : {0.001, 0.005}) {
    auto rows = std::make_unique<SingleTrackRows>();
    rows->newest_slot = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      const VehicleBody& body = ShippedBody(BodyNames()[static_cast<size_t>(lane % 4)]);
      PlaceCar(*rows, lane, body, kEast, 25);
      SingleTrackRows::Place(*rows, lane, body, 25);
      PlaceSurface(*rows, lane, {.friction_peak = lane < 4 ? 0.8 : 0.2, .friction_slide = 0.15},
                   body);
    }
    const auto energy = [&](int lane) {
      const auto i = static_cast<size_t>(lane);
      return rows->mass[i] * (rows->vx[i] * rows->vx[i] + rows->vy[i] * rows->vy[i]) / 2 +
             rows->yaw_inertia[i] * rows->yaw_rate[i] * rows->yaw_rate[i] / 2 +
             rows->axle_inertia[i] *
                 (rows->spin_front[i] * rows->spin_front[i] +
                  rows->spin_rear[i] * rows->spin_rear[i]) /
                 2;
    };
    std::vector<double> before(kLanes);
    for (int lane = 0; lane < kLanes; ++lane) {
      before[static_cast<size_t>(lane)] = energy(lane);
    }
    for (int step = 0; step < 4000; ++step) {
      for (size_t i = 0; i < kLanes; ++i) {
        if (step % 200 == 0) {
          rows->steer_demand[i] = (rng.Uniform(draw++) - 0.5) * 0.8;
          rows->brake_demand[i] = step % 400 == 0 ? 0 : rng.Uniform(draw++) * rows->max_brake[i];
        }
      }
      SingleTrackRows::Advance(*rows, substep, 1);
      for (int lane = 0; lane < kLanes; ++lane) {
        const double now = energy(lane);
        EXPECT_LE(now, before[static_cast<size_t>(lane)] * (1 + 1e-12) + 1e-6)
            << "lane " << lane << ", step " << step;
        before[static_cast<size_t>(lane)] = now;
      }
    }
  }
}

}  // namespace
}  // namespace tersor::twin
