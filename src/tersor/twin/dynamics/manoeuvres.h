// Manoeuvres by which vehicles are judged: braking, step steer, a circle, a double lane change, and
// all that the tyres can do at once.
#ifndef TERSOR_TWIN_DYNAMICS_MANOEUVRES_H_
#define TERSOR_TWIN_DYNAMICS_MANOEUVRES_H_

#include <vector>

#include "tersor/twin/dynamics/fleet.h"

namespace tersor::twin {

/// m that a point needs to stop on friction alone: v^2 / (2 mu g).
double IdealStoppingDistance(double speed, double friction);

/// The body without what is no matter of friction: no lag and dead time of the brakes, no air, no
/// rolling resistance, tyres as a car's.
VehicleBody PromptBody(VehicleBody body);

struct Braking {
  double distance = 0;      // m, from the wish to rest
  double time = 0;          // s
  double friction_use = 0;  // mean deceleration between 80 and 20 % of the speed, of peak mu g
};

/// Full braking straight ahead from every speed (m/s, above 0), in the speeds' order.
std::vector<Braking> BrakeFrom(DynamicsLevel level, const VehicleBody& body,
                               const std::vector<double>& speeds, const RoadSurface& surface);

struct StepSteer {
  double yaw_gain = 0;       // 1/s, yaw rate over steer angle at the end
  double lateral_accel = 0;  // m/s^2 at the end
  double rise_time = 0;      // s from the step to 90 % of the final yaw rate
  double overshoot = 0;      // of the final yaw rate, 0: none
  double speed = 0;          // m/s at the end
};

/// A step of the steering (rad at the front wheels) at a speed that the engine keeps.
StepSteer SteerStep(DynamicsLevel level, const VehicleBody& body, double speed, double steer);

struct CirclePoint {
  double lateral_accel = 0;  // m/s^2, speed times yaw rate
  double steer = 0;          // rad
  double speed = 0;          // m/s
};

/// Steady driving on a circle (ISO 4138, constant radius): one point for every wanted lateral
/// acceleration (m/s^2, rising) that the tyres hold.
std::vector<CirclePoint> ConstantRadius(DynamicsLevel level, const VehicleBody& body, double radius,
                                        const std::vector<double>& lateral_accels);

/// rad of steering a m/s^2 of lateral acceleration between the first two points, on top of the
/// circle's L/R: understeer above 0. The linear single track has L K.
double UndersteerSlope(const std::vector<CirclePoint>& points);

struct LaneChangePoint {
  double x = 0, y = 0;       // m, of the front bumper's middle
  double lateral_accel = 0;  // m/s^2
};

struct DoubleLaneChange {
  std::vector<LaneChangePoint> path;  // every 10 ms
  double most_lateral_accel = 0;      // m/s^2
  double most_offset = 0;             // m from the driver's line
  double exit_speed = 0;              // m/s
};

/// The driver's line: 3.5 m to the left and back again between the lanes of ISO 3888-1 (15 m, 30 m
/// to change, 25 m beside, 25 m to change back, then straight), as quintics that begin and end
/// within the lanes' play.
double LaneChangeLine(double x);

/// Drives it with the throttle held: a driver who steers by the line's curvature ahead and by
/// Stanley's law.
DoubleLaneChange ChangeLanes(DynamicsLevel level, const VehicleBody& body, double speed,
                             const RoadSurface& surface);

/// m, the largest distance across between the two paths at the same x.
double LargestGap(const DoubleLaneChange& a, const DoubleLaneChange& b);

struct Accelerations {
  double along = 0, across = 0;  // m/s^2
};

/// The most that tyres and engine give together (g-g diagram): for directions from full braking to
/// full throttle, to the left, what was reached from 25 m/s while the steering was turned in.
std::vector<Accelerations> ReachableAccelerations(DynamicsLevel level, const VehicleBody& body,
                                                  const RoadSurface& surface);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_MANOEUVRES_H_
