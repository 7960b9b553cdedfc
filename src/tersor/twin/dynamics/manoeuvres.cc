#include "tersor/twin/dynamics/manoeuvres.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "tersor/twin/dynamics/steering.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr FrontPose kStart = {0, 0, 90};  // to the east
constexpr double kTick = 0.01;            // s between looks
constexpr double kDegree = std::numbers::pi / 180;

}  // namespace

double IdealStoppingDistance(double speed, double friction) {
  return speed * speed / (2 * friction * kGravity);
}

VehicleBody PromptBody(VehicleBody body) {
  body.brake_dead_time = body.brake_lag = 0;
  body.drag_area = body.rolling_resistance = 0;
  body.friction_factor = 1;
  return body;
}

std::vector<Braking> BrakeFrom(DynamicsLevel level, const VehicleBody& body,
                               const std::vector<double>& speeds, const RoadSurface& surface) {
  constexpr double kHardest = -20;  // m/s^2: all that the brakes have
  constexpr double kLongest = 200;  // s
  const auto fleet = MakeFleet(level);
  std::vector<int32_t> cars;
  for (const double speed : speeds) {
    TERSOR_CHECK(speed > 0, "braking from ", speed, " m/s; the speed must be above 0");
    cars.push_back(fleet->Add(body, kStart, speed));
    fleet->SetSurface(cars.back(), surface);
    fleet->Command(cars.back(), {.accel = kHardest, .target_x = 1e5});
  }
  std::vector<Braking> out(speeds.size());
  std::vector<double> fast(speeds.size(), 0), slow(speeds.size(), 0);  // s
  const double from = kStart.x;
  size_t moving = speeds.size();
  for (double time = kTick; moving > 0; time += kTick) {
    TERSOR_CHECK(time < kLongest, body.name, " does not stop within ", kLongest, " s");
    fleet->Advance(kTick);
    for (size_t i = 0; i < cars.size(); ++i) {
      const CarState state = fleet->State(cars[i]);
      (state.speed > 0.8 * speeds[i] ? fast : slow)[i] = time;
      if (state.speed > 0.2 * speeds[i]) {
        out[i].friction_use = time;  // until then
      }
      if (out[i].time == 0 && state.speed <= 0) {
        out[i].time = time;
        out[i].distance = state.pose.x - from;
        --moving;
      }
    }
  }
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].friction_use = 0.6 * speeds[i] / (out[i].friction_use - fast[i]) /
                          (surface.friction_peak * body.friction_factor * kGravity);
  }
  return out;
}

StepSteer SteerStep(DynamicsLevel level, const VehicleBody& body, double speed, double steer) {
  constexpr int kTicks = 600;
  const auto fleet = MakeFleet(level);
  const int32_t car = fleet->Add(body, kStart, speed);
  fleet->Command(car, {.steer = steer});
  std::vector<double> yaw_rates;
  for (int tick = 0; tick < kTicks; ++tick) {
    fleet->Advance(kTick);
    yaw_rates.push_back(fleet->State(car).yaw_rate);
  }
  const CarState state = fleet->State(car);
  StepSteer out;
  out.yaw_gain = state.yaw_rate / state.steer;
  out.lateral_accel = state.lateral_accel;
  out.speed = state.speed;
  const auto risen = std::find_if(yaw_rates.begin(), yaw_rates.end(),
                                  [&](double rate) { return rate / state.yaw_rate >= 0.9; });
  out.rise_time = kTick * static_cast<double>(risen - yaw_rates.begin() + 1);
  for (const double rate : yaw_rates) {
    out.overshoot = std::max(out.overshoot, rate / state.yaw_rate - 1);
  }
  return out;
}

