#include "tersor/twin/dynamics/vehicle_body.h"

#include <array>
#include <filesystem>
#include <vector>

#include "tersor/util/config_check.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// An axle's cornering stiffness is chosen by the load that it carries. CommonRoad's tyre has 21.9
// N/rad a newton; what a suspension and a steering give way costs more in front than behind, which
// makes cars understeer by about one degree a g. Truck tyres have about half of that.
constexpr double kCarFront = 15, kCarRear = 20;
constexpr double kVanFront = 13, kVanRear = 16;
constexpr double kTruckFront = 7.5, kTruckRear = 9;

void SetStiffness(double front, double rear, VehicleBody* body) {
  body->front.cornering_stiffness = front * body->front_load();
  body->rear.cornering_stiffness = rear * body->rear_load();
}

// Chosen for all cars: overhangs by their length, brakes that can lock all wheels on a dry road
// (1.25 g), engines and drag by their year's usual figures; lags as the ranges that braking and
// engine models use (dead time 0.1 to 0.2 s, pressure 0.15 to 0.3 s, engine 0.3 to 0.5 s).
// CommonRoad gives a wheel's radius and inertia and the limits of the steering, of which we take
// what a driver's wheel reaches.

VehicleBody Sedan() {
  VehicleBody body;
  SetStiffness(kCarFront, kCarRear, &body);
  return body;
}

VehicleBody Compact() {
  VehicleBody body;
  body.name = "compact";
  body.length = 4.298;
  body.width = 1.674;
  body.front_overhang = 0.85;
  body.mass = 1225.9;
  body.yaw_inertia = 1538.9;
  body.roll_inertia = 244.0;
  body.pitch_inertia = 1342.3;
  body.cg_height = 0.5578;
  body.front = {.distance = 0.8839,
                .track = 1.3899,
                .unsprung_mass = 65.7,
                .spring = 21891,
                .damper = 1459,
                .anti_roll = 12880,
                .roll_centre = 0};
  body.rear = {.distance = 1.5088,
               .track = 1.4234,
               .unsprung_mass = 65.7,
               .spring = 21891,
               .damper = 1459,
               .anti_roll = 0,
               .roll_centre = 0};
  body.tyre_spring = 189720;
  body.brake_bias = 0.76;
  body.max_brake_force = 15000;
  body.max_drive_force = 4200;
  body.max_power = 75000;
  body.front_drive = 1;
  body.drag_area = 0.66;
  SetStiffness(kCarFront, kCarRear, &body);
  return body;
}

VehicleBody Van() {
  VehicleBody body;
  body.name = "van";
  body.length = 4.569;
  body.width = 1.844;
  body.front_overhang = 0.95;
  body.mass = 1478.9;
  body.yaw_inertia = 2473.1;
  body.roll_inertia = 479.9;
  body.pitch_inertia = 2204.3;
  body.cg_height = 0.7478;
  body.front = {.distance = 1.1508,
                .track = 1.5743,
                .unsprung_mass = 81.1,
                .spring = 33566,
                .damper = 2406,
                .anti_roll = 33948,
                .roll_centre = 0};
  body.rear = {.distance = 1.3211,
               .track = 1.5438,
               .unsprung_mass = 81.1,
               .spring = 39112,
               .damper = 2770,
               .anti_roll = 7731,
               .roll_centre = 0};
  body.tyre_spring = 212569;
  body.brake_bias = 0.64;
  body.max_brake_force = 18000;
  body.max_drive_force = 5000;
  body.max_power = 80000;
  body.drag_area = 1.15;
  body.rolling_resistance = 0.012;
  SetStiffness(kVanFront, kVanRear, &body);
  return body;
}

