#include "tersor/twin/dynamics/single_track.h"

#include "tersor/twin/dynamics/advance_rows.h"

namespace tersor::twin {
namespace {

constexpr double kPitchLag = 0.05;  // s until a load has moved to the other axle

/// Friction times load of both tyres. They lose friction where they carry more than at rest.
inline double MostForce(double friction, double sensitivity, double load, double rest) {
  return Most(load, 0) * friction * Most(1 - sensitivity * (load / rest - 1), 0.5);
}

inline void StepCar(SingleTrackRows& c, int i, double h) {
  MoveActuators(c, i, h);
  const double wheelbase = c.axle_front[i] + c.axle_rear[i];
  const double radius = c.wheel_radius[i];
  // Loads.
  const double weight = c.mass[i] * c.press[i];
  const double rest_front = weight * c.axle_rear[i] / wheelbase;
  const double rest_rear = weight - rest_front;
  const double shift = Within(LoadShift(c.mass[i], c.load_accel[i], c.cg_height[i], wheelbase),
                              -rest_rear, rest_front);
  const double friction = c.friction_peak[i], sensitivity = c.load_sensitivity[i];
  // Wheels.
  const double cosine = FastCos(c.steer[i]), sine = FastSin(c.steer[i]);
  const double vx = c.vx[i], r = c.yaw_rate[i];
  const double side_front = c.vy[i] + c.axle_front[i] * r, side_rear = c.vy[i] - c.axle_rear[i] * r;
  const double brake = c.brake[i] * radius, drive = c.drive[i] * radius * c.throttle[i];
  const WheelOutput front =
      TurnWheel(c, i,
                {.u = vx * cosine + side_front * sine,
                 .v = side_front * cosine - vx * sine,
                 .most = MostForce(friction, sensitivity, rest_front - shift, rest_front),
                 .across = c.across_front[i],
                 .radius = radius,
                 .inertia = c.axle_inertia[i],
                 .drive = drive * c.front_drive[i],
                 .brake = brake * c.brake_bias[i] * c.valve_front[i],
                 .spin = c.spin_front[i]},
                h);
  const WheelOutput rear =
      TurnWheel(c, i,
                {.u = vx,
                 .v = side_rear,
                 .most = MostForce(friction, sensitivity, rest_rear + shift, rest_rear),
                 .across = c.across_rear[i],
                 .radius = radius,
                 .inertia = c.axle_inertia[i],
                 .drive = drive * (1 - c.front_drive[i]),
                 .brake = brake * (1 - c.brake_bias[i]) * c.valve_rear[i],
                 .spin = c.spin_rear[i]},
                h);
  // Slip control.
  const double peak = c.peak_slip[i], abs = c.has_abs[i];
  const double valve_front = SlipControl(c.valve_front[i], -front.slip, peak, vx, h);
  const double valve_rear = SlipControl(c.valve_rear[i], -rear.slip, peak, vx, h);
  c.valve_front[i] = abs > 0 ? valve_front : 1;
  c.valve_rear[i] = abs > 0 ? valve_rear : 1;
  const double driven = c.front_drive[i] * front.slip + (1 - c.front_drive[i]) * rear.slip;
  c.throttle[i] = SlipControl(c.throttle[i], driven, peak, kSlipControlSpeed + 1, h);
  c.abs_active[i] = (Least(c.valve_front[i], c.valve_rear[i]) < 0.97) & (c.brake[i] > 0) ? 1 : 0;
  // The body.
  const double resistance = c.drag[i] * vx * std::abs(vx) +
                            weight * c.rolling[i] * Within(10 * vx, -1, 1) + c.mass[i] * c.pull[i];
  const double front_x = front.along * cosine - front.across * sine;
  const double front_y = front.across * cosine + front.along * sine;
  const double ax = (front_x + rear.along - resistance) / c.mass[i];
  const double ay = (front_y + rear.across) / c.mass[i];
  const double moment = c.axle_front[i] * front_y - c.axle_rear[i] * rear.across;
  const bool holds = Holds(c, i);
  c.spin_front[i] = holds ? 0 : front.spin;
  c.spin_rear[i] = holds ? 0 : rear.spin;
  c.ax[i] = holds ? 0 : ax;
  c.ay[i] = holds ? 0 : ay;
  c.vx[i] = holds ? 0 : vx + h * ax;
  c.vy[i] = holds ? 0 : c.vy[i] + h * ay;
  c.yaw_rate[i] = holds ? 0 : r + h * moment / c.yaw_inertia[i];
  c.load_accel[i] += (c.ax[i] - c.load_accel[i]) * h / (kPitchLag + h);
  MoveBody(c, i, h);
}

}  // namespace

void SingleTrackRows::Place(SingleTrackRows& c, int i, const VehicleBody& body, double speed) {
  c.yaw_inertia[i] = body.yaw_inertia;
  c.wheel_radius[i] = body.wheel_radius;
  c.axle_inertia[i] = 2 * body.wheel_inertia;
  c.load_sensitivity[i] = body.load_sensitivity;
  c.across_front[i] = AcrossFactor(c, i, body.front.cornering_stiffness, body.front_load());
  c.across_rear[i] = AcrossFactor(c, i, body.rear.cornering_stiffness, body.rear_load());
  c.spin_front[i] = c.spin_rear[i] = speed / body.wheel_radius;
  c.valve_front[i] = c.valve_rear[i] = c.throttle[i] = 1;
  c.load_accel[i] = 0;
}

void SingleTrackRows::Advance(SingleTrackRows& rows, double h, int64_t substeps) {
  AdvanceRows<SingleTrackRows, StepCar>(rows, h, substeps);
}

}  // namespace tersor::twin
