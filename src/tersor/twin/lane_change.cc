#include "tersor/twin/lane_change.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tersor/twin/neighbours.h"
#include "tersor/util/config.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// LC2013's constants (Erdmann, "SUMO's lane-changing model", 2014, and SUMO's documentation).
constexpr double kLookForward = 10;         // s of driving within which the route's lane is sought
constexpr double kLookLeft = 2;             // and so much more to the left
constexpr double kSpeedMemory = 0.9;        // of the speed by which one looks forward, in a second
constexpr double kGainLeft = 0.2;           // accumulated gain at which one changes to the left
constexpr double kGainRight = 2;            // and to the right
constexpr double kGainSpeed = 10;           // m/s; gains are relative to at least this
constexpr double kGainTime = 20;            // s that the lane must lead on to be worth it
constexpr double kSlowerRight = 5 / 3.6;    // m/s by which the right lane may be slower
constexpr double kKeepRightTime = 5;        // s on a free right lane until one takes it
constexpr double kKeepRightAcceptance = 7;  // s of free driving a m/s, for which it has to be free
constexpr double kTurnLane = 200;           // m; nobody leaves his lane for a shorter one
constexpr double kHighway = 80 / 3.6;       // m/s; above, right lanes that end are kept free
constexpr double kSeen = 100;               // m across the ends of the lane, backwards
constexpr double kMargin = 0.2;             // m beyond the least gap that one makes for others
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

  /// The wish as it is noted; `urgent` where the route asks for it.
  int Wish(LaneChangeModel model, const MobilParameters& mobil, bool& urgent) {
    urgent = false;
    int wanted = 0;
    for (const int side : {-1, 1}) {
      if (!Allowed(side)) {
        continue;
      }
      const Prospect prospect = Look(side);
      bool wants = prospect.urgent;
      if (!wants && prospect.usable && model == LaneChangeModel::kLc2013) {
        wants = Lc2013Wants(side, prospect);
      }
      if (!wants) {
        continue;
      }
      if (!Blocked(state_, slot_, NeighboursOn(LaneTo(side))).any()) {
        urgent = prospect.urgent;
        return side * kWishWithRoom;
      }
      if (prospect.urgent) {
        urgent = true;
        wanted = side;
      }
    }
    if (wanted == 0 && model == LaneChangeModel::kMobil) {
      wanted = kWishWithRoom * MobilWish(mobil);
    }
    return wanted;
  }

 private:
  /// What a lane beside one's own means for the route.
  struct Prospect {
    bool urgent = false;  // one has to get there now
    bool usable = false;  // one could go there and back in time, or need not come back
    bool best = false;    // the route leads there
  };

  static int Sign(int value) { return value > 0 ? 1 : -1; }
  int32_t LaneTo(int side) const { return side > 0 ? facts_.left : facts_.right; }
  const RouteLanes::LaneChoice& ChoiceTo(int side) const {
    return route_.At(place_, facts_.index + side);
  }
  bool Allowed(int side) const { return LaneTo(side) >= 0 && ChoiceTo(side).allowed; }

  /// Metres in which one change of lanes to a side shall be done.
  double LookAhead(int side) {
    double& pace = state_.fields.look_ahead_speed[s_];
    const double speed = state_.fields.speed[s_];
    const double memory = 1 - (1 - kSpeedMemory) * state_.step_length();
    pace = speed > pace ? speed : memory * pace + (1 - memory) * speed;
    return pace * kLookForward * (side > 0 ? kLookLeft : 1) +
           2 * (follower_.length() + follower_.min_gap());
  }

  Prospect Look(int side) {
    const RouteLanes::LaneChoice& there = ChoiceTo(side);
    const bool both = here_.offset == 0 && there.offset == 0;
    const int offset = both ? side : here_.offset;
    Prospect prospect;
    prospect.best = offset * side > 0;
    const double look_ahead = LookAhead(side);
    const double position = state_.fields.position[s_];
    if (prospect.best && !both) {
      const Edge& edge = state_.graph().network().edges[static_cast<size_t>(facts_.edge)];
      const int32_t best = edge.lanes[static_cast<size_t>(facts_.index + offset)];
      // Standing in a queue takes of the way that is left.
      const double left = here_.reach - position - state_.load(best);
      prospect.urgent = left < std::abs(offset) * look_ahead;
    }
    const double jam = std::max(state_.load(lane_), state_.load(LaneTo(side)));
    const double left = std::max(0.0, there.reach - position - jam);
    const bool back_in_time = prospect.best || left >= (std::abs(offset) + 2) * look_ahead;
    const bool turn_lane = offset == 0 && there.reach < kTurnLane;
    const bool stranded = side < 0 && offset == 0 && facts_.speed > kHighway;
    prospect.usable = back_in_time && !turn_lane && !stranded;
    return prospect;
  }

  Neighbours NeighboursOn(int32_t lane) const {
    const Body body{state_.fields.position[s_], state_.fields.length[s_], state_.fields.speed[s_]};
    return NeighboursAt(state_, lane, body, slot_, place_, distance_);
  }

  /// The leader on a lane; beyond its end only as far as one needs for stopping.
  Neighbours LeaderOn(int32_t lane) const {
    const double position = state_.fields.position[s_], length = state_.fields.length[s_];
    const double seen = follower_.BrakeGap(state_.fields.speed[s_]) + follower_.min_gap();
    return LeaderAt(state_, lane, {position, length, 0}, slot_, place_, seen);
  }

  /// What can be driven behind the leader of a lane.
  double SpeedOn(int32_t lane, const Neighbours& near, bool soon) const {
    const double desired = state_.DesiredSpeed(slot_, lane);
    if (near.leader < 0) {
      return desired;
    }
    const double gap = near.lead_gap - follower_.min_gap();
    const LeaderState leader = state_.Leader(near.leader);
    if (soon) {  // leaders speed up: what the next second brings is all that can be known
      const double speed = state_.fields.speed[s_];
      return std::min({desired, speed + follower_.accel(),
                       follower_.FollowSpeed(state_.Driver(slot_, lane), gap, leader)});
    }
    // As if one drove up to it at one's own pace.
    const double safe = follower_.SafeStopSpeed(
        std::max(0.0, gap) + follower_.BrakeWay(leader.speed, leader.decel), follower_.tau());
    return std::min(desired, std::max(safe, 0.0));
  }

  bool Lc2013Wants(int side, const Prospect& prospect) {
    const double step = state_.step_length();
    double& gain = state_.fields.speed_gain[s_];
    const RouteLanes::LaneChoice& choice = ChoiceTo(side);
    const Neighbours ahead = LeaderOn(lane_), beside = LeaderOn(LaneTo(side));
    const auto speeds_up = [this](int32_t leader) {
      return leader >= 0 && state_.fields.accel[static_cast<size_t>(leader)] > 0;
    };
    const bool soon = speeds_up(ahead.leader) || speeds_up(beside.leader);
    const double here = SpeedOn(lane_, ahead, soon);
    const double there = SpeedOn(LaneTo(side), beside, soon);
    const double relative = (there - here) / std::max(there, kGainSpeed);
    const double speed = state_.fields.speed[s_];
    const bool leads_on = choice.reach / std::max(speed, 0.1) > kGainTime;
    if (side < 0) {
      if (here - kSlowerRight > there) {
        gain *= gain < 0 ? std::pow(0.5, step) : 1;
      } else {
        gain -= gain < 0 || relative > 0 ? step * relative : 0;
        if (KeepsRight(choice, beside)) {
          return true;
        }
      }
      if (gain < -kGainRight && leads_on) {
        return true;
      }
    } else {
      if (there > here) {
        gain += step * relative;
      } else if (gain > 0) {
        gain *= std::pow(here > there ? 0.5 : 0.8, step);
      }
      if (gain > kGainLeft && relative > 0 && leads_on) {
        return true;
      }
    }
    // Towards the route's lane where that costs nothing.
    return prospect.best && here_.offset != 0 && relative >= 0 && side * gain > 0;
  }

  /// Time passes on a lane whose right neighbour could be driven as well.
  bool KeepsRight(const RouteLanes::LaneChoice& right, const Neighbours& near) {
    const double desired = std::max(state_.DesiredSpeed(slot_, lane_), 0.1);
    const double acceptance =
        kKeepRightAcceptance * desired / facts_.speed * std::max(1.0, state_.fields.speed[s_]);
    const double free = std::max(0.0, right.reach - follower_.BrakeGap(desired));
    double time = std::min(acceptance, free / desired);
    if (near.leader >= 0) {
      const LeaderState leader = state_.Leader(near.leader);
      if (leader.speed < desired) {
        const double gap = near.lead_gap - follower_.min_gap() -
                           follower_.SecureGap(desired, leader.speed, leader.decel);
        time = std::min(time, std::clamp(gap, 0.0, free) / (desired - leader.speed));
      }
    }
    double& right_wish = state_.fields.keep_right[s_];
    right_wish += state_.step_length() * kGainRight * time / acceptance / kKeepRightTime;
    return right_wish > kGainRight;
  }

  int MobilWish(const MobilParameters& mobil) {
    int best = 0;
    double best_gain = 0;
    for (const int side : {1, -1}) {
      if (!Allowed(side) || !Look(side).usable ||
          Blocked(state_, slot_, NeighboursOn(LaneTo(side))).any()) {
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
    const int32_t other = LaneTo(side);
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
  // A little more than the least gap, or the change would fail by millimetres for ever.
  const double room = gap - follower.min_gap() - kMargin;
  const double speed = follower.FollowSpeed(driver, room, state.Leader(leader));
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
  const Blockage blockage = Blocked(state, slot, near);
  if (std::abs(wish) == kWishWithRoom && !blockage.any()) {
    state.Move(slot, lane);
    state.fields.speed_gain[s] = state.fields.keep_right[s] = state.fields.look_ahead_speed[s] = 0;
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
  bool urgent = false;
  const int wish = Decision(state, slot).Wish(model, mobil, urgent);
  state.fields.urgent[s] = urgent;
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
