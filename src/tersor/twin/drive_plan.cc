#include "tersor/twin/drive_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tersor/twin/junction_leaders.h"

namespace tersor::twin {
namespace {

constexpr double kMajorStopGap = 1;    // m before a signal or a major link at which one stands
constexpr double kMinorStopGap = 0.1;  // m before a minor one
constexpr double kTiny = 1e-3;
constexpr double kStanding = 0.1;  // m/s

double SpeedAfter(double distance, double speed, double accel) {
  return std::sqrt(speed * speed + 2 * distance * accel);
}

/// The least time to a place, at which the speed shall be `arrival`.
double MinimalTime(const CarFollower& follower, double distance, double speed, double arrival) {
  const double accel = arrival >= speed ? follower.accel() : -follower.decel();
  const double time = (arrival - speed) / accel;
  const double way = time * (arrival + speed) / 2;
  if (distance >= way) {
    return time + (distance - way) / std::max({speed, arrival, kStanding});
  }
  return (std::sqrt(std::max(0.0, speed * speed + 2 * accel * distance)) - speed) / accel;
}

/// The speed on arrival if one brakes from now on, `speed` being the next step's.
double BrakingSpeed(const CarFollower& follower, double distance, double speed, double arrival) {
  if (distance >= follower.BrakeGap(speed)) {
    return 0;  // one could stop
  }
  if (distance < speed) {
    return arrival;  // no time is left for braking
  }
  const double way = distance - speed * follower.tau();
  return std::min(arrival, std::sqrt(std::max(0.0, speed * speed - 2 * follower.decel() * way)));
}

/// One vehicle's look ahead, link by link.
class Planner {
 public:
  /// How a vehicle looks ahead that is not driven by the traffic alone.
  struct View {
    bool heeds_leaders = true;  // otherwise nobody is in the way
    double nearer = 0;          // m by which everything seems nearer than it is
  };

  /// `plans` is what it writes.
  Planner(const TrafficState& state, const LinkSignals& signals, int32_t slot,
          const CarFollower& follower, const View& view, std::vector<LinkPlan>& plans)
      : state_(state),
        signals_(signals),
        slot_(slot),
        s_(static_cast<size_t>(slot)),
        heeds_leaders_(view.heeds_leaders),
        nearer_(view.nearer),
        follower_(follower),
        lane_(state.fields.lane[s_]),
        place_(state.fields.place[s_]),
        driver_(state.Driver(slot, lane_)),
        seen_(state.graph().lane(lane_).length - state.fields.position[s_]),
        brake_way_(follower_.BrakeWay(driver_.speed)),
        plans_(plans) {
    seen_ = nearer_ > 0 ? std::max(seen_ - nearer_, 0.0) : seen_;
    const double highest = follower_.MaxNextSpeed(driver_.speed);
    look_ahead_ = highest * state.step_length() + follower_.BrakeGap(highest);
    // Speed limits are no reason for hard braking.
    lane_speed_ = driver_.desired_speed =
        std::max(driver_.desired_speed, follower_.MinNextSpeed(driver_.speed));
    speed_ = follower_.CruiseSpeed(driver_);
    pass_speed_ = std::min(SpeedAfter(seen_, speed_, follower_.accel()), lane_speed_);
  }

  void Run(const TrafficState::Rear& leader, double queue) {
    plans_.clear();
    Follow(leader, -state_.fields.position[s_]);
    while (NextLink()) {
    }
    if (!state_.graph().lane(state_.fields.lane[s_]).internal) {
      KeepJunctionsClear(state_, slot_, queue, plans_);
    }
    for (LinkPlan& plan : plans_) {
      if (plan.link >= 0 && plan.arrival > 0) {
        SetLeave(plan);
      }
    }
  }

 private:
  LinkPlan* before() { return plans_.empty() ? nullptr : &plans_.back(); }

