// Wheels on the road: slip, spin, and the systems that keep them from locking and from spinning.
#ifndef TERSOR_TWIN_DYNAMICS_WHEEL_H_
#define TERSOR_TWIN_DYNAMICS_WHEEL_H_

#include "tersor/twin/dynamics/car_rows.h"

namespace tersor::twin {

/// m/s that slip is measured against at least. Below, a tyre acts as a damper, which keeps forces
/// finite at rest and a step of 5 ms stable: a tyre of 20 N/rad a newton has then 200 1/s.
inline constexpr double kSlipFloor = 1.0;

/// A wheel, or the two of an axle, over one step.
struct WheelInput {
  double u, v;             // m/s of the contact point along and across the wheel
  double most;             // N, friction times load
  double across;           // what a slip across counts beside one along
  double radius, inertia;  // m, kg m^2
  double drive, brake;     // N m; the brake against the spin
  double spin;             // rad/s
};

struct WheelOutput {
  double along, across;  // N in the wheel's frame, across to the left
  double spin;           // rad/s after the step
  double slip;           // along, after the step
};

/// Moves the spin on by h. Near standstill the spin follows the road far faster than a step, so it
/// is solved implicitly, with the tyre's secant stiffness G = F/slip held over the step:
///   I (w' - w)/h = T_drive - R G (R w' - u)/base -+ T_brake.
/// The force is that of the new slip, so that wheel and body agree. No branches.
inline WheelOutput TurnWheel(const CarRows& c, int i, const WheelInput& wheel, double h) {
  const double inverse = 1 / Most(std::abs(wheel.u), kSlipFloor);
  const double along = (wheel.radius * wheel.spin - wheel.u) * inverse;
  const double across = wheel.across * wheel.v * inverse;
  const double length = std::sqrt(along * along + across * across + 1e-12);
  const double secant = wheel.most * TyreShare(c, i, length) / length;
  const double grip = wheel.radius * secant * inverse;  // N m per (m/s)
  const double weight = wheel.inertia / h + wheel.radius * grip;
  const double free = (wheel.inertia / h * wheel.spin + wheel.drive + grip * wheel.u) / weight;
  const double braked = wheel.brake / weight;
  const double spin = free > 0 ? Most(free - braked, 0) : Least(free + braked, 0);
  const double slip = (wheel.radius * spin - wheel.u) * inverse;
  return {secant * slip, -secant * across, spin, slip};
}

// A control of slip in three states: beyond its upper threshold pressure falls, below its lower one
// it rises, between them it is held. The thresholds follow the slip of the road's largest force,
// which real systems find by watching how wheels slow down.
inline constexpr double kSlipUpper = 1.25, kSlipLower = 0.85;   // of the peak slip
inline constexpr double kPressureFall = 12, kPressureRise = 5;  // 1/s
inline constexpr double kSlipControlSpeed = 1.5;                // m/s; slower, it is off

/// The share of a torque that passes after a step h. `slip` is above 0 in the torque's sense.
inline double SlipControl(double share, double slip, double peak_slip, double speed, double h) {
  const double over = slip > kSlipUpper * peak_slip ? -kPressureFall : 0;
  const double rate = slip < kSlipLower * peak_slip ? kPressureRise : over;
  return Within(share + h * (speed > kSlipControlSpeed ? rate : kPressureRise), 0.02, 1);
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_WHEEL_H_
