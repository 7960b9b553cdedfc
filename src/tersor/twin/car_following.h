// How fast a driver goes behind a leader, towards a stop and on a free road: the models of Krauss,
// IDM and Wiedemann 99, in steps of a fixed length. Speeds are decided for the next step, which
// then covers speed x step length (SUMO's semi-implicit Euler scheme).
#ifndef TERSOR_TWIN_CAR_FOLLOWING_H_
#define TERSOR_TWIN_CAR_FOLLOWING_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tersor/twin/demand.h"

namespace tersor::twin {

/// Parameters of the intelligent driver model; SI units.
struct IdmParameters {
  double accel = 1, decel = 1.5;  // m/s^2; comfortable deceleration
  double headway = 1.5;           // s
  double min_gap = 2;             // m
  double delta = 4;
};

/// a [1 - (v/v0)^delta - (s*/s)^2], s* = s0 + max(0, v T + v dv / (2 sqrt(a b))), in m/s^2.
/// Treiber, Hennecke, Helbing, "Congested traffic states in empirical observations and microscopic
/// simulations" (2000). `gap` from bumper to bumper, above 0; infinite on a free road.
double IdmAcceleration(const IdmParameters& driver, double speed, double lead_speed, double gap,
                       double desired_speed);

/// Parameters of Wiedemann's 99 model, in VISSIM's numbering.
struct Wiedemann99Parameters {
  double cc0 = 1.5, cc1 = 0.9, cc2 = 4, cc3 = -8, cc4 = -0.35, cc5 = 0.35, cc6 = 11.44, cc7 = 0.25,
         cc8 = 3.5, cc9 = 1.5;
};

/// The acceleration of the next step in m/s^2; `accel` and `lead_accel` are those of the last one.
/// Regimes as in Aghabayk et al., "A novel methodology for evolutionary calibration of Vissim by
/// multi-threading" (2013). `gap` from bumper to bumper; infinite on a free road.
double Wiedemann99Acceleration(const Wiedemann99Parameters& driver, double speed, double accel,
                               double lead_speed, double lead_accel, double gap,
                               double desired_speed);

/// What a driver knows of himself when he decides.
struct DriverState {
  double speed = 0;          // m/s
  double accel = 0;          // m/s^2, of the last step
  double desired_speed = 0;  // m/s, on this lane
};

/// What he sees of the vehicle before him.
struct LeaderState {
  double speed = 0;    // m/s
  double decel = 4.5;  // m/s^2, the hardest that he expects of it
  double accel = 0;    // m/s^2, of the last step
};

/// One vehicle type's car-following at one step length.
class CarFollower {
 public:
  /// Throws Error for a type whose numbers no driver can have, naming type and attribute.
  CarFollower(const VehicleType& type, double step_length);

  CarFollowing model() const { return model_; }
  double accel() const { return accel_; }
  double decel() const { return decel_; }
  double min_gap() const { return min_gap_; }
  double length() const { return length_; }
  double max_speed() const { return max_speed_; }
  double tau() const { return tau_; }
  double sigma() const { return sigma_; }
  double impatience() const { return impatience_; }  // before any waiting, 0 to 1
  double step_length() const { return step_; }

  /// What engine and brakes allow for the next step.
  double MaxNextSpeed(double speed) const { return std::min(speed + accel_ * step_, max_speed_); }
  double MinNextSpeed(double speed) const { return std::max(0.0, speed - brake_step_); }

  /// The way that braking with `decel` from `speed` takes, the braking beginning in the next step.
  double BrakeWay(double speed, double decel) const { return Way(speed, decel * step_); }
  /// The same with the driver's own braking, after his reaction time.
  double BrakeGap(double speed) const { return Way(speed, brake_step_) + speed * tau_; }
  /// The same without reaction time.
  double BrakeWay(double speed) const { return Way(speed, brake_step_); }

  /// The same with emergency braking.
  double EmergencyWay(double speed) const { return Way(speed, emergency_decel_ * step_); }

  /// Bumper to bumper less the minimum gap: what is safe behind a leader.
  double SecureGap(double speed, double lead_speed, double lead_decel) const {
    return std::max(0.0, BrakeGap(speed) - BrakeWay(lead_speed, std::max(decel_, lead_decel)));
  }

  /// The speed for the next step on a free lane.
  double CruiseSpeed(const DriverState& driver) const;
  /// Behind a leader; `gap` from bumper to bumper less the minimum gap.
  double FollowSpeed(const DriverState& driver, double gap, const LeaderState& leader) const;
  /// Towards a place `gap` metres ahead at which to stand.
  double StopSpeed(const DriverState& driver, double gap) const;
  /// The highest speed from which `target` is reached `distance` metres ahead by normal braking.
  double ApproachSpeed(double distance, double target) const;

  /// The highest safe speed of Krauss, in steps: `gap` metres ahead stands a wall, the speed is
  /// driven for `headway` seconds, then falls by decel x step each step. Krauss, "Microscopic
  /// modeling of traffic flow" (1998), in the limit of short steps.
  double SafeStopSpeed(double gap, double headway) const;

  /// What can be driven of a speed that is safe: within the brakes (emergency braking where the
  /// safe speed asks for it) and the engine, less Krauss's dawdling by `random` in [0, 1).
  double Drivable(double speed, double safe_speed, double random) const;

 private:
  double Way(double speed, double speed_step) const {
    const double steps = static_cast<double>(static_cast<int64_t>(speed / speed_step));
    return step_ * (steps * speed - speed_step * steps * (steps + 1) / 2);
  }
  double SafeFollowSpeed(double speed, double gap, const LeaderState& leader) const;
  double IdmSpeed(const DriverState& driver, double lead_speed, double gap) const;

