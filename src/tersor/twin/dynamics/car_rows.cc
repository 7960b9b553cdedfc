#include "tersor/twin/dynamics/car_rows.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/dynamics/steering.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr double kAirDensity = 1.2;      // kg/m^3
constexpr double kSpeedGain = 1.0;       // 1/s
constexpr double kIntegralGain = 0.3;    // 1/s^2
constexpr double kMostSpeedError = 0.3;  // m/s that the controller looks at
constexpr double kMostIntegral = 1.0;    // m/s^2
constexpr double kDegree = std::numbers::pi / 180;

TyreShape ShapeOn(const RoadSurface& surface, const VehicleBody& body) {
  return ShapeOf(surface.friction_peak * body.friction_factor,
                 surface.friction_slide * body.friction_factor, body.tyre());
}

/// Of the force over load against slip, at none.
double SlopeOf(const TyreShape& shape) { return shape.stiffness() * shape.friction_peak; }

void PlaceBody(CarRows& c, int i, const VehicleBody& body) {
  c.mass[i] = body.mass;
  c.moved_mass[i] = body.mass + 4 * body.wheel_inertia / (body.wheel_radius * body.wheel_radius);
  c.axle_front[i] = body.front.distance;
  c.axle_rear[i] = body.rear.distance;
  c.front_reach[i] = body.front_reach();
  c.cg_height[i] = body.cg_height;
  c.brake_lag[i] = body.brake_lag;
  c.engine_lag[i] = body.engine_lag;
  c.steer_lag[i] = body.steer_lag;
  c.max_brake[i] = body.max_brake_force;
  c.max_drive[i] = body.max_drive_force;
  c.max_power[i] = body.max_power;
  c.brake_bias[i] = body.brake_bias;
  c.front_drive[i] = body.front_drive;
  c.steer_limit[i] = body.steer_limit;
  c.steer_rate[i] = body.steer_rate;
  c.drag[i] = 0.5 * kAirDensity * body.drag_area;
  c.rolling[i] = body.rolling_resistance;
  c.has_abs[i] = body.abs ? 1 : 0;
  c.understeer_slope[i] = UndersteerGradient(body) * SlopeOf(ShapeOn({}, body));
  c.dead_slots[i] = static_cast<int32_t>(
      std::min(std::lround(body.brake_dead_time / kControlPeriod), long{kDelaySlots - 1}));
}

}  // namespace

void PlaceCar(CarRows& c, int i, const VehicleBody& body, const FrontPose& pose, double speed) {
  PlaceBody(c, i, body);
  PlaceSurface(c, i, {}, body);
  const double angle = (90 - pose.angle) * kDegree;
  c.heading_x[i] = std::cos(angle);
  c.heading_y[i] = std::sin(angle);
  c.x[i] = pose.x - c.front_reach[i] * c.heading_x[i];
  c.y[i] = pose.y - c.front_reach[i] * c.heading_y[i];
  c.vx[i] = speed;
  for (Row* row : {&c.vy, &c.yaw_rate, &c.ax, &c.ay, &c.abs_active, &c.drive, &c.brake, &c.steer,
                   &c.drive_demand, &c.brake_demand, &c.steer_demand, &c.reference_accel,
                   &c.speed_integral, &c.wanted_accel, &c.direct_steer, &c.wanted_steer}) {
    (*row)[i] = 0;
  }
  c.reference_speed[i] = speed;
  for (Row& row : c.asked) {
    row[i] = 0;
  }
  c.target_x[i] = pose.x + 1000 * c.heading_x[i];  // straight on
  c.target_y[i] = pose.y + 1000 * c.heading_y[i];
}

void PlaceSurface(CarRows& c, int i, const RoadSurface& surface, const VehicleBody& body) {
  const TyreShape shape = ShapeOn(surface, body);
  c.friction_peak[i] = shape.friction_peak;
  c.magic_b[i] = shape.magic.b;
  c.magic_c[i] = shape.magic.c;
  c.magic_e[i] = shape.magic.e;
  c.slide_share[i] = shape.slide_share;
  c.peak_slip[i] = shape.peak_slip;
  c.slip_stiffness[i] = shape.stiffness();
  c.fiala[i] = shape.fiala ? 1 : 0;
  const double slope = 1 / std::sqrt(1 + surface.grade * surface.grade);
  c.press[i] = kGravity * slope;
  c.pull[i] = kGravity * surface.grade * slope;
  c.understeer[i] = c.understeer_slope[i] / SlopeOf(shape);
  c.steer_grip[i] = shape.friction_peak * c.press[i];
}

double AcrossFactor(const CarRows& c, int i, double cornering_stiffness, double load) {
  return cornering_stiffness / (c.slip_stiffness[i] * c.friction_peak[i] * load);
}

