#include "tersor/twin/ssm_measures.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {
namespace {

// Distances and accelerations below it count as none, as in SUMO.
constexpr double kEpsilon = 1e-3;

// Braking of `braking` so that it reaches the area just as `other` leaves it; kNever where that
// says nothing.
double BrakingFor(const AreaApproach& braking, const AreaApproach& other) {
  if (other.exit_time != kNever) {
    return 2 * (braking.speed - braking.entry / other.exit_time) / other.exit_time;
  }
  // The other one stops: on the area, so that braking must end before it; or not even there.
  return other.entry_time != kNever ? FollowingDrac(braking.entry, braking.speed, 0) : kNever;
}

}  // namespace

double FollowingTtc(double gap, double follower_speed, double leader_speed) {
  if (gap <= 0) {
    return 0;
  }
  const double closing = follower_speed - leader_speed;
  return closing > 0 ? gap / closing : kNotAvailable;
}

double FollowingDrac(double gap, double follower_speed, double leader_speed) {
  if (gap <= 0) {
    return kNotAvailable;
  }
  const double closing = follower_speed - leader_speed;
  return closing > 0 ? 0.5 * closing * closing / gap : 0;
}

double Mdrac(double closing_speed, double ttc, double reaction_time) {
  if (std::isnan(ttc) || closing_speed <= 0) {
    return kNotAvailable;
  }
  return ttc > reaction_time ? closing_speed / (2 * (ttc - reaction_time)) : kNever;
}

double OncomingTtc(double distance, double speed_a, double speed_b) {
  const double closing = speed_a + speed_b;
  return closing > 0 ? std::max(distance, 0.0) / closing : kNotAvailable;
}

double ArrivalTime(double distance, double speed, double acceleration) {
  if (distance < kEpsilon) {
    return 0;
  }
  const double braking = std::max(-acceleration, 0.0);
  if (speed <= 0 || speed * speed < 2 * braking * distance) {
    return kNever;
  }
  if (braking < kEpsilon) {
    return distance / speed;
  }
  // distance = speed t - braking t^2 / 2, the earlier of the two times.
  const double p = speed / braking;
  return p - std::sqrt(std::max(p * p - 2 * distance / braking, 0.0));
}

AreaApproach ApproachArea(double entry, double exit, double speed, double acceleration) {
  AreaApproach approach{.entry = entry, .exit = exit, .speed = speed};
  approach.entry_time = entry > kEpsilon ? ArrivalTime(entry, speed, acceleration) : 0;
  approach.exit_time = exit >= 0 ? ArrivalTime(exit, speed, acceleration) : 0;
  return approach;
}

double CrossingTtc(const AreaApproach& first, const AreaApproach& second) {
  return second.entry_time <= first.exit_time ? FollowingTtc(second.entry, second.speed, 0)
                                              : kNotAvailable;
}

double CrossingDrac(const AreaApproach& a, const AreaApproach& b) {
  if (a.exit <= 0 || b.exit <= 0) {
    return 0;
  }
  double drac = kNever;
  if (a.entry > 0) {
    drac = std::min(drac, BrakingFor(a, b));
  }
  if (b.entry > 0) {
    drac = std::min(drac, BrakingFor(b, a));
  }
  return drac > 0 && drac != kNever ? drac : kNotAvailable;
}

TtcAndDrac MergingMeasures(const MergeApproach& a, const MergeApproach& b) {
  if (a.speed <= 0 || b.speed <= 0) {
    return {};
  }
  const bool a_leads = a.distance / a.speed <= b.distance / b.speed;
  const MergeApproach& leader = a_leads ? a : b;
  const MergeApproach& follower = a_leads ? b : a;
  const double leader_exit_time = (leader.distance + leader.length) / leader.speed;
  if (leader_exit_time >= follower.distance / follower.speed) {
    return {FollowingTtc(follower.distance, follower.speed, 0),
            FollowingDrac(follower.distance, follower.speed, 0), follower.speed};
  }
  TtcAndDrac result{.closing_speed = follower.speed - leader.speed};
  const double gap_then = follower.distance - leader_exit_time * follower.speed;
  result.ttc = leader_exit_time + FollowingTtc(gap_then, follower.speed, leader.speed);
  // A leader that is not through yet by distance is so by time only because it is faster.
  const double gap_now = follower.distance - leader.distance - leader.length;
  result.drac = gap_now < 0 ? kNotAvailable : FollowingDrac(gap_now, follower.speed, leader.speed);
  return result;
}

double Pet(double first_exit_time, double second_entry_time) {
  return second_entry_time - first_exit_time;
}

}  // namespace tersor::twin
