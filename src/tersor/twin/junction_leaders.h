// Room for those who are already on a junction, on lanes that cross, join or branch from one's own:
// a vehicle follows them or stops before their way, by who was there first.
#ifndef TERSOR_TWIN_JUNCTION_LEADERS_H_
#define TERSOR_TWIN_JUNCTION_LEADERS_H_

#include <cstdint>

#include "tersor/twin/signals.h"
#include "tersor/twin/traffic_state.h"

namespace tersor::twin {

/// An internal lane on a vehicle's way.
struct JunctionWay {
  int32_t lane = -1;
  double lane_begin = 0;       // m ahead; negative where the vehicle is on it
  LinkPlan* before = nullptr;  // of the link onto the lane; none: the vehicle is on it
  double nearer = 0;           // m by which one keeps farther away, whose car answers late
  const CarFollower* follower = nullptr;  // who drives; none: the vehicle's own
};

/// What a vehicle may do, lowered by what others leave to it.
struct JunctionSpeeds {
  double speed = 0;       // m/s, for the next step
  double pass_speed = 0;  // m/s, at the lane's end
  bool request = true;    // it will get over the lane's end soon
};

/// SUMO's scheme: whoever is not on the junction yet yields to all who are; of two who are on it
/// both, right of way decides as long as the one that has it came before the other one reached the
/// place where they meet, else who came first. Takes the request of `way.before` away where the
/// vehicle would only get in behind somebody who stands.
void MindJunctionLeaders(const TrafficState& state, const LinkSignals& signals, int32_t slot,
                         const JunctionWay& way, JunctionSpeeds& speeds);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_JUNCTION_LEADERS_H_
