// L2: a car of 14 degrees of freedom: a body that moves and turns in space on springs, dampers and
// anti-roll bars, four wheels that bounce and four that spin.
//
// Along, across and in yaw the car moves as one mass; the sprung mass heaves, rolls and pitches on
// small angles. Lateral forces reach it at the roll centres, forces along it at the height of the
// centre of gravity. Left out: gyroscopic moments, camber, toe from bounce, and the roll's own
// velocity at the contact points.
#ifndef TERSOR_TWIN_DYNAMICS_MULTI_BODY_H_
#define TERSOR_TWIN_DYNAMICS_MULTI_BODY_H_

#include <array>

#include "tersor/twin/dynamics/car_rows.h"

namespace tersor::twin {

struct MultiBodyRows : CarRows {
  struct AxleRows {
    Row place;       // m ahead of the centre of gravity
    Row half_track;  // m
    Row across;      // what makes a slip across as stiff as the body says
    Row spring, damper, anti_roll, unsprung_mass;  // of a wheel, the bar of both
    Row roll_centre;                               // m above the road
    Row brake, drive;                              // a wheel's share of the forces
    Row rest_share;                                // of the weight at rest, a wheel's
  };
  struct WheelRows {
    Row height, rise;  // m above its place at rest, m/s
    Row load;          // N on the road
    Row spin;          // rad/s
    Row valve;         // share of its brake's force that the anti-lock system lets through
  };

  Row yaw_inertia, roll_inertia, pitch_inertia, sprung_mass, sprung_height;
  Row wheel_radius, wheel_inertia, tyre_spring, load_sensitivity;
  std::array<AxleRows, 2> axles;    // front, rear
  std::array<WheelRows, 4> wheels;  // front left, front right, rear left, rear right
  Row heave, heave_rate;            // m, m/s, of the sprung mass, up
  Row roll, roll_rate;              // rad, rad/s; above 0 the left side is up
  Row pitch, pitch_rate;            // rad, rad/s; above 0 the nose is down
  Row throttle;                     // share of the drive force that the slip control lets through

  static void Place(MultiBodyRows& rows, int lane, const VehicleBody& body, double speed);
  static void Advance(MultiBodyRows& rows, double h, int64_t substeps);
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_MULTI_BODY_H_
