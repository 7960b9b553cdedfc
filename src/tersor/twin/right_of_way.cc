#include "tersor/twin/right_of_way.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {
namespace {

constexpr double kLookAhead = 1;        // s between those who cross, as SUMO has it
constexpr double kBrakingDelay = 30;    // s, by which one comes later who may as well stop
constexpr double kStandingSpeed = 0.1;  // m/s

/// At constant speeds behind a merge: the follower could not brake as late as the leader.
bool UnsafeMerge(double lead_speed, double speed, double lead_decel, double decel) {
  return lead_speed * lead_speed / lead_decel <= speed * speed / decel;
}

/// A body on another lane of the junction.
struct Foe {
  int32_t slot = -1;
  double front = 0, back = 0;  // m along its lane
};

/// Which of two goes first who are both on the junction and before the place where they meet.
bool GoesFirst(const Conflict& conflict, double distance, int32_t slot, double foe_distance,
               int32_t foe) {
  if (conflict.yields != conflict.foe_yields) {
    return conflict.foe_yields;
  }
  return distance != foe_distance ? distance < foe_distance : slot < foe;
}

double CrossingSpeed(const TrafficState& state, int32_t slot, const JunctionView& view,
                     const Conflict& conflict, const Foe& foe, double speed) {
  constexpr double kClearance = 0.5;  // m
  if (foe.back >= conflict.foe_end) {
    return speed;  // it has passed
  }
  const double distance = view.lane_begin + conflict.begin;
  if (distance <= 0) {
    return speed;  // we are in the way already: on
  }
  const bool foe_inside = foe.front > conflict.foe_begin;
  if (view.entered && !foe_inside &&
      GoesFirst(conflict, distance, slot, conflict.foe_begin - foe.front, foe.slot)) {
    return speed;
  }
  const CarFollower& follower = *state.fields.follower[static_cast<size_t>(slot)];
  const DriverState driver = state.Driver(slot, view.lane);
  double stop = follower.StopSpeed(driver, distance - kClearance);
  if (!view.entered) {
    stop = std::max(stop, follower.StopSpeed(driver, view.stop_distance));
  }
  return std::min(speed, stop);
}

double MergeSpeed(const TrafficState& state, int32_t slot, const JunctionView& view,
                  const Conflict& conflict, const Foe& foe, double speed) {
  const double distance = view.lane_begin + conflict.begin;
  const double foe_distance = conflict.foe_begin - foe.front;
  if (view.entered && (distance != foe_distance ? distance < foe_distance : slot < foe.slot)) {
    return speed;  // it follows us
  }
  const CarFollower& follower = *state.fields.follower[static_cast<size_t>(slot)];
  const DriverState driver = state.Driver(slot, view.lane);
  const double gap = distance - (conflict.foe_begin - foe.back) - follower.min_gap();
  double follow = follower.FollowSpeed(driver, gap, state.Leader(foe.slot));
  if (!view.entered) {
    follow = std::max(follow, follower.StopSpeed(driver, view.stop_distance));
  }
  return std::min(speed, follow);
}

}  // namespace

Approaches::Approaches(const RoadGraph& graph) : of_link_(static_cast<size_t>(graph.num_links())) {}

void Approaches::Announce(const TrafficState& state) {
  for (const int32_t link : announced_) {
    of_link_[static_cast<size_t>(link)].clear();
  }
  announced_.clear();
  for (const int32_t slot : state.running()) {
    for (const LinkPlan& plan : state.fields.plans[static_cast<size_t>(slot)]) {
      if (plan.link < 0 || !plan.request || !state.graph().link(plan.link).watched) {
        continue;
      }
      const double speed = state.fields.speed[static_cast<size_t>(slot)];
      const double decel = state.fields.follower[static_cast<size_t>(slot)]->decel();
      Approach approach{
          slot, plan.arrival, plan.leave, plan.arrival + kBrakingDelay, plan.leave_speed, 0};
      const double square = speed * speed - 2 * decel * plan.distance;
      if (square > 0) {
        approach.braking_speed = std::sqrt(square);
        approach.braking_arrival =
            std::max(plan.arrival, state.time + (speed - approach.braking_speed) / decel);
      }
      auto& list = of_link_[static_cast<size_t>(plan.link)];
      if (list.empty()) {
        announced_.push_back(plan.link);
      }
      list.push_back(approach);
    }
  }
}