  CarFollowing model_;
  double step_, accel_, decel_, emergency_decel_, min_gap_, length_, max_speed_, sigma_, tau_,
      impatience_;
  double brake_step_;      // speed that a step of braking takes away, m/s
  double brake_distance_;  // and the way that this is, m
  IdmParameters idm_;
  int idm_iterations_;
  Wiedemann99Parameters wiedemann_;
};

inline double CarFollower::SafeStopSpeed(double gap, double headway) const {
  // Slightly before the wall, so that rounding never puts anyone behind it.
  constexpr double kRounding = 1e-3;
  const double room = gap - kRounding;
  if (room < 0) {
    return 0;
  }
  // n full steps of braking need n b tau + b H n (n - 1) / 2; n is the largest number that fits.
  const double lead = headway / step_ - 0.5;
  const double n = static_cast<double>(
      static_cast<int64_t>(std::sqrt(lead * lead + 2 * room / brake_distance_) - lead));
  const double needed = brake_step_ * n * (headway + step_ * (n - 1) / 2);
  // What is left is driven a little faster throughout.
  return n * brake_step_ + (room - needed) / (n * step_ + headway);
}

inline double CarFollower::SafeFollowSpeed(double speed, double gap,
                                           const LeaderState& leader) const {
  // A leader is taken to brake at least as hard as we can: otherwise the paths could cross before
  // both stand although the stopping places do not.
  const double lead_decel = std::max(decel_, leader.decel);
  const double safe = SafeStopSpeed(gap + BrakeWay(leader.speed, lead_decel), tau_);
  const double wanted = (speed - safe) / step_;
  if (wanted <= decel_ + 1e-3) {
    return safe;
  }
  // More than normal braking: no harder than standing still behind the leader takes, with 20 % in
  // reserve.
  double needed = emergency_decel_;
  if (gap > 0) {
    needed = speed * speed / (2 * gap + leader.speed * leader.speed / lead_decel);
    if (needed > lead_decel) {
      needed = (speed * speed - leader.speed * leader.speed) / (2 * gap);
    }
  }
  return speed - std::min(std::max(1.2 * needed, decel_), wanted) * step_;
}

inline double CarFollower::FollowSpeed(const DriverState& driver, double gap,
                                       const LeaderState& leader) const {
  if (model_ == CarFollowing::kKrauss) {
    const double lowest = std::max(0.0, driver.speed - emergency_decel_ * step_);
    return std::min(std::max(SafeFollowSpeed(driver.speed, gap, leader), lowest),
                    MaxNextSpeed(driver.speed));
  }
  if (model_ == CarFollowing::kIdm) {
    return IdmSpeed(driver, leader.speed, gap + min_gap_);
  }
  return std::max(
      0.0, driver.speed + step_ * Wiedemann99Acceleration(wiedemann_, driver.speed, driver.accel,
                                                          leader.speed, leader.accel,
                                                          gap + min_gap_, driver.desired_speed));
}

inline double CarFollower::StopSpeed(const DriverState& driver, double gap) const {
  // A place does not surprise: no reaction time, as in SUMO.
  const double safe = std::min(SafeStopSpeed(gap, step_), MaxNextSpeed(driver.speed));
  return model_ == CarFollowing::kIdm && gap > 0 ? std::min(safe, IdmSpeed(driver, 0, gap)) : safe;
}

inline double CarFollower::ApproachSpeed(double distance, double target) const {
  const double target_way = target * step_;
  if (distance < target_way) {
    return target;
  }
  // y steps of braking that end at the target take (y^2 + y) / 2 of a braking step's way, and y
  // steps of the target's way.
  const double half = brake_distance_ / 2 + target_way;
  const double y = std::max(
      0.0, (std::sqrt(half * half + 2 * brake_distance_ * distance) - half) / brake_distance_);
  const double full = static_cast<double>(static_cast<int64_t>(y));
  const double taken = (full * full + full) / 2 * brake_distance_ + full * target_way +
                       (y > full ? target_way : 0.0);
  return std::max(0.0, distance - taken) / ((full + 1) * step_) + full * brake_step_ + target;
}

inline double CarFollower::CruiseSpeed(const DriverState& driver) const {
  const double speed = std::min(MaxNextSpeed(driver.speed), driver.desired_speed);
  if (model_ == CarFollowing::kKrauss) {
    return speed;
  }
  constexpr double kFree = 1e9;  // m
  if (model_ == CarFollowing::kIdm) {
    return std::min(MaxNextSpeed(driver.speed), IdmSpeed(driver, driver.speed, kFree));
  }
  const double accel = Wiedemann99Acceleration(wiedemann_, driver.speed, driver.accel, driver.speed,
                                               0, kFree, driver.desired_speed);
  return std::min(MaxNextSpeed(driver.speed), std::max(0.0, driver.speed + accel * step_));
}

inline double CarFollower::Drivable(double speed, double safe_speed, double random) const {
  const double emergency = std::max(0.0, speed - emergency_decel_ * step_);
  const double lowest = std::min(MinNextSpeed(speed), std::max(safe_speed, emergency));
  const double highest = std::max(lowest, std::min(MaxNextSpeed(speed), safe_speed));
  // Who is just starting dawdles less, so that everyone does start.
  const double dawdle = sigma_ * std::min(highest, accel_) * step_ * random;
  return std::max(lowest, highest - dawdle);
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CAR_FOLLOWING_H_