// A laden distribution truck. Its air brakes take about 0.4 s in all, as drivers' manuals teach
// (0.2 s of dead time and 0.2 s of lag); their tyres hold less than a car's, and less behind where
// the load is. The friction factor 0.85 is chosen.
VehicleBody Truck() {
  VehicleBody body;
  body.name = "truck";
  body.length = 8.5;
  body.width = 2.5;
  body.front_overhang = 1.4;
  body.mass = 12000;
  body.yaw_inertia = 62000;
  body.roll_inertia = 9000;
  body.pitch_inertia = 48000;
  body.cg_height = 1.25;
  body.front = {.distance = 2.7,
                .track = 2.05,
                .unsprung_mass = 650,
                .spring = 220000,
                .damper = 12000,
                .anti_roll = 40000,
                .roll_centre = 0.5};
  body.rear = {.distance = 1.8,
               .track = 1.85,
               .unsprung_mass = 1100,
               .spring = 460000,
               .damper = 22000,
               .anti_roll = 80000,
               .roll_centre = 0.7};
  body.wheel_radius = 0.50;
  body.wheel_inertia = 14;
  body.tyre_spring = 1200000;
  body.friction_factor = 0.85;
  body.brake_bias = 0.50;
  body.brake_dead_time = 0.2;
  body.brake_lag = 0.2;
  body.max_brake_force = 110000;
  body.engine_lag = 0.5;
  body.max_drive_force = 36000;
  body.max_power = 205000;
  body.steer_lag = 0.15;
  body.steer_limit = 0.7;
  body.steer_rate = 0.5;
  body.drag_area = 5.5;
  body.rolling_resistance = 0.007;
  SetStiffness(kTruckFront, kTruckRear, &body);
  return body;
}

constexpr std::array<std::string_view, 4> kNames = {"compact", "sedan", "van", "truck"};

void AddAxle(const std::string& key, Axle* axle, Schema* schema) {
  schema->Add(key + ".distance", "m from the centre of gravity", &axle->distance)
      .Add(key + ".track", "m between the wheels", &axle->track)
      .Add(key + ".cornering_stiffness", "N/rad of both tyres on a dry road",
           &axle->cornering_stiffness)
      .Add(key + ".unsprung_mass", "kg of both wheels", &axle->unsprung_mass)
      .Add(key + ".spring", "N/m a wheel", &axle->spring)
      .Add(key + ".damper", "N s/m a wheel", &axle->damper)
      .Add(key + ".anti_roll", "N m/rad of the bar", &axle->anti_roll)
      .Add(key + ".roll_centre", "m above the road", &axle->roll_centre);
}

void CheckAxle(const std::string& key, const Axle& axle) {
  CheckRange(key + ".distance", axle.distance, 0.3, 10);
  CheckRange(key + ".track", axle.track, 0.5, 3);
  CheckRange(key + ".cornering_stiffness", axle.cornering_stiffness, 1e3, 5e6);
  CheckRange(key + ".unsprung_mass", axle.unsprung_mass, 5, 5000);
  CheckRange(key + ".spring", axle.spring, 1e3, 5e6);
  CheckRange(key + ".damper", axle.damper, 0, 2e5);
  CheckRange(key + ".anti_roll", axle.anti_roll, 0, 1e6);
  CheckRange(key + ".roll_centre", axle.roll_centre, -0.5, 2);
}

}  // namespace

double VehicleBody::sprung_height() const {
  const double unsprung = front.unsprung_mass + rear.unsprung_mass;
  return (mass * cg_height - unsprung * wheel_radius) / sprung_mass();
}

void VehicleBody::AddFields(Schema& schema) {
  schema.Add("name", "of the vehicle", &name)
      .Add("length", "m", &length)
      .Add("width", "m", &width)
      .Add("front_overhang", "m from the front axle to the front bumper", &front_overhang)
      .Add("mass", "kg, all of it", &mass)
      .Add("yaw_inertia", "kg m^2", &yaw_inertia)
      .Add("roll_inertia", "kg m^2 of the sprung mass", &roll_inertia)
      .Add("pitch_inertia", "kg m^2 of the sprung mass", &pitch_inertia)
      .Add("cg_height", "m", &cg_height);
  AddAxle("front", &front, &schema);
  AddAxle("rear", &rear, &schema);
  schema.Add("wheel_radius", "m", &wheel_radius)
      .Add("wheel_inertia", "kg m^2 each", &wheel_inertia)
      .Add("tyre_spring", "N/m, vertical, each", &tyre_spring)
      .Add("tyre_model", "magic_formula or fiala", &tyre_model)
      .Add("friction_factor", "of its tyres beside a car's", &friction_factor)
      .Add("load_sensitivity", "share of friction lost at twice the load", &load_sensitivity)
      .Add("brake_bias", "share of the brake force in front", &brake_bias)
      .Add("brake_dead_time", "s", &brake_dead_time)
      .Add("brake_lag", "s, first order", &brake_lag)
      .Add("max_brake_force", "N, all wheels", &max_brake_force)
      .Add("abs", "whether it has an anti-lock system", &abs)
      .Add("engine_lag", "s, first order", &engine_lag)
      .Add("max_drive_force", "N", &max_drive_force)
      .Add("max_power", "W", &max_power)
      .Add("front_drive", "share of the drive force in front", &front_drive)
      .Add("steer_lag", "s, first order", &steer_lag)
      .Add("steer_limit", "rad at the front wheels", &steer_limit)
      .Add("steer_rate", "rad/s at the front wheels", &steer_rate)
      .Add("drag_area", "m^2", &drag_area)
      .Add("rolling_resistance", "N per N", &rolling_resistance);
}

