// Surrogate safety measures as plain functions of distances (m), speeds (m/s) and times (s). What
// is undefined ("NA" in SUMO's files) is NaN; a time that never comes is infinity. The definitions
// are those of SUMO 1.15's SSM device, so that numbers compare.
#ifndef TERSOR_TWIN_SSM_MEASURES_H_
#define TERSOR_TWIN_SSM_MEASURES_H_

#include <limits>

namespace tersor::twin {

inline constexpr double kNotAvailable = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kNever = std::numeric_limits<double>::infinity();

/// Time to collision with the car ahead: gap / closing speed; 0 where they touch already, NaN where
/// the follower is not faster. The gap reaches from the follower's front to the leader's back.
double FollowingTtc(double gap, double follower_speed, double leader_speed);

/// Deceleration rate to avoid the crash: closing speed squared / (2 gap); 0 where the follower is
/// not faster, NaN where they touch already.
double FollowingDrac(double gap, double follower_speed, double leader_speed);

/// DRAC of a driver who brakes only after `reaction_time`: closing speed / (2 (TTC - reaction)).
/// Infinity where the reaction takes longer than the TTC, NaN where there is no TTC.
double Mdrac(double closing_speed, double ttc, double reaction_time = 1);

/// Two vehicles that drive towards each other, `distance` between their fronts.
double OncomingTtc(double distance, double speed_a, double speed_b);

/// When a vehicle has covered `distance`, given that it keeps braking as it does now
/// (`acceleration` <= 0; what is positive counts as 0); kNever where it stops before.
double ArrivalTime(double distance, double speed, double acceleration);

/// One vehicle before (or on) an area that another one wants, too.
struct AreaApproach {
  double entry = 0, exit = 0;            // m until its front enters; until its back has left
  double speed = 0;                      // m/s
  double entry_time = 0, exit_time = 0;  // s from now, by ArrivalTime; 0 where it has done so
};

AreaApproach ApproachArea(double entry, double exit, double speed, double acceleration);

/// Time until the one that comes second hits the area, if the first is still on it then.
double CrossingTtc(const AreaApproach& first, const AreaApproach& second);

/// The least constant braking of either, if it has not entered yet, which brings it to the area as
/// the other one leaves. NaN where none is needed or both are on the area; 0 where one has left.
double CrossingDrac(const AreaApproach& a, const AreaApproach& b);

/// TTC and DRAC of one situation, and how fast the two close in on each other.
struct TtcAndDrac {
  double ttc = kNotAvailable, drac = kNotAvailable;
  double closing_speed = 0;
};

/// One vehicle before the place where two lanes become one.
struct MergeApproach {
  double distance = 0;  // m from its front
  double speed = 0;     // m/s
  double length = 0;    // m
};

/// Either both meet where the lanes merge (then the second has to stop), or the first is through
/// by then and is followed. NaN where one of them stands.
TtcAndDrac MergingMeasures(const MergeApproach& a, const MergeApproach& b);

/// Post-encroachment time: from the first one's leaving of the area to the second one's entering.
double Pet(double first_exit_time, double second_entry_time);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SSM_MEASURES_H_
