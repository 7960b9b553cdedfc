#include "tersor/twin/drive_plan.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {
namespace {

constexpr double kMajorStopGap = 1;    // m before a signal or a major link at which one stands
constexpr double kMinorStopGap = 0.1;  // m before a minor one
constexpr double kTiny = 1e-3;

double SpeedAfter(double distance, double speed, double accel) {
  return std::sqrt(speed * speed + 2 * distance * accel);
}

/// The least time to a place, at which the speed shall be `arrival`.
double MinimalTime(const CarFollower& follower, double distance, double speed, double arrival) {
  const double accel = arrival >= speed ? follower.accel() : -follower.decel();
  const double time = (arrival - speed) / accel;
  const double way = time * (arrival + speed) / 2;
  if (distance >= way) {
    constexpr double kStanding = 0.1;  // m/s
    return time + (distance - way) / std::max({speed, arrival, kStanding});
  }
  return (std::sqrt(std::max(0.0, speed * speed + 2 * accel * distance)) - speed) / accel;
}

/// One vehicle's look ahead, link by link.
class Planner {
 public:
  /// `plans` is what it writes. Where it does not heed leaders, nobody is in the way.
  Planner(const TrafficState& state, const LinkSignals& signals, int32_t slot, bool heeds_leaders,
          std::vector<LinkPlan>& plans)
      : state_(state),
        signals_(signals),
        slot_(slot),
        s_(static_cast<size_t>(slot)),
        heeds_leaders_(heeds_leaders),
        follower_(*state.fields.follower[s_]),
        lane_(state.fields.lane[s_]),
        place_(state.fields.place[s_]),
        driver_(state.Driver(slot, lane_)),
        seen_(state.graph().lane(lane_).length - state.fields.position[s_]),
        brake_way_(follower_.BrakeWay(driver_.speed)),
        plans_(plans) {
    const double highest = follower_.MaxNextSpeed(driver_.speed);
    look_ahead_ = highest * state.step_length() + follower_.BrakeGap(highest);
    speed_ = follower_.CruiseSpeed(driver_);
    pass_speed_ = std::min(SpeedAfter(seen_, speed_, follower_.accel()), driver_.desired_speed);
  }

  void Run(const TrafficState::Rear& leader) {
    plans_.clear();
    Follow(leader, -state_.fields.position[s_]);
    if (state_.graph().lane(lane_).internal) {
      speed_ = JunctionSpeed(state_, slot_, {lane_, -state_.fields.position[s_], 0, true}, speed_);
    }
    while (NextLink()) {
    }
  }

 private:
  /// `lane_begin`: metres ahead to the begin of the lane on which the leader's place is given.
  void Follow(const TrafficState::Rear& leader, double lane_begin) {
    if (!heeds_leaders_ || leader.slot < 0 || leader.slot == slot_) {
      return;
    }
    const double gap = lane_begin + leader.back - follower_.min_gap();
    if (follower_.model() == CarFollowing::kKrauss && gap > look_ahead_) {
      return;  // he could stop before it
    }
    speed_ = std::min(speed_, follower_.FollowSpeed(driver_, gap, state_.Leader(leader.slot)));
  }

  double StopDistance(bool stop_at_major) const {
    double gap = stop_at_major ? kMajorStopGap : 0;
    if (seen_ >= brake_way_) {
      gap = std::min(gap, seen_ - brake_way_);
    }
    return std::max(0.0, seen_ - std::max(gap, kMinorStopGap));
  }

  void EndPlan(double speed) {
    LinkPlan plan;
    plan.wait_speed = speed;
    plans_.push_back(plan);
  }

