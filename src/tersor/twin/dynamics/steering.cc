#include "tersor/twin/dynamics/steering.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tersor::twin {

double UndersteerGradient(const VehicleBody& body) {
  const double wheelbase = body.wheelbase();
  return body.mass / (wheelbase * wheelbase) *
         (body.rear.distance / body.front.cornering_stiffness -
          body.front.distance / body.rear.cornering_stiffness);
}

double YawGain(const VehicleBody& body, double speed) {
  return speed / body.wheelbase() / (1 + UndersteerGradient(body) * speed * speed);
}

double CharacteristicSpeed(const VehicleBody& body) {
  const double gradient = UndersteerGradient(body);
  return gradient > 0 ? 1 / std::sqrt(gradient) : std::numeric_limits<double>::infinity();
}

double PursuitCurvature(double ahead, double left) {
  return 2 * left / std::max(ahead * ahead + left * left, 4.0);
}

double SteerAngle(double curvature, double speed, double wheelbase, double understeer) {
  return std::atan(wheelbase * curvature * (1 + understeer * speed * speed));
}

double StanleyAngle(double heading_error, double offset, double speed, double gain) {
  return heading_error - std::atan2(gain * offset, speed + 1);
}

}  // namespace tersor::twin
