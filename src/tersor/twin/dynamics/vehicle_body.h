// What a car is made of, as far as its motion needs it.
//
// Coordinates: x ahead, y to the left, z up, the centre of gravity as origin. "Front" and "rear"
// are axles of two wheels each.
#ifndef TERSOR_TWIN_DYNAMICS_VEHICLE_BODY_H_
#define TERSOR_TWIN_DYNAMICS_VEHICLE_BODY_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/config.h"

namespace tersor::twin {

inline constexpr double kGravity = 9.81;  // m/s^2

/// Two wheels and what carries them. The default is the sedan's front axle.
struct Axle {
  double distance = 1.1562;            // m from the centre of gravity
  double track = 1.3868;               // m between its wheels' middles
  double cornering_stiffness = 88800;  // N/rad of both tyres on a dry road, with what gives way
  double unsprung_mass = 63.8;         // kg, both wheels
  double spring = 24445;               // N/m a wheel
  double damper = 1786;                // N s/m a wheel
  double anti_roll = 6915;             // N m/rad of the bar
  double roll_centre = 0;              // m above the road
};

enum class TyreModel { kMagicFormula, kFiala };

struct VehicleBody {
  std::string name = "sedan";
  double length = 4.508, width = 1.610;  // m
  double front_overhang = 0.85;          // m from the front axle to the front bumper

  double mass = 1093.3;           // kg, all of it
  double yaw_inertia = 1791.6;    // kg m^2
  double roll_inertia = 207.3;    // kg m^2 of the sprung mass about its own centre
  double pitch_inertia = 1565.8;  // kg m^2, the same
  double cg_height = 0.5749;      // m, of all of it
  Axle front = {};
  Axle rear = {1.4227, 1.364, 96200, 63.8, 19629, 1649, 2644, 0};

  double wheel_radius = 0.344;               // m
  double wheel_inertia = 1.7;                // kg m^2 each
  double tyre_spring = 158240;               // N/m, vertical, each
  std::string tyre_model = "magic_formula";  // or fiala
  double friction_factor = 1;                // of its tyres beside those of a car on the same road
  double load_sensitivity = 0.1;  // share of friction lost where a tyre carries twice its own load

  double brake_bias = 0.66;        // share of the brake force at the front wheels
  double brake_dead_time = 0.1;    // s until pressure begins to rise
  double brake_lag = 0.15;         // s, first order
  double max_brake_force = 13500;  // N, all wheels
  bool abs = true;

  double engine_lag = 0.4;        // s, first order
  double max_drive_force = 4500;  // N
  double max_power = 92000;       // W
  double front_drive = 0;         // share of the drive force at the front wheels

  double steer_lag = 0.1;    // s, first order
  double steer_limit = 0.6;  // rad at the front wheels
  double steer_rate = 0.8;   // rad/s at the front wheels

  double drag_area = 0.68;            // m^2, coefficient times frontal area
  double rolling_resistance = 0.011;  // N per N

  double wheelbase() const { return front.distance + rear.distance; }
  double sprung_mass() const { return mass - front.unsprung_mass - rear.unsprung_mass; }
  /// Of the sprung mass alone, the wheels' centres lying at their radius.
  double sprung_height() const;
  /// m from the centre of gravity to the front bumper.
  double front_reach() const { return front.distance + front_overhang; }
  /// N that an axle carries on level ground at rest.
  double front_load() const { return mass * kGravity * rear.distance / wheelbase(); }
  double rear_load() const { return mass * kGravity * front.distance / wheelbase(); }
  TyreModel tyre() const {
    return tyre_model == "fiala" ? TyreModel::kFiala : TyreModel::kMagicFormula;
  }

  /// The fields, as a vehicle file has them.
  void AddFields(Schema& schema);
  /// Throws UsageError naming the field, its value and its range.
  void Validate() const;
};

/// The shipped vehicles' names.
std::span<const std::string_view> BodyNames();

/// A vehicle that comes with the twin: compact, sedan, van or truck. Throws UsageError with the
/// nearest known name.
///
/// Compact, sedan and van are the published sets of a Ford Escort, a BMW 320i and a VW Vanagon
/// (masses, inertias, geometry, springs, dampers, bars, brake and drive split: the parameter files
/// of CommonRoad's vehicle models, Althoff et al. 2017, which take them from Allen et al., DOT HS
/// 807 271, 1988). What those leave open is chosen within what is usual, as vehicle_body.cc says
/// line by line; so is all of the truck, a rigid one of two axles and 12 t.
const VehicleBody& ShippedBody(std::string_view name);

/// Reads a vehicle of one's own from a YAML file. It begins as the shipped one that `base` names
/// (default: sedan), called as the file, and the file's fields replace that one's. Throws
/// UsageError naming the file, the field and its range.
VehicleBody ReadBody(const std::string& path);

/// What a scenario or a command calls a vehicle: a shipped one's name, or a file that ends in
/// .yaml.
VehicleBody FindBody(const std::string& name_or_file);

/// All shipped ones, in the order of their names.
std::vector<VehicleBody> ShippedBodies();

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_VEHICLE_BODY_H_