  /// Plans the link at the end of the present lane and goes on to the next lane; false at the end
  /// of what needs to be seen.
  bool NextLink() {
    if (state_.OnLastEdge(slot_, lane_, place_)) {
      EndPlan(speed_);
      return false;
    }
    const int32_t index = state_.NextLink(slot_, lane_, place_);
    if (index < 0) {
      EndPlan(std::min(speed_, follower_.StopSpeed(driver_, seen_)));
      return false;
    }
    const Link& link = state_.graph().link(index);
    const bool closing = signals_.Red(index) || signals_.Yellow(index);
    const bool major = signals_.Major(index);
    const double stop_distance = StopDistance(closing || major);
    LinkPlan plan;
    plan.link = index;
    plan.distance = seen_;
    if (closing && seen_ >= brake_way_) {
      plan.wait_speed = std::min(speed_, StopSpeed(stop_distance));
      plans_.push_back(plan);
      return false;
    }
    const RoadGraph::LaneFacts& next = state_.graph().lane(link.next);
    const double next_speed = state_.DesiredSpeed(slot_, link.next);
    bool room = true;
    if (seen_ <= look_ahead_) {
      if (next.internal) {
        const bool entered = !link.enters;
        speed_ = JunctionSpeed(state_, slot_, {link.next, seen_, stop_distance, entered}, speed_);
      }
      plan.wait_speed = std::min(speed_, StopSpeed(stop_distance));
      const double approach = std::max(follower_.ApproachSpeed(seen_, next_speed),
                                       follower_.MinNextSpeed(driver_.speed) - kTiny);
      speed_ = std::min(speed_, approach);
      room = !link.enters || !link.crosses || link.wait_inside || RoomBehind(state_, slot_, link);
    } else {
      plan.wait_speed = speed_;
    }
    pass_speed_ = std::min(pass_speed_, next_speed);
    plan.pass_speed = speed_;
    plan.request = speed_ > kTiny * state_.step_length() && room;
    if (link.watched || !link.yields_to.empty()) {
      SetTimes(link, major, next_speed, plan);
    }
    plans_.push_back(plan);
    if (!plan.request || seen_ > look_ahead_) {
      return false;
    }
    Advance(link, next, next_speed);
    return true;
  }

  void SetTimes(const Link& link, bool major, double next_speed, LinkPlan& plan) {
    plan.arrival_speed = pass_speed_;
    if (!major && brake_way_ < seen_ && !slowed_) {
      // He comes so slowly that he could still stop where he first sees his foes.
      const double visible = SpeedAfter(
          link.visibility, follower_.SafeStopSpeed(link.visibility, 0), follower_.accel());
      plan.arrival_speed = std::min(plan.arrival_speed, visible);
      slowed_ = true;
    }
    plan.arrival = state_.time + MinimalTime(follower_, seen_, plan.pass_speed, plan.arrival_speed);
    plan.leave_speed =
        std::min(SpeedAfter(link.inner_length, plan.arrival_speed, follower_.accel()), next_speed);
    const double way = link.inner_length + state_.fields.length[s_];
    plan.leave = plan.arrival + 2 * way / std::max(plan.arrival_speed + plan.leave_speed, kTiny);
  }

  void Advance(const Link& link, const RoadGraph::LaneFacts& next, double next_speed) {
    Follow(state_.LastOn(link.next), seen_);
    place_ += next.internal ? 0 : 1;
    lane_ = link.next;
    seen_ += next.length;
    pass_speed_ = std::min(SpeedAfter(next.length, speed_, follower_.accel()), next_speed);
  }

  double StopSpeed(double distance) const { return follower_.StopSpeed(driver_, distance); }

  const TrafficState& state_;
  const LinkSignals& signals_;
  const int32_t slot_;
  const size_t s_;
  const bool heeds_leaders_;
  const CarFollower& follower_;
  int32_t lane_, place_;
  const DriverState driver_;
  double seen_;  // m to the end of lane_
  double look_ahead_ = 0;
  const double brake_way_;
  double speed_ = 0;       // for the next step, by all that is seen so far
  double pass_speed_ = 0;  // at the end of lane_, if nothing holds him up
  bool slowed_ = false;
  std::vector<LinkPlan>& plans_;
};

/// Walks through a vehicle's plans up to the first that is not granted.
class LinkGrants {
 public:
  LinkGrants(const TrafficState& state, const LinkSignals& signals, const Approaches& approaches,
             int32_t slot, double impatience)
      : state_(state),
        signals_(signals),
        approaches_(approaches),
        slot_(slot),
        s_(static_cast<size_t>(slot)),
        follower_(*state.fields.follower[s_]),
        impatience_(impatience) {}

