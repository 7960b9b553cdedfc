// How a car answers its steering while its tyres hold, and the steering that follows a path.
#ifndef TERSOR_TWIN_DYNAMICS_STEERING_H_
#define TERSOR_TWIN_DYNAMICS_STEERING_H_

#include "tersor/twin/dynamics/vehicle_body.h"

namespace tersor::twin {

/// K (s^2/m^2) of the linear single track: r = v/L delta / (1 + K v^2), K = m/L^2 (b/Cf - a/Cr).
/// Above 0 the car understeers.
double UndersteerGradient(const VehicleBody& body);

/// Yaw rate over steer angle (1/s) at a speed (m/s), at rest in its turn.
double YawGain(const VehicleBody& body, double speed);

/// m/s of the largest yaw gain, 1/sqrt(K); infinite for a car that does not understeer.
double CharacteristicSpeed(const VehicleBody& body);

/// 1/m, to the left, of the circle from the rear axle, along the car, through a point `ahead` and
/// `left` of the axle (m): pure pursuit, 2 left / distance^2. Points nearer than 2 m count as 2 m
/// away.
double PursuitCurvature(double ahead, double left);

/// rad at the front wheels for a path's curvature (1/m), with what the car understeers added:
/// atan(L curvature (1 + K v^2)).
double SteerAngle(double curvature, double speed, double wheelbase, double understeer);

/// rad at the front wheels by Stanley's law: the path's heading against the car's (rad, to the
/// left), and the front axle's offset to the left of the path (m), which calls for
/// -atan(gain offset / (speed + 1)).
double StanleyAngle(double heading_error, double offset, double speed, double gain);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_STEERING_H_
