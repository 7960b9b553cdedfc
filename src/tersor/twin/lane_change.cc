#include "tersor/twin/lane_change.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tersor/twin/neighbours.h"
#include "tersor/util/config.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// LC2013's constants (Erdmann, "SUMO's lane-changing model", 2014).
constexpr double kLookForward = 10;         // s of driving within which the route's lane is sought
constexpr double kLookLeft = 2;             // and so much more to the left
constexpr double kGainLeft = 0.2;           // accumulated gain at which one changes to the left
constexpr double kGainRight = 2;            // and to the right
constexpr double kKeepRightTime = 5;        // s on a free right lane until one takes it
constexpr double kKeepRightAcceptance = 7;  // s that the right lane has to stay free
constexpr double kSeen = 100;               // m across the ends of the lane
constexpr int kWishWithRoom = 2;            // a wish for which everyone around leaves the room

/// Everything about one vehicle's decision.
class Decision {
 public:
  Decision(TrafficState& state, int32_t slot)
      : state_(state),
        slot_(slot),
        s_(static_cast<size_t>(slot)),
        lane_(state.fields.lane[s_]),
        place_(state.fields.place[s_]),
        facts_(state.graph().lane(lane_)),
        follower_(*state.fields.follower[s_]),
        route_(*state.fields.route[s_]),
        here_(route_.At(place_, facts_.index)) {
    distance_ = follower_.BrakeGap(state.fields.speed[s_]) + kSeen;
  }

  /// For the route: +1, -1, or 0 where there is no need yet.
  int RouteWish() const {
    if (here_.offset == 0) {
      return 0;
    }
    const double left = here_.reach - state_.fields.position[s_];
    return left < std::abs(here_.offset) * NeededDistance(here_.offset > 0) ? Sign(here_.offset)
                                                                            : 0;
  }

  int Lc2013Wish() {
    UpdateGains();
    const double gain = state_.fields.speed_gain[s_];
    if (gain > kGainLeft && Usable(1)) {
      return 1;
    }
    return (gain < -kGainRight || state_.fields.keep_right[s_] > kGainRight) && Usable(-1) ? -1 : 0;
  }

  int MobilWish(const MobilParameters& mobil) const {
    int best = 0;
    double best_gain = 0;
    for (const int side : {1, -1}) {
      if (!Usable(side)) {
        continue;
      }
      const double gain = MobilGain(side, mobil) - mobil.threshold - side * mobil.right_bias;
      if (gain > best_gain) {
        best = side;
        best_gain = gain;
      }
    }
    return best;
  }

  /// A wish to a side as it is noted: twice as strong where there is the room for it.
  int Room(int side) const {
    const int32_t lane = side > 0 ? facts_.left : facts_.right;
    return Blocked(state_, follower_, state_.fields.speed[s_], NeighboursOn(lane)).any()
               ? side
               : side * kWishWithRoom;
  }

 private:
  static int Sign(int value) { return value > 0 ? 1 : -1; }

  double NeededDistance(bool to_left) const {
    // Standing in a queue does not mean that there is time.
    const double speed = std::max(state_.fields.speed[s_], state_.DesiredSpeed(slot_, lane_) / 2);
    return speed * kLookForward * (to_left ? kLookLeft : 1) +
           2 * (follower_.length() + follower_.min_gap());
  }

  /// The neighbour lane is open and does not lead away from the route too soon.
  bool Usable(int side) const {
    const int32_t lane = side > 0 ? facts_.left : facts_.right;
    if (lane < 0) {
      return false;
    }
    const RouteLanes::LaneChoice& there = route_.At(place_, facts_.index + side);
    if (!there.allowed) {
      return false;
    }
    const double left = there.reach - state_.fields.position[s_];
    return there.offset == 0 ||
           left > std::abs(there.offset) * 2 * NeededDistance(there.offset > 0);
  }

