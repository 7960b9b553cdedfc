// Who drives before and behind a place of a lane.
#ifndef TERSOR_TWIN_NEIGHBOURS_H_
#define TERSOR_TWIN_NEIGHBOURS_H_

#include <cstdint>

#include "tersor/twin/traffic_state.h"

namespace tersor::twin {

struct Neighbours {
  int32_t leader = -1, follower = -1;       // slots; -1: nobody within sight
  double lead_gap = 1e9, follow_gap = 1e9;  // m, bumper to bumper
};

/// Somebody on a lane, or who could be: m along it, of the front; m; m/s.
struct Body {
  double position = 0, length = 0, speed = 0;
};

/// Of a body. The leader is looked for along the route of the vehicle in `slot`, which is not a
/// neighbour of itself; `distance`: metres across the lane's ends. Of several who come over a
/// junction from behind, it is the one that lacks most room.
Neighbours NeighboursAt(const TrafficState& state, int32_t lane, const Body& body, int32_t slot,
                        int32_t place, double distance);

/// The same among those on the lane, or just leaving it, alone.
Neighbours NeighboursOnLane(const TrafficState& state, int32_t lane, double position, double length,
                            int32_t slot);

/// Its leader alone.
Neighbours LeaderAt(const TrafficState& state, int32_t lane, const Body& body, int32_t slot,
                    int32_t place, double distance);

/// There is the room for a vehicle that both it and its follower need to drive safely.
struct Blockage {
  bool by_leader = false, by_follower = false;
  bool any() const { return by_leader || by_follower; }
};
/// For one who changes lanes: whoever speeds up or brakes is taken to go on for a reaction time.
Blockage Blocked(const TrafficState& state, int32_t slot, const Neighbours& near);
/// For one who comes onto the road.
Blockage Blocked(const TrafficState& state, const CarFollower& own, double speed,
                 const Neighbours& near);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_NEIGHBOURS_H_
