// Eight cars, field by field: what every level of detail has of a car besides its motion.
#ifndef TERSOR_TWIN_DYNAMICS_CAR_ROWS_H_
#define TERSOR_TWIN_DYNAMICS_CAR_ROWS_H_

#include <array>
#include <cstdint>

#include "tersor/twin/dynamics/fleet.h"
#include "tersor/twin/dynamics/tyre.h"

namespace tersor::twin {

inline constexpr int kLanes = 8;
/// One value of each of the eight cars.
using Row = std::array<double, kLanes>;

inline constexpr double kControlPeriod = 0.01;  // s between looks of the controllers
inline constexpr int kDelaySlots = 64;          // enough for the longest dead time

struct alignas(64) CarRows {
  // The body.
  Row mass, moved_mass;                    // kg; the second with what the wheels' spin adds
  Row axle_front, axle_rear, front_reach;  // m from the centre of gravity
  Row cg_height;                           // m
  Row brake_lag, engine_lag, steer_lag;    // s
  Row max_brake, max_drive, max_power;     // N, N, W
  Row brake_bias, front_drive;             // shares in front
  Row steer_limit, steer_rate;             // rad, rad/s
  Row drag, rolling;                       // N per (m/s)^2, N per N
  Row has_abs;                             // 0 or 1
  Row understeer_slope;                    // s^2/m^2 times the tyres' slope, the same on any road

  // The road and its tyres' shape.
  Row friction_peak, magic_b, magic_c, magic_e, slide_share, peak_slip, slip_stiffness;
  Row fiala;        // 0 or 1
  Row pull, press;  // m/s^2: gravity along the road, and onto it
  Row understeer;   // s^2/m^2 on this road
  Row steer_grip;   // m/s^2: what steering counts on

  // Wishes, and what the controllers make of them.
  Row wanted_accel, target_x, target_y;
  Row direct_steer, wanted_steer;                // 1: the wheel is held at the wanted angle (rad)
  Row drive_demand, brake_demand, steer_demand;  // N, N, rad
  Row reference_accel, reference_speed, speed_integral;
  std::array<Row, kDelaySlots> asked;  // accelerations wanted at the last looks
  std::array<int32_t, kLanes> dead_slots;
  int32_t newest_slot;

  // Actuators.
  Row drive, brake, steer;  // N, N, rad

  // Motion.
  Row x, y, heading_x, heading_y;  // of the centre of gravity; a unit vector
  Row vx, vy, yaw_rate;            // in the car's frame
  Row ax, ay;                      // m/s^2, what the tyres give
  Row abs_active;                  // 0 or 1
};

/// A car that rolls straight ahead on the dry.
void PlaceCar(CarRows& rows, int lane, const VehicleBody& body, const FrontPose& pose,
              double speed);
void PlaceSurface(CarRows& rows, int lane, const RoadSurface& surface, const VehicleBody& body);
void PlaceCommand(CarRows& rows, int lane, const CarCommand& command);
CarState StateOf(const CarRows& rows, int lane);

/// What makes a slip across count beside one along, so that an axle under `load` (N) has the
/// cornering stiffness (N/rad) that its body says. The lane's surface must be the dry one.
double AcrossFactor(const CarRows& rows, int lane, double cornering_stiffness, double load);

/// The controllers' look, all lanes, every kControlPeriod: speed by feedforward and PI, path by
/// pure pursuit.
void Control(CarRows& rows);

/// Brakes, engine and steering follow their demands. No branches.
inline void MoveActuators(CarRows& c, int i, double h) {
  c.drive[i] += (c.drive_demand[i] - c.drive[i]) * h / (c.engine_lag[i] + h);
  c.brake[i] += (c.brake_demand[i] - c.brake[i]) * h / (c.brake_lag[i] + h);
  const double most = c.steer_rate[i] * h;
  c.steer[i] += Within((c.steer_demand[i] - c.steer[i]) * h / (c.steer_lag[i] + h), -most, most);
}

/// Turns the velocity and the heading by the yaw rate and moves the place. The rotation keeps the
/// length (Cayley's form), so that turning alone adds no energy. No branches.
inline void MoveBody(CarRows& c, int i, double h) {
  const double half = 0.5 * h * c.yaw_rate[i];
  const double scale = 1 / (1 + half * half);
  const double cosine = (1 - half * half) * scale, sine = 2 * half * scale;
  const double vx = c.vx[i], vy = c.vy[i];
  c.vx[i] = cosine * vx + sine * vy;
  c.vy[i] = cosine * vy - sine * vx;
  const double hx = c.heading_x[i], hy = c.heading_y[i];
  c.heading_x[i] = cosine * hx - sine * hy;
  c.heading_y[i] = cosine * hy + sine * hx;
  c.x[i] += h * (c.heading_x[i] * c.vx[i] - c.heading_y[i] * c.vy[i]);
  c.y[i] += h * (c.heading_y[i] * c.vx[i] + c.heading_x[i] * c.vy[i]);
}

/// A car that has stopped, brakes and would not slide off stays where it is.
inline bool Holds(const CarRows& c, int i) {
  const double speed = Most(std::abs(c.vx[i]), Most(std::abs(c.vy[i]), std::abs(c.yaw_rate[i])));
  return (speed < 0.03) & (c.wanted_accel[i] <= 0) & (c.drive[i] < 0.02 * c.mass[i]) &
         (std::abs(c.pull[i]) < c.friction_peak[i] * c.press[i]);
}

/// The share of a tyre's most at a slip's length. No branches.
inline double TyreShare(const CarRows& c, int i, double slip) {
  const double magic = MagicShare(c.magic_b[i], c.magic_c[i], c.magic_e[i], slip);
  const double fiala = FialaShare(c.slip_stiffness[i], c.slide_share[i], slip);
  return c.fiala[i] > 0 ? fiala : magic;
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_CAR_ROWS_H_