  /// What can be driven behind the leader of a lane.
  double SpeedOn(int32_t lane, const Neighbours& near) const {
    const double desired = state_.DesiredSpeed(slot_, lane);
    if (near.leader < 0) {
      return desired;
    }
    const double gap = near.lead_gap - follower_.min_gap();
    const LeaderState leader = state_.Leader(near.leader);
    // As if one drove up to it at one's own pace.
    const double safe = follower_.SafeStopSpeed(
        std::max(0.0, gap) + follower_.BrakeWay(leader.speed, leader.decel), follower_.tau());
    return std::min(desired, std::max(safe, 0.0));
  }

  Neighbours NeighboursOn(int32_t lane) const {
    const Body body{state_.fields.position[s_], state_.fields.length[s_], state_.fields.speed[s_]};
    return NeighboursAt(state_, lane, body, slot_, place_, distance_);
  }

  void UpdateGains() {
    const double step = state_.step_length();
    double& gain = state_.fields.speed_gain[s_];
    double& right = state_.fields.keep_right[s_];
    const double here = SpeedOn(lane_, NeighboursOn(lane_));
    const double fade = std::pow(0.5, step);
    bool left_faster = false, right_faster = false;
    if (Usable(1)) {
      const double there = SpeedOn(facts_.left, NeighboursOn(facts_.left));
      left_faster = there > here;
      gain += left_faster ? step * (there - here) / std::max(there, 1.0) : 0;
    }
    if (Usable(-1)) {
      const Neighbours near = NeighboursOn(facts_.right);
      const double there = SpeedOn(facts_.right, near);
      right_faster = there > here;
      gain -= right_faster ? step * (there - here) / std::max(there, 1.0) : 0;
      right += step * kGainRight / kKeepRightTime *
               std::min(1.0, FreeTime(facts_.right, near) / kKeepRightAcceptance);
    } else {
      right = 0;
    }
    if ((gain > 0 && !left_faster) || (gain < 0 && !right_faster)) {
      gain *= fade;
    }
  }

  /// Seconds that one could drive at full speed on a lane.
  double FreeTime(int32_t lane, const Neighbours& near) const {
    const double speed = std::max(state_.DesiredSpeed(slot_, lane), 0.1);
    const RouteLanes::LaneChoice& there = route_.At(place_, state_.graph().lane(lane).index);
    const double free = (there.reach - state_.fields.position[s_]) / speed;
    if (near.leader < 0) {
      return free;
    }
    const LeaderState leader = state_.Leader(near.leader);
    const double gap = near.lead_gap - follower_.min_gap() -
                       follower_.SecureGap(speed, leader.speed, leader.decel);
    if (gap <= 0) {
      return 0;
    }
    return std::min(free, gap / std::max(speed - leader.speed, 0.1));
  }

  double Acceleration(int32_t slot, int32_t leader, double gap, int32_t lane) const {
    const CarFollower& follower = *state_.fields.follower[static_cast<size_t>(slot)];
    const DriverState driver = state_.Driver(slot, lane);
    double speed = follower.CruiseSpeed(driver);
    if (leader >= 0) {
      speed = std::min(
          speed, follower.FollowSpeed(driver, gap - follower.min_gap(), state_.Leader(leader)));
    }
    return (speed - driver.speed) / state_.step_length();
  }

  /// a_c' - a_c + p [(a_n' - a_n) + (a_o' - a_o)], or -infinity where it is not safe.
  double MobilGain(int side, const MobilParameters& mobil) const {
    const int32_t other = side > 0 ? facts_.left : facts_.right;
    const Neighbours old = NeighboursOn(lane_), next = NeighboursOn(other);
    const double length = state_.fields.length[s_];
    double gain = Acceleration(slot_, next.leader, next.lead_gap, other) -
                  Acceleration(slot_, old.leader, old.lead_gap, lane_);
    if (next.follower >= 0) {
      const double after = Acceleration(next.follower, slot_, next.follow_gap, other);
      if (after < -mobil.safe_decel) {
        return -std::numeric_limits<double>::infinity();
      }
      gain += mobil.politeness *
              (after - Acceleration(next.follower, next.leader,
                                    next.follow_gap + length + next.lead_gap, other));
    }
    if (old.follower >= 0) {
      gain += mobil.politeness * (Acceleration(old.follower, old.leader,
                                               old.follow_gap + length + old.lead_gap, lane_) -
                                  Acceleration(old.follower, slot_, old.follow_gap, lane_));
    }
    return gain;
  }