  double SafeSpeed(const std::vector<LinkPlan>& plans) {
    double speed = 0;
    for (const LinkPlan& plan : plans) {
      if (plan.link < 0) {
        return plan.wait_speed;
      }
      if (!plan.request || !Granted(plan)) {
        waits_ = true;
        return plan.wait_speed;
      }
      speed = plan.pass_speed;
      // Who follows so slowly will hardly get across the next junction.
      waits_ = waits_ || (speed < follower_.decel() && speed <= plan.wait_speed &&
                          speed < follower_.MaxNextSpeed(state_.fields.speed[s_]));
    }
    return speed;
  }
  bool waits() const { return waits_; }

 private:
  bool Granted(const LinkPlan& plan) const {
    const Link& link = state_.graph().link(plan.link);
    const double speed = state_.fields.speed[s_];
    const bool can_brake = plan.distance > follower_.BrakeWay(speed) ||
                           speed < follower_.decel() * state_.step_length();
    if (signals_.Yellow(plan.link)) {
      return !can_brake;
    }
    if (!link.yields_to.empty() && !approaches_.Open(state_, signals_, slot_, plan, impatience_)) {
      return false;
    }
    if (signals_.Red(plan.link) ||
        (signals_.MustStop(plan.link) && link.enters && state_.fields.waiting[s_] == 0)) {
      return false;
    }
    // A minor road's driver is ready to stop until he sees his foes.
    const bool minor = link.enters && !signals_.Major(plan.link) && !link.wait_inside;
    return !minor || plan.distance <= link.visibility || !can_brake;
  }

  const TrafficState& state_;
  const LinkSignals& signals_;
  const Approaches& approaches_;
  const int32_t slot_;
  const size_t s_;
  const CarFollower& follower_;
  const double impatience_;
  bool waits_ = false;
};

double Impatience(const TrafficState& state, int32_t slot, double impatience_time) {
  const auto s = static_cast<size_t>(slot);
  return std::min(
      1.0, state.fields.follower[s]->impatience() + state.fields.waiting[s] / impatience_time);
}

double DrivableSpeed(const TrafficState& state, int32_t slot, double safe, double random) {
  const auto s = static_cast<size_t>(slot);
  const CarFollower& follower = *state.fields.follower[s];
  const double speed = state.fields.speed[s];
  safe = std::min(safe, std::max(state.fields.speed_cap[s], follower.MinNextSpeed(speed)));
  return follower.Drivable(speed, safe, random);
}

}  // namespace

void PlanDrive(TrafficState& state, const LinkSignals& signals, int32_t slot,
               const TrafficState::Rear& leader) {
  Planner(state, signals, slot, true, state.fields.plans[static_cast<size_t>(slot)]).Run(leader);
}

void DecideSpeed(TrafficState& state, const LinkSignals& signals, const Approaches& approaches,
                 int32_t slot, double impatience_time, double random) {
  const auto s = static_cast<size_t>(slot);
  LinkGrants grants(state, signals, approaches, slot, Impatience(state, slot, impatience_time));
  const double safe = grants.SafeSpeed(state.fields.plans[s]);
  state.fields.waits_ahead[s] = grants.waits();
  state.fields.next_speed[s] = DrivableSpeed(state, slot, safe, random);
}

double FreeSpeed(const TrafficState& state, const LinkSignals& signals,
                 const Approaches& approaches, int32_t slot, double impatience_time) {
  std::vector<LinkPlan> plans;
  Planner(state, signals, slot, false, plans).Run({});
  LinkGrants grants(state, signals, approaches, slot, Impatience(state, slot, impatience_time));
  return DrivableSpeed(state, slot, grants.SafeSpeed(plans), 0);
}

}  // namespace tersor::twin