void VehicleBody::Validate() const {
  CheckRange("length", length, 1, 30);
  CheckRange("width", width, 0.5, 4);
  CheckRange("mass", mass, 200, 60000);
  CheckRange("yaw_inertia", yaw_inertia, 50, 3e6);
  CheckRange("roll_inertia", roll_inertia, 20, 3e5);
  CheckRange("pitch_inertia", pitch_inertia, 50, 3e6);
  CheckRange("cg_height", cg_height, 0.1, 3);
  CheckAxle("front", front);
  CheckAxle("rear", rear);
  CheckRange("front_overhang", front_overhang, 0, length - wheelbase());
  CheckRange("sprung mass (mass less front.unsprung_mass and rear.unsprung_mass)", sprung_mass(),
             0.3 * mass, mass);
  CheckRange("wheel_radius", wheel_radius, 0.1, 1);
  CheckRange("wheel_inertia", wheel_inertia, 0.05, 200);
  CheckRange("tyre_spring", tyre_spring, 1e4, 1e7);
  CheckChoice("tyre_model", tyre_model, {"magic_formula", "fiala"});
  CheckRange("friction_factor", friction_factor, 0.3, 2);
  CheckRange("load_sensitivity", load_sensitivity, 0, 0.5);
  CheckRange("brake_bias", brake_bias, 0, 1);
  CheckRange("brake_dead_time", brake_dead_time, 0, 0.6);
  CheckRange("brake_lag", brake_lag, 0, 2);
  CheckRange("max_brake_force", max_brake_force, 0.2 * mass * kGravity, 3 * mass * kGravity);
  CheckRange("engine_lag", engine_lag, 0, 5);
  CheckRange("max_drive_force", max_drive_force, 0.05 * mass, 3 * mass * kGravity);
  CheckRange("max_power", max_power, 1000, 2e6);
  CheckRange("front_drive", front_drive, 0, 1);
  CheckRange("steer_lag", steer_lag, 0, 2);
  CheckRange("steer_limit", steer_limit, 0.05, 1.2);
  CheckRange("steer_rate", steer_rate, 0.05, 10);
  CheckRange("drag_area", drag_area, 0, 20);
  CheckRange("rolling_resistance", rolling_resistance, 0, 0.1);
}

std::span<const std::string_view> BodyNames() { return kNames; }

const VehicleBody& ShippedBody(std::string_view name) {
  static const std::array<VehicleBody, 4> bodies = {Compact(), Sedan(), Van(), Truck()};
  for (const VehicleBody& body : bodies) {
    if (body.name == name) {
      return body;
    }
  }
  const std::string near =
      NearestName(name, std::vector<std::string>(kNames.begin(), kNames.end()));
  FailUsage("vehicle ", name, " is not known; ",
            near.empty() ? "there are: compact, sedan, van, truck" : "did you mean " + near + "?");
}

VehicleBody ReadBody(const std::string& path) {
  // Read twice: the first time only to learn what the fields replace.
  std::string base = "sedan";
  VehicleBody body;
  for (int pass = 0; pass < 2; ++pass) {
    body = pass == 0 ? VehicleBody() : ShippedBody(base);
    body.name = std::filesystem::path(path).stem().string();
    Schema schema;
    schema.Add("base", "the shipped vehicle whose values hold where the file is silent", &base);
    body.AddFields(schema);
    schema.LoadYamlFile(path);
  }
  try {
    body.Validate();
  } catch (const UsageError& error) {
    FailUsage(path, ": ", error.what());
  }
  return body;
}

VehicleBody FindBody(const std::string& name_or_file) {
  return name_or_file.ends_with(".yaml") ? ReadBody(name_or_file) : ShippedBody(name_or_file);
}

std::vector<VehicleBody> ShippedBodies() {
  std::vector<VehicleBody> bodies;
  for (const std::string_view name : kNames) {
    bodies.push_back(ShippedBody(name));
  }
  return bodies;
}

}  // namespace tersor::twin