  /// `lane_begin`: metres ahead to the begin of the lane on which the leader's place is given.
  void Follow(const TrafficState::Rear& leader, double lane_begin) {
    if (!heeds_leaders_ || leader.slot < 0 || leader.slot == slot_) {
      return;
    }
    const double gap = lane_begin + leader.back - follower_.min_gap();
    if (follower_.model() == CarFollowing::kKrauss && gap > look_ahead_) {
      return;  // he could stop before it
    }
    const LeaderState ahead = state_.Leader(leader.slot);
    const double safe = follower_.FollowSpeed(driver_, gap, ahead);
    speed_ = std::min(speed_, safe);
    pass_speed_ = std::min(pass_speed_, safe);
    if (LinkPlan* const plan = before(); plan != nullptr && plan->leave_speed > 0) {
      DriverState later = driver_;
      later.speed = plan->leave_speed;
      plan->leave_speed = std::min(plan->leave_speed, follower_.FollowSpeed(later, gap, ahead));
    }
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
    if (LinkPlan* const plan = before(); plan != nullptr) {
      plan->wait_speed = std::min(plan->wait_speed, speed_);
    }
    if (state_.OnLastEdge(slot_, lane_, place_)) {
      EndPlan(speed_);
      return false;
    }
    const int32_t index = state_.NextLink(slot_, lane_, place_);
    if (index < 0) {
      EndPlan(std::min(speed_, StopSpeed(seen_)));
      return false;
    }
    const Link& link = state_.graph().link(index);
    const bool closing = signals_.Red(index) || signals_.Yellow(index);
    const bool major = signals_.Major(index);
    LinkPlan plan;
    plan.link = index;
    plan.distance = seen_;
    plan.wait_speed = std::min(speed_, StopSpeed(StopDistance(closing || major)));
    if (closing && seen_ >= brake_way_) {
      plans_.push_back(plan);
      return false;
    }
    // Whoever is on a junction leaves it; nobody asks for a second one behind a first minor one.
    plan.request = link.enters ? speed_ > kTiny * state_.step_length() && !slowed_
                               : speed_ > kTiny * state_.step_length() || plans_.empty();
    if (!link.enters) {
      JunctionSpeeds speeds{speed_, pass_speed_, plan.request};
      const JunctionWay way{lane_, seen_ + nearer_ - state_.graph().lane(lane_).length, before(),
                            nearer_, &follower_};
      MindJunctionLeaders(state_, signals_, slot_, way, speeds);
      speed_ = speeds.speed;
      pass_speed_ = speeds.pass_speed;
      plan.request = speeds.request;
      plan.wait_speed = std::min(plan.wait_speed, speed_);
    }
    if (LinkPlan* const last = before(); last != nullptr) {
      last->leave_speed = std::min(last->leave_speed, lane_speed_);
    }
    plan.pass_speed = speed_;
    const RoadGraph::LaneFacts& next = state_.graph().lane(link.next);
    const double next_speed = state_.DesiredSpeed(slot_, link.next);
    SetArrival(link, major, next, next_speed, plan);
    plans_.push_back(plan);
    const bool across = !link.enters && next.internal;  // still on the junction
    if (!plan.request || (seen_ > look_ahead_ + follower_.min_gap() && !across)) {
      return false;
    }
    Advance(link, next, next_speed);
    return true;
  }

  void SetArrival(const Link& link, bool major, const RoadGraph::LaneFacts& next, double next_speed,
                  LinkPlan& plan) {
    plan.arrival_speed = pass_speed_;
    const bool entry_major = !link.enters && signals_.Major(link.entry);
    if (!major && !entry_major && brake_way_ < seen_ && seen_ > link.visibility) {
      // He comes so slowly that he could still stop where he first sees his foes.
      const double visible = SpeedAfter(
          link.visibility, follower_.SafeStopSpeed(link.visibility, 0), follower_.accel());
      plan.arrival_speed = std::min(plan.arrival_speed, visible);
      slowed_ = true;
    }
    if (!link.watched && link.yields_to.empty()) {
      plan.leave_speed =
          std::min(SpeedAfter(next.length, plan.arrival_speed, follower_.accel()), next_speed);
      return;
    }
    plan.arrival = state_.time + MinimalTime(follower_, seen_, speed_, plan.arrival_speed);
    plan.braking_speed = BrakingSpeed(follower_, seen_, speed_, plan.arrival_speed);
    plan.leave_speed =
        std::min(SpeedAfter(next.length, plan.arrival_speed, follower_.accel()), next_speed);
  }

  void SetLeave(LinkPlan& plan) const {
    const Link& link = state_.graph().link(plan.link);
    const RoadGraph::LaneFacts& next = state_.graph().lane(link.next);
    const double way = (next.internal ? next.length : 0) + state_.fields.length[s_];
    plan.leave = plan.arrival + 2 * way / std::max(plan.arrival_speed + plan.leave_speed, kTiny);
  }