std::vector<CirclePoint> ConstantRadius(DynamicsLevel level, const VehicleBody& body, double radius,
                                        const std::vector<double>& lateral_accels) {
  constexpr double kSettle = 15, kLast = 2;  // s
  constexpr double kGain = 6;  // 1/s: how fast the driver steers a missing curvature away
  const auto fleet = MakeFleet(level);
  std::vector<int32_t> cars;
  std::vector<double> wanted;         // m/s
  std::vector<double> steer, before;  // rad, now and at the beginning of the last seconds
  const double gradient = UndersteerGradient(body);
  for (const double accel : lateral_accels) {
    const double speed = std::sqrt(accel * radius);
    wanted.push_back(speed);
    cars.push_back(fleet->Add(body, kStart, speed));
    steer.push_back(0.5 * SteerAngle(1 / radius, speed, body.wheelbase(), gradient));
  }
  for (double time = 0; time < kSettle; time += kTick) {
    if (time < kSettle - kLast) {
      before = steer;
    }
    for (size_t i = 0; i < cars.size(); ++i) {
      const CarState state = fleet->State(cars[i]);
      const double missing = state.speed / radius - state.yaw_rate;
      const double angle = missing * body.wheelbase() / std::max(state.speed, 1.0);
      steer[i] = std::clamp(steer[i] + kTick * kGain * angle, 0.0, body.steer_limit);
      fleet->Command(cars[i], {.accel = wanted[i] - state.speed, .steer = steer[i]});
    }
    fleet->Advance(kTick);
  }
  std::vector<CirclePoint> out;
  for (size_t i = 0; i < cars.size(); ++i) {
    const CarState state = fleet->State(cars[i]);
    const double accel = state.speed * state.yaw_rate;
    if (std::abs(accel - state.speed * state.speed / radius) > 0.02 * accel ||
        std::abs(accel - lateral_accels[i]) > 0.1 * lateral_accels[i] ||
        std::abs(steer[i] - before[i]) > 0.02 * steer[i]) {
      break;  // it slides out, or the driver still turns the wheel
    }
    out.push_back({accel, state.steer, state.speed});
  }
  return out;
}

double UndersteerSlope(const std::vector<CirclePoint>& points) {
  TERSOR_CHECK(points.size() >= 2, "an understeer slope needs two points of the circle, not ",
               points.size());
  return (points[1].steer - points[0].steer) / (points[1].lateral_accel - points[0].lateral_accel);
}

namespace {

/// 0 to 1 between `from` and `to`, with neither slope nor curvature at the ends.
double Quintic(double x, double from, double to) {
  const double s = std::clamp((x - from) / (to - from), 0.0, 1.0);
  return s * s * s * (10 + s * (-15 + 6 * s));
}

// The play of the lanes lets a line begin to change before they end and end after they begin.
constexpr double kLaneOffset = 3.5;
constexpr std::array<double, 2> kOut = {8, 52}, kBack = {63, 102};

double LineSlope(double x) { return (LaneChangeLine(x + 0.05) - LaneChangeLine(x - 0.05)) / 0.1; }

double LineCurvature(double x) { return (LineSlope(x + 0.05) - LineSlope(x - 0.05)) / 0.1; }

}  // namespace

double LaneChangeLine(double x) {
  return kLaneOffset * (Quintic(x, kOut[0], kOut[1]) - Quintic(x, kBack[0], kBack[1]));
}