  TrafficState& state_;
  const int32_t slot_;
  const size_t s_;
  const int32_t lane_, place_;
  const RoadGraph::LaneFacts& facts_;
  const CarFollower& follower_;
  const RouteLanes& route_;
  const RouteLanes::LaneChoice& here_;
  double distance_ = 0;  // m across lanes that one looks for neighbours
};

void Cap(TrafficState& state, int32_t slot, int32_t leader, double gap) {
  const auto s = static_cast<size_t>(slot);
  const CarFollower& follower = *state.fields.follower[s];
  const DriverState driver = state.Driver(slot, state.fields.lane[s]);
  const double speed = follower.FollowSpeed(driver, gap - follower.min_gap(), state.Leader(leader));
  state.fields.speed_cap[s] = std::min(state.fields.speed_cap[s], speed);
}

/// Tries a wish among those on the road, some of whom may have changed lanes already.
void CarryOut(TrafficState& state, int32_t slot) {
  const auto s = static_cast<size_t>(slot);
  const int wish = state.fields.wish[s];
  const RoadGraph::LaneFacts& from = state.graph().lane(state.fields.lane[s]);
  const int32_t lane = wish > 0 ? from.left : from.right;
  const Neighbours near =
      NeighboursOnLane(state, lane, state.fields.position[s], state.fields.length[s], slot);
  const Blockage blockage = Blocked(state, *state.fields.follower[s], state.fields.speed[s], near);
  if (std::abs(wish) == kWishWithRoom && !blockage.any()) {
    state.Move(slot, lane);
    state.fields.speed_gain[s] = state.fields.keep_right[s] = 0;
  } else if (state.fields.urgent[s]) {
    if (blockage.by_leader) {
      Cap(state, slot, near.leader, near.lead_gap);
    }
    if (near.follower >= 0 && near.follow_gap > 0) {
      Cap(state, near.follower, slot, near.follow_gap);
    }
  }
}

}  // namespace

LaneChangeModel LaneChangeModelOf(const VehicleType& type) {
  if (type.lane_change == "LC2013" || type.lane_change == "SL2015" ||
      type.lane_change == "default") {
    return LaneChangeModel::kLc2013;
  }
  if (type.lane_change == "MOBIL") {
    return LaneChangeModel::kMobil;
  }
  Fail("vType '", type.id, "': lane change model '", type.lane_change, "' is not known; ",
       NearestName(type.lane_change, {"LC2013", "SL2015", "MOBIL", "default"}),
       " LC2013 and MOBIL are");
}

void DecideLaneChange(TrafficState& state, int32_t slot, LaneChangeModel model,
                      const MobilParameters& mobil) {
  const auto s = static_cast<size_t>(slot);
  Decision decision(state, slot);
  int wish = decision.RouteWish();
  state.fields.urgent[s] = wish != 0;
  if (wish == 0 && model != LaneChangeModel::kNone) {
    wish = model == LaneChangeModel::kMobil ? decision.MobilWish(mobil) : decision.Lc2013Wish();
  }
  if (wish != 0) {
    wish = decision.Room(wish);
  }
  state.fields.wish[s] = static_cast<signed char>(wish);
}

void ChangeLanes(TrafficState& state, const Edge& edge) {
  // From front to back over all lanes.
  std::vector<int32_t> wishing;
  for (const int32_t lane : edge.lanes) {
    for (const int32_t slot : state.on_lane(lane)) {
      if (state.fields.wish[static_cast<size_t>(slot)] != 0) {
        wishing.push_back(slot);
      }
    }
  }
  const VehicleFields& fields = state.fields;
  std::sort(wishing.begin(), wishing.end(), [&fields](int32_t a, int32_t b) {
    const double pa = fields.position[static_cast<size_t>(a)];
    const double pb = fields.position[static_cast<size_t>(b)];
    return pa != pb
               ? pa > pb
               : fields.vehicle[static_cast<size_t>(a)] < fields.vehicle[static_cast<size_t>(b)];
  });
  for (const int32_t slot : wishing) {
    CarryOut(state, slot);
  }
}

}  // namespace tersor::twin
