#include "tersor/twin/car_following.h"

#include <array>
#include <string>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

double Parameter(const VehicleType& type, const std::string& name, double fallback) {
  const auto found = type.model_parameters.find(name);
  return found == type.model_parameters.end() ? fallback : found->second;
}

void CheckPositive(const VehicleType& type, const char* attribute, double value) {
  TERSOR_CHECK(value > 0 && std::isfinite(value), "vType '", type.id, "': ", attribute, " is ",
               value, "; it must be above 0");
}

Wiedemann99Parameters ReadWiedemann99(const VehicleType& type) {
  Wiedemann99Parameters read;
  const std::array<double*, 10> fields = {&read.cc0, &read.cc1, &read.cc2, &read.cc3, &read.cc4,
                                          &read.cc5, &read.cc6, &read.cc7, &read.cc8, &read.cc9};
  for (size_t i = 0; i < fields.size(); ++i) {
    *fields[i] = Parameter(type, "cc" + std::to_string(i), *fields[i]);
  }
  return read;
}

}  // namespace

double IdmAcceleration(const IdmParameters& driver, double speed, double lead_speed, double gap,
                       double desired_speed) {
  const double interaction =
      speed * (speed - lead_speed) / (2 * std::sqrt(driver.accel * driver.decel));
  const double wanted = driver.min_gap + std::max(0.0, speed * driver.headway + interaction);
  const double ratio = speed / desired_speed;
  const double free =
      driver.delta == 4 ? ratio * ratio * ratio * ratio : std::pow(ratio, driver.delta);
  return driver.accel * (1 - free - (wanted / gap) * (wanted / gap));
}

double Wiedemann99Acceleration(const Wiedemann99Parameters& driver, double speed, double accel,
                               double lead_speed, double lead_accel, double gap,
                               double desired_speed) {
  const double dv = lead_speed - speed;
  const double slower = dv >= 0 || lead_accel < -1 ? speed : lead_speed;
  const double close = driver.cc0 + driver.cc1 * std::max(0.0, slower);              // SDX_c
  const double far = close + driver.cc2;                                             // SDX_o
  const double reacting = far + driver.cc3 * (dv - driver.cc4);                      // SDX_v
  const double perception = driver.cc6 / 10000 * gap * gap;                          // SDV
  const double closing = lead_speed > 0 ? driver.cc4 - perception : 0;               // SDV_c
  const double opening = speed > driver.cc5 ? perception + driver.cc5 : perception;  // SDV_o
  const double wish = desired_speed - speed;
  if (dv < opening && gap <= close) {  // too close: fall back
    double next = 0;
    if (speed > 0 && dv < 0) {
      next = gap > driver.cc0 ? std::min(lead_accel + dv * dv / (driver.cc0 - gap), accel)
                              : std::min(lead_accel + 0.5 * (dv - opening), accel);
      next = next > -driver.cc7 ? -driver.cc7 : std::max(next, -10 + 0.5 * std::sqrt(speed));
    }
    return std::min(next, wish);
  }
  if (dv < closing && gap < reacting) {  // closing in
    return std::max(0.5 * dv * dv / (close - gap - 0.1), -10.0);
  }
  if (dv < opening && gap < far) {  // following: the speed swings about the leader's
    return accel <= 0 ? std::min(std::min(accel, -driver.cc7), wish)
                      : std::min(std::max(accel, driver.cc7), wish);
  }
  double next = driver.cc8 + (driver.cc9 - driver.cc8) * std::min(speed / (80 / 3.6), 1.0);
  if (gap < far) {
    next = std::min(next, dv * dv / (far - gap));
  }
  return std::min(next, wish);
}

CarFollower::CarFollower(const VehicleType& type, double step_length)
    : model_(type.model),
      step_(step_length),
      accel_(type.accel),
      decel_(type.decel),
      emergency_decel_(std::max(type.emergency_decel, type.decel)),
      min_gap_(type.min_gap),
      length_(type.length),
      max_speed_(type.max_speed),
      sigma_(type.model == CarFollowing::kKrauss ? type.sigma : 0),
      tau_(type.tau),
      impatience_(type.impatience),
      brake_step_(type.decel * step_length),
      brake_distance_(type.decel * step_length * step_length),
      idm_{type.accel, type.decel, type.tau, type.min_gap, Parameter(type, "delta", 4)},
      idm_iterations_(std::max(
          1, static_cast<int>(std::lround(step_length / Parameter(type, "stepping", 0.25))))),
      wiedemann_(ReadWiedemann99(type)) {
  CheckPositive(type, "length", type.length);
  CheckPositive(type, "accel", type.accel);
  CheckPositive(type, "decel", type.decel);
  CheckPositive(type, "tau", type.tau);
  CheckPositive(type, "maxSpeed", type.max_speed);
  TERSOR_CHECK(type.min_gap >= 0, "vType '", type.id, "': minGap is ", type.min_gap,
               "; it must not be negative");
  TERSOR_CHECK(type.sigma >= 0 && type.sigma <= 1, "vType '", type.id, "': sigma is ", type.sigma,
               "; it must be from 0 to 1");
}

double CarFollower::IdmSpeed(const DriverState& driver, double lead_speed, double gap) const {
  constexpr double kTouching = 1e-3;  // m
  const double part = step_ / idm_iterations_;
  double speed = driver.speed;
  for (int i = 0; i < idm_iterations_; ++i) {
    speed += part * IdmAcceleration(idm_, speed, lead_speed, std::max(gap, kTouching),
                                    std::max(driver.desired_speed, 0.1));
    speed = std::max(0.0, speed);
    gap -= std::max(0.0, part * (speed - lead_speed));
  }
  return speed;
}

}  // namespace tersor::twin
