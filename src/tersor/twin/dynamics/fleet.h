// Vehicles with mass, tyres and brakes, many at once: the interface of all levels of detail.
#ifndef TERSOR_TWIN_DYNAMICS_FLEET_H_
#define TERSOR_TWIN_DYNAMICS_FLEET_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "tersor/twin/dynamics/vehicle_body.h"

namespace tersor::twin {

enum class DynamicsLevel {
  kPointMass,    // L0: jerk, lags and the friction limit along the path
  kSingleTrack,  // L1: load transfer, tyres of two axles, ABS
  kMultiBody,    // L2: 14 degrees of freedom
};

/// As SUMO says poses: the middle of the front bumper, degrees clockwise from north.
struct FrontPose {
  double x = 0, y = 0, angle = 0;
};

/// What a car is doing.
struct CarState {
  FrontPose pose;
  double speed = 0;          // m/s along its axis
  double accel = 0;          // m/s^2 along its axis
  double lateral_speed = 0;  // m/s at the centre of gravity, to the left
  double yaw_rate = 0;       // rad/s, counter-clockwise
  double lateral_accel = 0;  // m/s^2, to the left
  double steer = 0;          // rad at the front wheels
  bool abs_active = false;
};

/// What the driver asks for until the next call.
struct CarCommand {
  double accel = 0;                   // m/s^2 wanted; below 0: braking
  double target_x = 0, target_y = 0;  // m: the point of the path ahead at which to steer
  std::optional<double> steer = {};   // rad at the front wheels; set: no target is looked at
};

/// The road under a car. Its frictions are those at the car's speed: what a water film takes of
/// them has been taken (weather/road_friction.h).
struct RoadSurface {
  double friction_peak = 0.85, friction_slide = 0.70;
  double grade = 0;       // rise over run
  double water_film = 0;  // mm

  /// Throws UsageError naming the field, its value and its range.
  void Validate() const;
  bool operator==(const RoadSurface&) const = default;
};

class Fleet {
 public:
  virtual ~Fleet() = default;

  /// A car that rolls straight ahead; its number, which is used again after Remove().
  virtual int32_t Add(const VehicleBody& body, const FrontPose& pose, double speed) = 0;
  virtual void Remove(int32_t car) = 0;
  virtual void Command(int32_t car, const CarCommand& command) = 0;
  virtual void SetSurface(int32_t car, const RoadSurface& surface) = 0;

  /// Moves all cars on by `seconds`, in substeps of at most that of MakeFleet(). Throws Error
  /// naming the car's number, time and state that left the finite numbers.
  virtual void Advance(double seconds) = 0;
  virtual CarState State(int32_t car) const = 0;
};

/// `substep` in s. `threads` as in EmbeddedOptions; the same bytes for any number.
std::unique_ptr<Fleet> MakeFleet(DynamicsLevel level, double substep = 0.001, int threads = 1);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_FLEET_H_
