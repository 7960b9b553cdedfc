#include "tersor/twin/right_of_way.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {
namespace {

constexpr double kLookAhead = 1;        // s between those who cross, as SUMO has it
constexpr double kBrakingDelay = 30;    // s, by which one comes later who may as well stop
constexpr double kStandingSpeed = 0.1;  // m/s
constexpr double kNear = 0.1;           // m, SUMO's tolerance of places

/// At constant speeds behind a merge: the follower could not brake as late as the leader.
bool UnsafeMerge(double lead_speed, double speed, double lead_decel, double decel) {
  return lead_speed * lead_speed / lead_decel <= speed * speed / decel;
}

}  // namespace

Approaches::Approaches(const RoadGraph& graph) : of_link_(static_cast<size_t>(graph.num_links())) {}

void Approaches::Announce(TrafficState& state) {
  for (const int32_t link : announced_) {
    of_link_[static_cast<size_t>(link)].clear();
  }
  announced_.clear();
  for (const int32_t slot : state.running()) {
    const auto s = static_cast<size_t>(slot);
    if (state.fields.plans[s].empty()) {
      continue;
    }
    state.fields.wants_out[s] = state.fields.plans[s].front().request;
    for (const LinkPlan& plan : state.fields.plans[s]) {
      if (plan.link < 0 || !plan.request || !state.graph().link(plan.link).watched) {
        continue;
      }
      auto& list = of_link_[static_cast<size_t>(plan.link)];
      if (list.empty()) {
        announced_.push_back(plan.link);
      }
      list.push_back(
          {slot, plan.distance, plan.arrival, plan.leave, plan.leave_speed, plan.braking_speed});
    }
  }
}

void Approaches::Brake(const TrafficState& state, const LinkPlan& plan, double impatience,
                       Approach& foe) {
  const double step = state.step_length();
  if (std::floor(plan.arrival / step) == std::floor(foe.arrival / step)) {
    return;  // it is there already
  }
  // It drives on until we are there and then brakes by so much as we are impatient.
  const double decel = state.fields.follower[static_cast<size_t>(foe.slot)]->decel() * impatience;
  const double speed = foe.distance / std::max(foe.arrival - state.time + step, step);
  const double left = speed * (foe.arrival - plan.arrival);
  const double square = speed * speed - 2 * decel * left;
  double arrival = foe.arrival + kBrakingDelay;
  foe.braking_speed = 0;
  if (square > 0) {
    foe.braking_speed = std::sqrt(square);
    arrival = plan.arrival + (speed - foe.braking_speed) / decel;
  }
  foe.arrival += impatience * (arrival - foe.arrival);
}

bool Approaches::Blocks(const TrafficState& state, const Approach& approach, int32_t slot,
                        const LinkPlan& plan, bool same_lane, double impatience) {
  const double decel = state.fields.follower[static_cast<size_t>(slot)]->decel();
  const double foe_decel = state.fields.follower[static_cast<size_t>(approach.slot)]->decel();
  Approach foe = approach;
  if (impatience > 0 && plan.arrival < foe.arrival) {
    Brake(state, plan, impatience, foe);
  }
  if (foe.leave < plan.arrival) {  // we would follow
    return same_lane && (plan.arrival - foe.leave < kLookAhead ||
                         UnsafeMerge(foe.leave_speed, plan.arrival_speed, foe_decel, decel));
  }
  if (foe.arrival > plan.leave + kLookAhead) {  // we would lead
    return same_lane && UnsafeMerge(plan.leave_speed, foe.braking_speed, decel, foe_decel);
  }
  return true;
}