  void Advance(const Link& link, const RoadGraph::LaneFacts& next, double next_speed) {
    speed_ = std::min(speed_, std::max(follower_.ApproachSpeed(seen_, next_speed),
                                       follower_.MinNextSpeed(driver_.speed)));
    lane_speed_ = next_speed;
    const double lane_begin = seen_;
    place_ += next.internal ? 0 : 1;
    lane_ = link.next;
    seen_ += next.length;
    pass_speed_ = std::min(SpeedAfter(next.length, speed_, follower_.accel()), next_speed);
    Follow(state_.LastOn(link.next), lane_begin);
  }

  double StopSpeed(double distance) const { return follower_.StopSpeed(driver_, distance); }

  const TrafficState& state_;
  const LinkSignals& signals_;
  const int32_t slot_;
  const size_t s_;
  const bool heeds_leaders_;
  const double nearer_;
  const CarFollower& follower_;
  int32_t lane_, place_;
  DriverState driver_;
  double seen_;  // m to the end of lane_
  double look_ahead_ = 0;
  const double brake_way_;
  double lane_speed_ = 0;  // m/s that is wanted on lane_
  double speed_ = 0;       // for the next step, by all that is seen so far
  double pass_speed_ = 0;  // at the end of lane_, if nothing holds him up
  bool slowed_ = false;    // before a link
  std::vector<LinkPlan>& plans_;
};

/// Walks through a vehicle's plans up to the first that is not granted.
class LinkGrants {
 public:
  LinkGrants(const TrafficState& state, const LinkSignals& signals, const Approaches& approaches,
             int32_t slot, const CarFollower& follower, double impatience)
      : state_(state),
        signals_(signals),
        approaches_(approaches),
        slot_(slot),
        s_(static_cast<size_t>(slot)),
        follower_(follower),
        speed_(state.fields.speed[s_]),
        impatience_(impatience) {}

  double SafeSpeed(const std::vector<LinkPlan>& plans) {
    double safe = 0;
    for (const LinkPlan& plan : plans) {
      if (plan.link < 0 || !plan.request) {
        StayBefore(plan);
        safe = plan.wait_speed;
        break;
      }
      if (!Granted(plan)) {
        waits_ = true;
        safe = plan.wait_speed;
        break;
      }
      safe = plan.pass_speed;
      // Who follows so slowly will hardly get across the next junction.
      waits_ = waits_ || (safe < follower_.decel() && safe <= plan.wait_speed &&
                          safe < follower_.MaxNextSpeed(speed_));
    }
    return Across(safe);
  }
  bool waits() const { return waits_; }
  /// He stands on a junction and lets others go first now.
  bool gives_way() const { return gives_way_; }
  /// What he drives at least, so that he does not dawdle before a minor road's line.
  double least_speed() const { return least_; }

 private:
  bool CanBrake(double distance) const {
    return distance > follower_.BrakeWay(speed_) ||
           speed_ < follower_.decel() * state_.step_length();
  }

  void StayBefore(const LinkPlan& plan) {
    waits_ = waits_ || plan.wait_speed < speed_ || plan.wait_speed < kStanding;
    const RoadGraph::LaneFacts& here = state_.graph().lane(state_.fields.lane[s_]);
    if (plan.link >= 0 && here.internal && plan.link == here.only_link) {
      gives_way_ = true;
    }
  }

  bool Granted(const LinkPlan& plan) {
    const Link& link = state_.graph().link(plan.link);
    const bool can_brake = CanBrake(plan.distance);
    if (signals_.Yellow(plan.link)) {
      return !can_brake;
    }
    if (signals_.Red(plan.link)) {
      return false;
    }
    const bool entry_major = !link.enters && signals_.Major(link.entry);
    if (signals_.Major(plan.link) || entry_major) {
      return true;
    }
    if (signals_.MustStop(plan.link) && link.enters && state_.fields.waiting[s_] == 0) {
      return false;
    }
    if (!link.wait_inside && !link.yields_to.empty() &&
        !approaches_.Open(state_, signals_, slot_, plan, can_brake ? impatience_ : 1)) {
      // It is too late for stopping where only the others' brakes can help.
      return !can_brake && state_.graph().network().connections[Index(plan.link)].signal < 0 &&
             plan.distance < follower_.EmergencyWay(speed_);
    }
    if (link.wait_inside || (!link.enters && link.yields_to.empty())) {
      return true;
    }
    // A minor road's driver is ready to stop until he sees his foes; then he goes without delay.
    if (plan.distance > link.visibility) {
      return false;
    }
    least_distance_ = plan.distance;
    least_ = std::min({(plan.distance + kMinorStopGap) / state_.step_length(), plan.pass_speed,
                       follower_.MaxNextSpeed(speed_)});
    least_can_brake_ = can_brake;
    return true;
  }

