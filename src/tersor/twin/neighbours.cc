#include "tersor/twin/neighbours.h"

#include <algorithm>
#include <limits>

namespace tersor::twin {
namespace {

/// The leader beyond the end of a lane, along the vehicle's route.
void FindLeaderAhead(const TrafficState& state, int32_t lane, double gap, int32_t slot,
                     int32_t place, double distance, Neighbours& found) {
  const RoadGraph& graph = state.graph();
  while (gap < distance && !state.OnLastEdge(slot, lane, place)) {
    const int32_t link = state.NextLink(slot, lane, place);
    if (link < 0) {
      return;
    }
    lane = graph.link(link).next;
    place += graph.lane(lane).internal ? 0 : 1;
    const TrafficState::Rear rear = state.LastOn(lane);
    if (rear.slot >= 0 && rear.slot != slot) {
      found.leader = rear.slot;
      found.lead_gap = gap + rear.back;
      return;
    }
    gap += graph.lane(lane).length;
  }
}

/// Who follows a vehicle across a junction: of several, the one that lacks most room.
struct FollowerSearch {
  double distance = 0;  // m that are looked back
  double speed = 0, decel = 0;
  double missing = -std::numeric_limits<double>::infinity();  // m, of who is found so far
};

/// On the lanes that lead onto a lane; `gap` metres before its begin.
void FindFollowerBehind(const TrafficState& state, int32_t lane, double gap, FollowerSearch& search,
                        Neighbours& found) {
  for (const int32_t before : state.graph().lane(lane).incoming) {
    const std::vector<int32_t>& vehicles = state.on_lane(before);
    const double length = state.graph().lane(before).length;
    if (!vehicles.empty()) {
      const auto first = static_cast<size_t>(vehicles.front());
      // He comes onto this lane only if his route leads here.
      const int32_t link = state.NextLink(vehicles.front(), before, state.fields.place[first]);
      const double back_gap = gap + length - state.fields.position[first];
      const CarFollower& follower = *state.fields.follower[first];
      const double missing =
          follower.SecureGap(state.fields.speed[first], search.speed, search.decel) +
          follower.min_gap() - back_gap;
      if (link >= 0 && state.graph().link(link).next == lane && missing > search.missing) {
        search.missing = missing;
        found.follower = vehicles.front();
        found.follow_gap = back_gap;
      }
    } else if (gap + length < search.distance) {
      FindFollowerBehind(state, before, gap + length, search, found);
    }
  }
}

}  // namespace

Neighbours NeighboursOnLane(const TrafficState& state, int32_t lane, double position, double length,
                            int32_t slot) {
  Neighbours found;
  const std::vector<int32_t>& vehicles = state.on_lane(lane);
  const auto behind = std::find_if(vehicles.begin(), vehicles.end(), [&](int32_t other) {
    return other != slot && state.fields.position[static_cast<size_t>(other)] <= position;
  });
  auto ahead = behind;
  while (ahead != vehicles.begin() && *(ahead - 1) == slot) {
    --ahead;
  }
  if (ahead != vehicles.begin()) {
    found.leader = *(ahead - 1);
    found.lead_gap = state.Back(found.leader) - position;
  } else if (state.leaving(lane).slot >= 0 && state.leaving(lane).slot != slot) {
    found.leader = state.leaving(lane).slot;
    found.lead_gap = state.leaving(lane).back - position;
  }
  if (behind != vehicles.end()) {
    found.follower = *behind;
    found.follow_gap = position - length - state.fields.position[static_cast<size_t>(*behind)];
  }
  for (const int32_t other : state.reaching(lane)) {
    const double front = state.fields.position[static_cast<size_t>(other)];
    if (other == slot) {
      continue;
    }
    if (front > position && state.Back(other) - position < found.lead_gap) {
      found.leader = other;
      found.lead_gap = state.Back(other) - position;
    } else if (front <= position && position - length - front < found.follow_gap) {
      found.follower = other;
      found.follow_gap = position - length - front;
    }
  }
  return found;
}

Neighbours LeaderAt(const TrafficState& state, int32_t lane, const Body& body, int32_t slot,
                    int32_t place, double distance) {
  Neighbours found = NeighboursOnLane(state, lane, body.position, body.length, slot);
  if (found.leader < 0) {
    FindLeaderAhead(state, lane, state.graph().lane(lane).length - body.position, slot, place,
                    distance, found);
  }
  return found;
}

Neighbours NeighboursAt(const TrafficState& state, int32_t lane, const Body& body, int32_t slot,
                        int32_t place, double distance) {
  const double position = body.position, length = body.length;
  Neighbours found = LeaderAt(state, lane, body, slot, place, distance);
  if (found.follower < 0 && position - length < distance) {
    FollowerSearch search{distance, body.speed,
                          state.fields.follower[static_cast<size_t>(slot)]->decel()};
    FindFollowerBehind(state, lane, position - length, search, found);
  }
  return found;
}

Blockage Blocked(const TrafficState& state, int32_t slot, const Neighbours& near) {
  const auto s = static_cast<size_t>(slot);
  const VehicleFields& fields = state.fields;
  const CarFollower& own = *fields.follower[s];
  const double speed = fields.speed[s];
  Blockage blockage;
  if (near.leader >= 0) {
    const auto l = static_cast<size_t>(near.leader);
    const double lead = fields.speed[l] + std::min(0.0, own.tau() * fields.accel[l]);
    const double next = speed + std::max(0.0, own.tau() * fields.accel[s]);
    blockage.by_leader = near.lead_gap - own.min_gap() <
                         own.SecureGap(next, std::max(0.0, lead), fields.follower[l]->decel());
  }
  if (near.follower >= 0) {
    const auto f = static_cast<size_t>(near.follower);
    const CarFollower& follower = *fields.follower[f];
    const double next = fields.speed[f] + std::max(0.0, follower.tau() * fields.accel[f]);
    const double lead = speed + std::min(0.0, follower.tau() * fields.accel[s]);
    blockage.by_follower = near.follow_gap - follower.min_gap() <
                           follower.SecureGap(next, std::max(0.0, lead), own.decel());
  }
  return blockage;
}

Blockage Blocked(const TrafficState& state, const CarFollower& own, double speed,
                 const Neighbours& near) {
  Blockage blockage;
  if (near.leader >= 0) {
    const LeaderState leader = state.Leader(near.leader);
    blockage.by_leader =
        near.lead_gap - own.min_gap() < own.SecureGap(speed, leader.speed, leader.decel);
  }
  if (near.follower >= 0) {
    const auto f = static_cast<size_t>(near.follower);
    const CarFollower& follower = *state.fields.follower[f];
    blockage.by_follower = near.follow_gap - follower.min_gap() <
                           follower.SecureGap(state.fields.speed[f], speed, own.decel());
  }
  return blockage;
}

}  // namespace tersor::twin