bool Approaches::Open(const TrafficState& state, const LinkSignals& signals, int32_t slot,
                      const LinkPlan& plan, double impatience) const {
  const Link& link = state.graph().link(plan.link);
  const double waiting = state.fields.waiting[static_cast<size_t>(slot)];
  for (const int32_t foe_link : link.yields_to) {
    const auto& list = of_link_[static_cast<size_t>(foe_link)];
    const bool same_lane = state.graph().link(foe_link).to == link.to;
    for (const Approach& foe : list) {
      // Where all must stop, who has waited longest goes first.
      const bool waits_less = signals.letter(foe_link) == 'w' &&
                              state.fields.waiting[static_cast<size_t>(foe.slot)] < waiting;
      if (foe.slot != slot && !waits_less &&
          Blocks(state, foe, slot, plan, same_lane, impatience)) {
        return false;
      }
    }
  }
  return true;
}

namespace {

/// Whose space counts behind a junction.
class ClearWay {
 public:
  ClearWay(const TrafficState& state, int32_t slot, double queue)
      : state_(state), slot_(slot), space_(-queue) {
    const auto s = static_cast<size_t>(slot);
    needed_ = state.fields.length[s] + state.fields.follower[s]->min_gap();
  }

  /// Goes over an internal lane; those on it will take their room behind it.
  void Cross(int32_t lane) { space_ -= state_.load(lane); }

  /// Adds a road's lane. False: somebody stands on it or waits, so that the space ends there.
  bool Enter(int32_t lane) {
    const TrafficState::Rear last = state_.LastOn(lane);
    const double length = state_.graph().lane(lane).length;
    if (last.slot < 0 || last.slot == slot_) {
      space_ += length;
      return true;
    }
    if (space_ + last.back >= needed_) {
      space_ += last.back;
      return true;  // enough, whatever those before it do
    }
    const std::vector<int32_t>& vehicles = state_.on_lane(lane);
    double between = 0;
    for (size_t i = vehicles.size(); i-- > 0;) {
      const int32_t other = vehicles[i];
      const double speed = state_.fields.speed[static_cast<size_t>(other)];
      if (speed < kStandingSpeed && other != slot_) {
        const CarFollower& follower = *state_.fields.follower[static_cast<size_t>(other)];
        space_ += state_.Back(other) + follower.BrakeGap(speed) - between;
        return false;
      }
      between += Taken(other);
    }
    space_ += length - between;
    return !state_.fields.waits_ahead[static_cast<size_t>(last.slot)];
  }

  bool enough() const { return space_ >= needed_; }

 private:
  double Taken(int32_t other) const {
    const CarFollower& follower = *state_.fields.follower[static_cast<size_t>(other)];
    return follower.length() + follower.min_gap();
  }

  const TrafficState& state_;
  const int32_t slot_;
  double space_, needed_;
};

}  // namespace

void KeepJunctionsClear(const TrafficState& state, int32_t slot, double queue,
                        std::vector<LinkPlan>& plans) {
  const RoadGraph& graph = state.graph();
  ClearWay way(state, slot, queue);
  for (size_t entry = 0; entry < plans.size(); ++entry) {
    if (plans[entry].link < 0 || !plans[entry].request) {
      return;
    }
    // Over the junction, link by link, up to the road behind it.
    size_t exit = entry;
    int32_t lane = graph.link(plans[entry].link).next;
    while (graph.lane(lane).internal) {
      way.Cross(lane);
      lane = graph.link(graph.lane(lane).only_link).next;
      ++exit;
    }
    const bool leaves = exit >= plans.size() || plans[exit].request;
    const bool moves = way.Enter(lane);
    if (leaves && (moves || way.enough())) {
      entry = exit;
      continue;
    }
    if (!graph.link(plans[entry].link).crosses) {
      return;
    }
    const auto s = static_cast<size_t>(slot);
    const double brake_way = state.fields.follower[s]->BrakeWay(state.fields.speed[s]);
    for (size_t i = entry; i < plans.size() && plans[i].link >= 0; ++i) {
      plans[i].pass_speed = plans[i].wait_speed;
      // Who cannot stop before the junction any more leaves it, too.
      const bool on = i > entry && !graph.link(plans[i].link).enters && plans[i - 1].request;
      plans[i].request = plans[i].request && (on || plans[i].distance < brake_way + kNear);
    }
    return;
  }
}

}  // namespace tersor::twin