  double Across(double safe) {
    if (safe + kTiny >= least_) {
      return safe;
    }
    if (least_can_brake_ && safe < speed_) {
      // He would not get across a line that he just meant to pass: he stops before it.
      const DriverState driver = state_.Driver(slot_, state_.fields.lane[s_]);
      safe = std::min(safe, std::max(follower_.MinNextSpeed(speed_),
                                     follower_.StopSpeed(driver, least_distance_)));
      least_ = 0;
      waits_ = true;
    } else {
      least_ = safe;
    }
    return safe;
  }

  static size_t Index(int32_t index) { return static_cast<size_t>(index); }

  const TrafficState& state_;
  const LinkSignals& signals_;
  const Approaches& approaches_;
  const int32_t slot_;
  const size_t s_;
  const CarFollower& follower_;
  const double speed_;
  const double impatience_;
  double least_ = 0, least_distance_ = 0;
  bool least_can_brake_ = false;
  bool waits_ = false, gives_way_ = false;
};

double Impatience(const TrafficState& state, int32_t slot, double impatience_time) {
  const auto s = static_cast<size_t>(slot);
  return std::min(
      1.0, state.fields.follower[s]->impatience() + state.fields.waiting[s] / impatience_time);
}

double DrivableSpeed(const TrafficState& state, int32_t slot, const CarFollower& follower,
                     double safe, double random) {
  const auto s = static_cast<size_t>(slot);
  const double speed = state.fields.speed[s];
  safe = std::min(safe, std::max(state.fields.speed_cap[s], follower.MinNextSpeed(speed)));
  return follower.Drivable(speed, safe, random);
}

}  // namespace

void PlanDrive(TrafficState& state, const LinkSignals& signals, int32_t slot,
               const TrafficState::Rear& leader, double queue) {
  const auto s = static_cast<size_t>(slot);
  Planner(state, signals, slot, *state.fields.follower[s], {}, state.fields.plans[s])
      .Run(leader, queue);
}

void DecideSpeed(TrafficState& state, const LinkSignals& signals, const Approaches& approaches,
                 int32_t slot, double impatience_time, double random) {
  const auto s = static_cast<size_t>(slot);
  const CarFollower& follower = *state.fields.follower[s];
  LinkGrants grants(state, signals, approaches, slot, follower,
                    Impatience(state, slot, impatience_time));
  const double safe = grants.SafeSpeed(state.fields.plans[s]);
  state.fields.waits_ahead[s] = grants.waits();
  state.fields.next_speed[s] = std::max(DrivableSpeed(state, slot, follower, safe, random),
                                        std::min(safe, grants.least_speed()));
  if (grants.gives_way()) {
    state.fields.entry_time[s] = state.fields.conflict_time[s] =
        std::numeric_limits<double>::infinity();
  }
}

double FreeSpeed(const TrafficState& state, const LinkSignals& signals,
                 const Approaches& approaches, int32_t slot, double impatience_time,
                 const CarFollower& follower, double nearer) {
  std::vector<LinkPlan> plans;
  Planner(state, signals, slot, follower, {.heeds_leaders = false, .nearer = nearer}, plans)
      .Run({}, 0);
  const auto s = static_cast<size_t>(slot);
  const double late = nearer / std::max(state.fields.speed[s], kStanding);
  for (LinkPlan& plan : plans) {
    plan.leave += late;       // he takes so much longer to get across, too
    plan.distance += nearer;  // whether he can still stop is a matter of where the line is
  }
  LinkGrants grants(state, signals, approaches, slot, *state.fields.follower[s],
                    Impatience(state, slot, impatience_time));
  const double highest = follower.MaxNextSpeed(state.fields.speed[s]);
  return std::max(0.0, std::min({grants.SafeSpeed(plans), state.fields.speed_cap[s], highest}));
}

}  // namespace tersor::twin
