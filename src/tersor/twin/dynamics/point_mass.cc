#include "tersor/twin/dynamics/point_mass.h"

#include "tersor/twin/dynamics/advance_rows.h"

namespace tersor::twin {
namespace {

// m/s^3, chosen: a tyre needs some tenths of a turn to build its force, so that even full braking
// takes a tenth of a second.
constexpr double kMostJerk = 80;
// Of the peak friction, what an anti-lock system makes of it; the manoeuvres measure L1's as 0.95
// to 0.99. Without one, wheels lock and slide.
constexpr double kAntiLockShare = 0.97;

inline void StepCar(PointMassRows& c, int i, double h) {
  MoveActuators(c, i, h);
  const double vx = c.vx[i], mass = c.moved_mass[i];
  const double share = c.has_abs[i] > 0 ? kAntiLockShare : c.slide_share[i];
  const double most = c.friction_peak[i] * c.press[i];
  // The bend that the wheels point to, as the linear single track takes it.
  const double wheelbase = c.axle_front[i] + c.axle_rear[i];
  const double bend =
      FastSin(c.steer[i]) / FastCos(c.steer[i]) / (wheelbase * (1 + c.understeer[i] * vx * vx));
  const double drive = c.drive[i] / mass, brake = c.brake[i] / mass;
  const double along = Most(drive, brake);
  const double across = vx * vx * bend;
  const double asked = std::sqrt(along * along + across * across) + 1e-9;
  const double held = Least(1, most * share / asked);
  const double jerk = kMostJerk * h;
  c.drive_accel[i] += Within(drive * held - c.drive_accel[i], -jerk, jerk);
  c.brake_accel[i] += Within(brake * held - c.brake_accel[i], -jerk, jerk);
  const double resistance = c.drag[i] * vx * std::abs(vx) / mass +
                            c.press[i] * c.rolling[i] * Within(10 * vx, -1, 1) + c.pull[i];
  const double free = vx + h * (c.drive_accel[i] - resistance);
  const double braked = h * c.brake_accel[i];
  const double next = free > 0 ? Most(free - braked, 0) : Least(free + braked, 0);
  const bool holds = Holds(c, i);
  c.ax[i] = holds ? 0 : (next - vx) / h;
  c.vx[i] = holds ? 0 : next;
  c.yaw_rate[i] = c.vx[i] * bend * held;
  c.ay[i] = c.vx[i] * c.yaw_rate[i];
  c.abs_active[i] = (brake > most * share) & (c.has_abs[i] > 0) & (vx > 1) ? 1 : 0;
  const double speed = c.vx[i];
  MoveBody(c, i, h);
  // A point mass looks where it goes: turning changes its heading and nothing else.
  c.vx[i] = speed;
  c.vy[i] = 0;
}

}  // namespace

void PointMassRows::Place(PointMassRows& c, int i, const VehicleBody&, double) {
  c.drive_accel[i] = c.brake_accel[i] = 0;
}

void PointMassRows::Advance(PointMassRows& rows, double h, int64_t substeps) {
  AdvanceRows<PointMassRows, StepCar>(rows, h, substeps);
}

}  // namespace tersor::twin
