// L1: a car of one track, with two axles' tyres and wheel spins, and load that moves between them.
//
//   m (vx' - vy r) = sum Fx,  m (vy' + vx r) = Fyf cos d + Fxf sin d + Fyr,
//   Iz r' = a (Fyf cos d + Fxf sin d) - b Fyr,  Iw w' = T_drive - T_brake sign(w) - R Fx.
#ifndef TERSOR_TWIN_DYNAMICS_SINGLE_TRACK_H_
#define TERSOR_TWIN_DYNAMICS_SINGLE_TRACK_H_

#include "tersor/twin/dynamics/car_rows.h"
#include "tersor/twin/dynamics/wheel.h"

namespace tersor::twin {

/// N that moves from the front to the rear axle where a car accelerates: m ax h / L.
inline double LoadShift(double mass, double accel, double cg_height, double wheelbase) {
  return mass * accel * cg_height / wheelbase;
}

struct SingleTrackRows : CarRows {
  Row yaw_inertia;
  Row wheel_radius, axle_inertia;  // m; kg m^2 of an axle's two wheels
  Row load_sensitivity;
  Row across_front, across_rear;  // what makes a slip across as stiff as the body says
  Row spin_front, spin_rear;      // rad/s
  Row valve_front,
      valve_rear;  // shares of the brake's force that the anti-lock system lets through
  Row throttle;    // share of the drive force that the slip control lets through
  Row load_accel;  // m/s^2, of the load transfer: the body pitches, which takes time

  static void Place(SingleTrackRows& rows, int lane, const VehicleBody& body, double speed);
  static void Advance(SingleTrackRows& rows, double h, int64_t substeps);
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_SINGLE_TRACK_H_