bool Approaches::Blocks(const TrafficState& state, const Approach& foe, int32_t slot,
                        const LinkPlan& plan, bool same_lane, double impatience) {
  const double decel = state.fields.follower[static_cast<size_t>(slot)]->decel();
  const double foe_decel = state.fields.follower[static_cast<size_t>(foe.slot)]->decel();
  double foe_arrival = foe.arrival;
  if (impatience > 0 && plan.arrival < foe.arrival) {
    foe_arrival += impatience * (foe.braking_arrival - foe.arrival);
  }
  if (foe.leave < plan.arrival) {  // we would follow
    return same_lane && (plan.arrival - foe.leave < kLookAhead ||
                         UnsafeMerge(foe.leave_speed, plan.arrival_speed, foe_decel, decel));
  }
  if (foe_arrival > plan.leave + kLookAhead) {  // we would lead
    return same_lane && UnsafeMerge(plan.leave_speed, foe.braking_speed, decel, foe_decel);
  }
  return true;
}

bool Approaches::Open(const TrafficState& state, const LinkSignals& signals, int32_t slot,
                      const LinkPlan& plan, double impatience) const {
  if (signals.Red(plan.link)) {
    return false;
  }
  const Link& link = state.graph().link(plan.link);
  if (link.wait_inside) {
    return true;
  }
  for (const int32_t foe_link : link.yields_to) {
    const auto& list = of_link_[static_cast<size_t>(foe_link)];
    if (list.empty() || signals.Red(foe_link)) {
      continue;
    }
    const bool same_lane = state.graph().link(foe_link).to == link.to;
    for (const Approach& foe : list) {
      if (foe.slot != slot && Blocks(state, foe, slot, plan, same_lane, impatience)) {
        return false;
      }
    }
  }
  return true;
}

double JunctionSpeed(const TrafficState& state, int32_t slot, const JunctionView& view,
                     double speed) {
  const RoadGraph& graph = state.graph();
  const RoadGraph::LaneFacts& lane = graph.lane(view.lane);
  for (const Conflict* c = graph.conflicts_begin(lane); c != graph.conflicts_end(lane); ++c) {
    for (const int32_t other : state.on_lane(c->foe_lane)) {
      const Foe foe{other, state.fields.position[static_cast<size_t>(other)], state.Back(other)};
      speed = c->merge ? MergeSpeed(state, slot, view, *c, foe, speed)
                       : CrossingSpeed(state, slot, view, *c, foe, speed);
    }
    const TrafficState::Rear& rear = state.leaving(c->foe_lane);
    if (rear.slot >= 0 && rear.slot != slot && !c->merge) {
      const double length = state.fields.length[static_cast<size_t>(rear.slot)];
      speed =
          CrossingSpeed(state, slot, view, *c, {rear.slot, rear.back + length, rear.back}, speed);
    }
  }
  return speed;
}

bool RoomBehind(const TrafficState& state, int32_t slot, const Link& link) {
  const TrafficState::Rear last = state.LastOn(link.to);
  if (last.slot < 0 || last.slot == slot) {
    return true;
  }
  const auto l = static_cast<size_t>(last.slot);
  if (!state.fields.waits_ahead[l] && state.fields.speed[l] > kStandingSpeed) {
    return true;  // it drives on
  }
  double room = last.back + state.fields.follower[l]->BrakeWay(state.fields.speed[l]);
  const auto s = static_cast<size_t>(slot);
  const double min_gap = state.fields.follower[s]->min_gap();
  for (int32_t lane = link.next; state.graph().lane(lane).internal;) {
    for (const int32_t other : state.on_lane(lane)) {
      room -= state.fields.length[static_cast<size_t>(other)] + min_gap;
    }
    lane = state.graph().link(state.graph().lane(lane).only_link).next;
  }
  return room > state.fields.length[s] + min_gap;
}

}  // namespace tersor::twin
