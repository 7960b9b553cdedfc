// Changing lanes: for the route, for speed and back to the right in the way of SUMO's LC2013, or
// by the incentive of MOBIL. First everyone decides by the same state, then each edge carries its
// vehicles' wishes out, from front to back.
#ifndef TERSOR_TWIN_LANE_CHANGE_H_
#define TERSOR_TWIN_LANE_CHANGE_H_

#include <cstdint>

#include "tersor/twin/traffic_state.h"

namespace tersor::twin {

enum class LaneChangeModel { kLc2013, kMobil, kNone };

/// Throws Error naming the vehicle type and the nearest known model. SL2015 is taken as LC2013.
LaneChangeModel LaneChangeModelOf(const VehicleType& type);

/// Of MOBIL: Kesting, Treiber, Helbing, "General lane-changing model MOBIL for car-following
/// models" (2007).
struct MobilParameters {
  double politeness = 0.2;
  double threshold = 0.1;   // m/s^2
  double safe_decel = 4;    // m/s^2, the most that the new follower is made to brake
  double right_bias = 0.1;  // m/s^2
};

/// Decides the wish of a vehicle on a road of several lanes: reads others' state, writes its own.
void DecideLaneChange(TrafficState& state, int32_t slot, LaneChangeModel model,
                      const MobilParameters& mobil);

/// Carries out the wishes of an edge's vehicles where there is room. Those whom the route urges and
/// who find none slow down to fit in behind, and their next follower on the lane makes room.
void ChangeLanes(TrafficState& state, const Edge& edge);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_LANE_CHANGE_H_
