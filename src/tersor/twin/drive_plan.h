// How a vehicle looks along its route: at which speed it may go on over every link ahead, and at
// which it has to if it must wait there. First all plan, then links are granted, then all move.
#ifndef TERSOR_TWIN_DRIVE_PLAN_H_
#define TERSOR_TWIN_DRIVE_PLAN_H_

#include <cstdint>

#include "tersor/twin/right_of_way.h"
#include "tersor/twin/signals.h"
#include "tersor/twin/traffic_state.h"
#include "tersor/util/rng.h"

namespace tersor::twin {

/// Fills the plans of one vehicle behind `leader` on its own lane (slot -1: nobody); `queue`: m
/// that all those before it on that lane take, with their gaps. Reads the state of the step's begin
/// and writes the vehicle's own plans only.
void PlanDrive(TrafficState& state, const LinkSignals& signals, int32_t slot,
               const TrafficState::Rear& leader, double queue);

/// Goes through the plans up to the first link that is closed and sets the vehicle's next speed.
/// `impatience_time`: seconds of waiting after which a driver is wholly impatient.
void DecideSpeed(TrafficState& state, const LinkSignals& signals, const Approaches& approaches,
                 int32_t slot, double impatience_time, double random);

/// The same speed if nobody drove ahead, and without dawdling: what limits, signals, right of way
/// and the route leave to a driver who brakes as `follower` and sees everything `nearer` by so many
/// metres, because his car answers late. It may be lower than
/// brakes reach within the step. Reads only.
double FreeSpeed(const TrafficState& state, const LinkSignals& signals,
                 const Approaches& approaches, int32_t slot, double impatience_time,
                 const CarFollower& follower, double nearer);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DRIVE_PLAN_H_
