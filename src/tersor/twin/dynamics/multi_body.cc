#include "tersor/twin/dynamics/multi_body.h"

#include "tersor/twin/dynamics/advance_rows.h"
#include "tersor/twin/dynamics/wheel.h"

namespace tersor::twin {
namespace {

/// Sums over the tyres, in the car's frame.
struct PlaneForces {
  double x = 0, y = 0, yaw_moment = 0;  // N, N m
};

/// What the springs do to the sprung mass beyond rest.
struct BodyForces {
  double heave = 0, roll = 0, pitch = 0;  // N, N m, N m
};

/// One wheel of an axle: `side` is 1 on the left, -1 on the right. Moves its spin and its valve and
/// adds its forces. Returns its force across the car.
inline double RollWheel(MultiBodyRows& c, int i, int axle, int side, double h, double* driven_slip,
                        PlaneForces* sum) {
  const MultiBodyRows::AxleRows& at = c.axles[static_cast<size_t>(axle)];
  MultiBodyRows::WheelRows& wheel = c.wheels[static_cast<size_t>(2 * axle + (side < 0))];
  const double place = at.place[i], out = side * at.half_track[i];
  const double vx = c.vx[i] - c.yaw_rate[i] * out, vy = c.vy[i] + c.yaw_rate[i] * place;
  // The wheel on the inner side turns farther (Ackermann, to the second order of the angle).
  const double wheelbase = c.axle_front[i] + c.axle_rear[i];
  const double turn = axle == 0 ? c.steer[i] + c.steer[i] * c.steer[i] * out / wheelbase : 0;
  const double cosine = FastCos(turn), sine = FastSin(turn);
  const double rest = c.mass[i] * c.press[i] * at.rest_share[i];
  const double grip =
      c.friction_peak[i] * Most(1 - c.load_sensitivity[i] * (wheel.load[i] / rest - 1), 0.5);
  const WheelOutput tyre =
      TurnWheel(c, i,
                {.u = vx * cosine + vy * sine,
                 .v = vy * cosine - vx * sine,
                 .most = wheel.load[i] * grip,
                 .across = at.across[i],
                 .radius = c.wheel_radius[i],
                 .inertia = c.wheel_inertia[i],
                 .drive = c.drive[i] * c.throttle[i] * at.drive[i] * c.wheel_radius[i],
                 .brake = c.brake[i] * wheel.valve[i] * at.brake[i] * c.wheel_radius[i],
                 .spin = wheel.spin[i]},
                h);
  wheel.spin[i] = tyre.spin;
  const double valve = SlipControl(wheel.valve[i], -tyre.slip, c.peak_slip[i], c.vx[i], h);
  wheel.valve[i] = c.has_abs[i] > 0 ? valve : 1;
  *driven_slip = Most(*driven_slip, at.drive[i] > 0 ? tyre.slip : 0);
  const double x = tyre.along * cosine - tyre.across * sine;
  const double y = tyre.across * cosine + tyre.along * sine;
  sum->x += x;
  sum->y += y;
  sum->yaw_moment += place * y - out * x;
  return y;
}

/// The springs, dampers and bar of an axle, and the bounce of its wheels. `push` is the force
/// across that its tyres give, `accel` what the car does across there.
inline void BounceAxle(MultiBodyRows& c, int i, int axle, double push, double accel, double h,
                       BodyForces* sum) {
  const MultiBodyRows::AxleRows& at = c.axles[static_cast<size_t>(axle)];
  MultiBodyRows::WheelRows& left = c.wheels[static_cast<size_t>(2 * axle)];
  MultiBodyRows::WheelRows& right = c.wheels[static_cast<size_t>(2 * axle + 1)];
  const double half = at.half_track[i], place = at.place[i];
  const double middle = c.heave[i] - place * c.pitch[i], lean = half * c.roll[i];
  const double middle_rate = c.heave_rate[i] - place * c.pitch_rate[i];
  const double lean_rate = half * c.roll_rate[i];
  const double stretch_left = middle + lean - left.height[i];
  const double stretch_right = middle - lean - right.height[i];
  const double bar = at.anti_roll[i] * (stretch_left - stretch_right) / (4 * half * half);
  const double up_left =
      -at.spring[i] * stretch_left - at.damper[i] * (middle_rate + lean_rate - left.rise[i]) - bar;
  const double up_right = -at.spring[i] * stretch_right -
                          at.damper[i] * (middle_rate - lean_rate - right.rise[i]) + bar;
  // The links push the sprung mass at the roll centre; the wheels bear the moment of it, and of
  // their own mass, as a couple.
  const double mass = at.unsprung_mass[i];
  const double link = push - 2 * mass * accel;
  const double couple =
      (link * at.roll_centre[i] + 2 * mass * accel * c.wheel_radius[i]) / (2 * half);
  sum->heave += up_left + up_right;
  sum->pitch -= place * (up_left + up_right);
  sum->roll += half * (up_left - up_right) + link * (c.sprung_height[i] - at.roll_centre[i]);
  const double rest = c.mass[i] * c.press[i] * at.rest_share[i];
  const auto bounce = [&](MultiBodyRows::WheelRows& wheel, double up, double lift) {
    wheel.rise[i] += h * (wheel.load[i] - rest - up + lift) / mass;
    wheel.height[i] += h * wheel.rise[i];
    wheel.load[i] = Most(rest - c.tyre_spring[i] * wheel.height[i], 0);  // none in the air
  };
  bounce(left, up_left, couple);
  bounce(right, up_right, -couple);
}

inline void StepCar(MultiBodyRows& c, int i, double h) {
  MoveActuators(c, i, h);
  const double vx = c.vx[i], weight = c.mass[i] * c.press[i];
  PlaneForces plane;
  double driven_slip = 0;
  double front_push = RollWheel(c, i, 0, 1, h, &driven_slip, &plane);
  front_push += RollWheel(c, i, 0, -1, h, &driven_slip, &plane);
  double rear_push = RollWheel(c, i, 1, 1, h, &driven_slip, &plane);
  rear_push += RollWheel(c, i, 1, -1, h, &driven_slip, &plane);
  c.throttle[i] = SlipControl(c.throttle[i], driven_slip, c.peak_slip[i], kSlipControlSpeed + 1, h);
  const double open = Least(Least(c.wheels[0].valve[i], c.wheels[1].valve[i]),
                            Least(c.wheels[2].valve[i], c.wheels[3].valve[i]));
  c.abs_active[i] = (open < 0.97) & (c.brake[i] > 0) ? 1 : 0;
  const double resistance = c.drag[i] * vx * std::abs(vx) +
                            weight * c.rolling[i] * Within(10 * vx, -1, 1) + c.mass[i] * c.pull[i];
  const double ax = (plane.x - resistance) / c.mass[i], ay = plane.y / c.mass[i];
  const double turn = plane.yaw_moment / c.yaw_inertia[i];
  // The springs.
  BodyForces body;
  BounceAxle(c, i, 0, front_push, ay + turn * c.axle_front[i], h, &body);
  BounceAxle(c, i, 1, rear_push, ay - turn * c.axle_rear[i], h, &body);
  body.pitch -= c.cg_height[i] * plane.x;
  // The weight beside the roll axis, at the centre of gravity, leans out.
  const double axis =
      (c.axles[0].roll_centre[i] * c.axle_rear[i] + c.axles[1].roll_centre[i] * c.axle_front[i]) /
      (c.axle_front[i] + c.axle_rear[i]);
  body.roll += c.sprung_mass[i] * c.press[i] * (c.sprung_height[i] - axis) * c.roll[i];
  c.heave_rate[i] += h * body.heave / c.sprung_mass[i];
  c.roll_rate[i] += h * body.roll / c.roll_inertia[i];
  c.pitch_rate[i] += h * body.pitch / c.pitch_inertia[i];
  c.heave[i] += h * c.heave_rate[i];
  c.roll[i] += h * c.roll_rate[i];
  c.pitch[i] += h * c.pitch_rate[i];
  // The plane.
  const bool holds = Holds(c, i);
  for (MultiBodyRows::WheelRows& wheel : c.wheels) {
    wheel.spin[i] = holds ? 0 : wheel.spin[i];
  }
  c.ax[i] = holds ? 0 : ax;
  c.ay[i] = holds ? 0 : ay;
  c.vx[i] = holds ? 0 : vx + h * ax;
  c.vy[i] = holds ? 0 : c.vy[i] + h * ay;
  c.yaw_rate[i] = holds ? 0 : c.yaw_rate[i] + h * turn;
  MoveBody(c, i, h);
}

void PlaceAxle(MultiBodyRows& c, int i, int axle, const VehicleBody& body) {
  const Axle& from = axle == 0 ? body.front : body.rear;
  MultiBodyRows::AxleRows& at = c.axles[static_cast<size_t>(axle)];
  const double load = axle == 0 ? body.front_load() : body.rear_load();
  at.place[i] = axle == 0 ? from.distance : -from.distance;
  at.half_track[i] = from.track / 2;
  at.across[i] = AcrossFactor(c, i, from.cornering_stiffness, load);
  at.spring[i] = from.spring;
  at.damper[i] = from.damper;
  at.anti_roll[i] = from.anti_roll;
  at.unsprung_mass[i] = from.unsprung_mass / 2;
  at.roll_centre[i] = from.roll_centre;
  at.brake[i] = (axle == 0 ? body.brake_bias : 1 - body.brake_bias) / 2;
  at.drive[i] = (axle == 0 ? body.front_drive : 1 - body.front_drive) / 2;
  at.rest_share[i] = load / (2 * body.mass * kGravity);
}

}  // namespace

void MultiBodyRows::Place(MultiBodyRows& c, int i, const VehicleBody& body, double speed) {
  c.yaw_inertia[i] = body.yaw_inertia;
  c.roll_inertia[i] = body.roll_inertia;
  c.pitch_inertia[i] = body.pitch_inertia;
  c.sprung_mass[i] = body.sprung_mass();
  c.sprung_height[i] = body.sprung_height();
  c.wheel_radius[i] = body.wheel_radius;
  c.wheel_inertia[i] = body.wheel_inertia;
  c.tyre_spring[i] = body.tyre_spring;
  c.load_sensitivity[i] = body.load_sensitivity;
  for (int axle = 0; axle < 2; ++axle) {
    PlaceAxle(c, i, axle, body);
  }
  for (size_t wheel = 0; wheel < c.wheels.size(); ++wheel) {
    c.wheels[wheel].height[i] = c.wheels[wheel].rise[i] = 0;
    c.wheels[wheel].load[i] = body.mass * kGravity * c.axles[wheel / 2].rest_share[i];
    c.wheels[wheel].spin[i] = speed / body.wheel_radius;
    c.wheels[wheel].valve[i] = 1;
  }
  for (Row* row : {&c.heave, &c.heave_rate, &c.roll, &c.roll_rate, &c.pitch, &c.pitch_rate}) {
    (*row)[i] = 0;
  }
  c.throttle[i] = 1;
}

void MultiBodyRows::Advance(MultiBodyRows& rows, double h, int64_t substeps) {
  AdvanceRows<MultiBodyRows, StepCar>(rows, h, substeps);
}

}  // namespace tersor::twin