DoubleLaneChange ChangeLanes(DynamicsLevel level, const VehicleBody& body, double speed,
                             const RoadSurface& surface) {
  constexpr double kEnd = 140;        // m
  constexpr double kStanleyGain = 2;  // 1/s
  const auto fleet = MakeFleet(level);
  const int32_t car = fleet->Add(body, {-20, 0, 90}, speed);
  fleet->SetSurface(car, surface);
  const double preview = body.steer_lag + 0.1;  // s: the steering's lag and the car's own
  const double gradient = UndersteerGradient(body);
  DoubleLaneChange out;
  CarState state = fleet->State(car);
  for (double time = 0; state.pose.x < kEnd && time < 60; time += kTick) {
    const double yaw = (90 - state.pose.angle) * kDegree;
    const double axle_x = state.pose.x - body.front_overhang * std::cos(yaw);
    const double axle_y = state.pose.y - body.front_overhang * std::sin(yaw);
    const double ahead = axle_x + preview * state.speed;
    const double course = std::atan(LineSlope(axle_x + 0.5 * preview * state.speed));
    const double steer =
        SteerAngle(LineCurvature(ahead), state.speed, body.wheelbase(), gradient) +
        StanleyAngle(course - yaw, axle_y - LaneChangeLine(axle_x), state.speed, kStanleyGain);
    fleet->Command(car, {.steer = std::clamp(steer, -body.steer_limit, body.steer_limit)});
    fleet->Advance(kTick);
    state = fleet->State(car);
    out.path.push_back({state.pose.x, state.pose.y, state.lateral_accel});
    out.most_lateral_accel = std::max(out.most_lateral_accel, std::abs(state.lateral_accel));
    out.most_offset = std::max(out.most_offset, std::abs(axle_y - LaneChangeLine(axle_x)));
  }
  out.exit_speed = state.speed;
  return out;
}

double LargestGap(const DoubleLaneChange& a, const DoubleLaneChange& b) {
  double most = 0;
  size_t at = 0;
  for (const LaneChangePoint& point : a.path) {
    while (at + 1 < b.path.size() && b.path[at + 1].x < point.x) {
      ++at;
    }
    if (at + 1 >= b.path.size() || b.path[at].x > point.x) {
      continue;  // before b begins or after it ends
    }
    const LaneChangePoint &low = b.path[at], &high = b.path[at + 1];
    const double y = std::lerp(low.y, high.y, (point.x - low.x) / (high.x - low.x));
    most = std::max(most, std::abs(point.y - y));
  }
  return most;
}

std::vector<Accelerations> ReachableAccelerations(DynamicsLevel level, const VehicleBody& body,
                                                  const RoadSurface& surface) {
  constexpr double kSpeed = 25, kRamp = 0.12, kDuration = 2, kSettled = 0.5;  // m/s, rad/s, s, s
  constexpr int kDirections = 25;
  constexpr double kMean = 0.1;  // s over which an acceleration must last
  const double most = surface.friction_peak * body.friction_factor * kGravity;
  const auto fleet = MakeFleet(level);
  std::vector<Accelerations> out(kDirections), mean(kDirections);
  std::vector<double> wanted(kDirections), direction(kDirections);
  std::vector<double> best(kDirections, 0);
  for (size_t i = 0; i < kDirections; ++i) {
    direction[i] = std::numbers::pi * static_cast<double>(i) / (kDirections - 1);  // 0: throttle
    wanted[i] = 1.05 * most * std::cos(direction[i]);
    const int32_t car = fleet->Add(body, kStart, kSpeed);
    TERSOR_CHECK(car == static_cast<int32_t>(i), "a new fleet does not count from 0");
    fleet->SetSurface(car, surface);
  }
  for (double time = 0; time < kDuration; time += kTick) {
    for (int32_t car = 0; car < kDirections; ++car) {
      const auto i = static_cast<size_t>(car);
      const bool turns = i > 0 && i + 1 < kDirections;
      fleet->Command(car, {.accel = wanted[i], .steer = turns ? kRamp * time : 0.0});
    }
    fleet->Advance(kTick);
    for (int32_t car = 0; car < kDirections; ++car) {
      const auto i = static_cast<size_t>(car);
      const CarState state = fleet->State(car);
      mean[i].along += (state.accel - mean[i].along) * kTick / kMean;
      mean[i].across += (state.lateral_accel - mean[i].across) * kTick / kMean;
      const double reach =
          mean[i].along * std::cos(direction[i]) + mean[i].across * std::sin(direction[i]);
      if (time > kSettled && reach > best[i]) {
        best[i] = reach;
        out[i] = mean[i];
      }
    }
  }
  return out;
}

}  // namespace tersor::twin