void PlaceCommand(CarRows& c, int i, const CarCommand& command) {
  c.wanted_accel[i] = command.accel;
  c.direct_steer[i] = command.steer ? 1 : 0;
  c.wanted_steer[i] = command.steer.value_or(0);
  if (!command.steer) {
    c.target_x[i] = command.target_x;
    c.target_y[i] = command.target_y;
  }
}

CarState StateOf(const CarRows& c, int i) {
  CarState state;
  state.pose.x = c.x[i] + c.front_reach[i] * c.heading_x[i];
  state.pose.y = c.y[i] + c.front_reach[i] * c.heading_y[i];
  state.pose.angle = 90 - std::atan2(c.heading_y[i], c.heading_x[i]) / kDegree;
  if (state.pose.angle < 0) {
    state.pose.angle += 360;
  }
  state.speed = c.vx[i];
  state.accel = c.ax[i];
  state.lateral_speed = c.vy[i];
  state.yaw_rate = c.yaw_rate[i];
  state.lateral_accel = c.ay[i];
  state.steer = c.steer[i];
  state.abs_active = c.abs_active[i] > 0;
  return state;
}

namespace {

/// Engine and brake demand. The reference speed has the actuators' lags in it, so that the PI part
/// answers to what the feedforward does not know only.
void ControlSpeed(CarRows& c, int i) {
  const double wanted = c.wanted_accel[i], speed = c.vx[i];
  const int past = (c.newest_slot - c.dead_slots[i] + kDelaySlots) % kDelaySlots;
  const double braking = std::min(c.asked[static_cast<size_t>(past)][i], 0.0);
  const double asked = std::max(wanted, 0.0) + braking;
  const double lag = asked > 0 ? c.engine_lag[i] : c.brake_lag[i];
  c.reference_accel[i] += (asked - c.reference_accel[i]) * kControlPeriod / (lag + kControlPeriod);
  c.reference_speed[i] =
      std::clamp(c.reference_speed[i] + kControlPeriod * c.reference_accel[i],
                 std::max(speed - kMostSpeedError, 0.0), std::max(speed + kMostSpeedError, 0.0));
  const double error = c.reference_speed[i] - speed;
  c.speed_integral[i] = std::clamp(c.speed_integral[i] + kControlPeriod * kIntegralGain * error,
                                   -kMostIntegral, kMostIntegral);
  const double correction = kSpeedGain * error + c.speed_integral[i];
  const double resistance =
      c.drag[i] * speed * std::abs(speed) + c.mass[i] * c.pull[i] +
      c.mass[i] * c.press[i] * c.rolling[i] * std::clamp(10 * speed, -1.0, 1.0);
  const double most_drive = std::min(c.max_drive[i], c.max_power[i] / std::max(speed, 1.0));
  c.drive_demand[i] =
      std::clamp(c.moved_mass[i] * (wanted + correction) + resistance, 0.0, most_drive);
  c.brake_demand[i] =
      std::clamp(-c.moved_mass[i] * (braking + correction) - resistance, 0.0, c.max_brake[i]);
}

void ControlPath(CarRows& c, int i) {
  const double rear_x = c.x[i] - c.axle_rear[i] * c.heading_x[i];
  const double rear_y = c.y[i] - c.axle_rear[i] * c.heading_y[i];
  const double dx = c.target_x[i] - rear_x, dy = c.target_y[i] - rear_y;
  const double curvature = PursuitCurvature(c.heading_x[i] * dx + c.heading_y[i] * dy,
                                            c.heading_x[i] * dy - c.heading_y[i] * dx);
  const double speed = std::max(c.vx[i], 0.0);
  // Nobody gains from turning the wheel farther than the road can answer.
  const double most = c.steer_grip[i] / std::max(speed * speed, 1.0);
  const double wheelbase = c.axle_front[i] + c.axle_rear[i];
  const double angle =
      SteerAngle(std::clamp(curvature, -most, most), speed, wheelbase, c.understeer[i]);
  c.steer_demand[i] = std::clamp(c.direct_steer[i] > 0 ? c.wanted_steer[i] : angle,
                                 -c.steer_limit[i], c.steer_limit[i]);
}

}  // namespace

void Control(CarRows& c) {
  c.newest_slot = (c.newest_slot + 1) % kDelaySlots;
  c.asked[static_cast<size_t>(c.newest_slot)] = c.wanted_accel;
  for (int i = 0; i < kLanes; ++i) {
    ControlSpeed(c, i);
    ControlPath(c, i);
    // Rounding would lengthen or shorten the heading over hours.
    const double length = std::hypot(c.heading_x[i], c.heading_y[i]);
    c.heading_x[i] /= length;
    c.heading_y[i] /= length;
  }
}

}  // namespace tersor::twin
