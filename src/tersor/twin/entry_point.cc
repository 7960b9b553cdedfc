#include "tersor/twin/entry_point.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/neighbours.h"

namespace tersor::twin {
namespace {

constexpr double kBehindBegin = 0.1;  // m from the lane's begin to the back bumper
constexpr int kRandomTries = 10;

}  // namespace

EntrySearch::EntrySearch(const TrafficState& state, const LinkSignals& signals, int32_t slot,
                         const Departure& departure, const Rng& rng, uint64_t choice)
    : state_(state),
      signals_(signals),
      slot_(slot),
      s_(static_cast<size_t>(slot)),
      place_(state.fields.place[s_]),
      follower_(*state.fields.follower[s_]),
      route_(*state.fields.route[s_]),
      departure_(departure),
      rng_(rng),
      choice_(choice) {}

EntryPoint EntrySearch::Find(std::vector<int32_t>& refusing) {
  const int32_t lane = ChooseLane();
  if (lane < 0 || std::find(refusing.begin(), refusing.end(), lane) != refusing.end()) {
    return {};
  }
  const EntryPoint entry = FindOn(lane);
  if (entry.lane < 0) {
    refusing.push_back(lane);
  }
  return entry;
}

EntryPoint EntrySearch::FindOn(int32_t lane) {
  const double speed = WantedSpeed(lane);
  const double length = state_.graph().lane(lane).length;
  switch (departure_.position_choice) {
    case Departure::PositionChoice::kMetres: {
      const double from_begin =
          departure_.position < 0 ? departure_.position + length : departure_.position;
      return At(lane, std::clamp(from_begin, 0.0, length), speed);
    }
    case Departure::PositionChoice::kBase:
      return At(lane, BasePosition(lane), speed);
    case Departure::PositionChoice::kRandom:
      for (int i = 0; i < kRandomTries; ++i) {
        const EntryPoint entry = At(lane, length * Uniform(), speed);
        if (entry.lane >= 0) {
          return entry;
        }
      }
      return {};
    case Departure::PositionChoice::kFree:
      return AtFreePlace(lane, speed);
    case Departure::PositionChoice::kLast:
      return BehindLast(lane, speed);
  }
  return {};
}

EntryPoint EntrySearch::FindAtBegin() {
  double most = 0;
  for (int32_t i = 0; i < route_.num_lanes(place_); ++i) {
    most = std::max(most, route_.At(place_, i).reach);
  }
  const int32_t lane = Emptiest(most);
  return lane < 0 ? EntryPoint{} : At(lane, BasePosition(lane), state_.DesiredSpeed(slot_, lane));
}

int32_t EntrySearch::Emptiest(double least_reach) const {
  const Edge& edge = state_.graph().network().edges[static_cast<size_t>(route_.edge(place_))];
  const double from = departure_.position_choice == Departure::PositionChoice::kMetres
                          ? std::max(departure_.position, 0.0)
                          : 0;
  int32_t best = -1;
  double most = 0;
  for (size_t i = 0; i < edge.lanes.size(); ++i) {
    const RouteLanes::LaneChoice& choice = route_.At(place_, static_cast<int32_t>(i));
    if (!choice.allowed || choice.reach < least_reach) {
      continue;
    }
    // As SUMO has it: by the last vehicle's front.
    const std::vector<int32_t>& others = state_.on_lane(edge.lanes[i]);
    const double free =
        (others.empty() ? state_.graph().lane(edge.lanes[i]).length
                        : state_.fields.position[static_cast<size_t>(others.back())]) -
        from;
    if (best < 0 || free > most) {
      best = edge.lanes[i];
      most = free;
    }
  }
  return best;
}

int32_t EntrySearch::ChooseLane() {
  const Edge& edge = state_.graph().network().edges[static_cast<size_t>(route_.edge(place_))];
  const int32_t count = route_.num_lanes(place_);
  switch (departure_.lane_choice) {
    case Departure::LaneChoice::kIndex:
      return edge.lanes[static_cast<size_t>(departure_.lane)];
    case Departure::LaneChoice::kFirst:
      for (int32_t i = 0; i < count; ++i) {
        if (route_.At(place_, i).allowed) {
          return edge.lanes[static_cast<size_t>(i)];
        }
      }
      return -1;
    case Departure::LaneChoice::kRandom: {
      std::vector<int32_t> open;
      for (int32_t i = 0; i < count; ++i) {
        if (route_.At(place_, i).allowed) {
          open.push_back(edge.lanes[static_cast<size_t>(i)]);
        }
      }
      return open.empty() ? -1 : open[rng_.Below(choice_++, open.size())];
    }
    case Departure::LaneChoice::kFree:
    case Departure::LaneChoice::kAllowed:
      return Emptiest(0);
    case Departure::LaneChoice::kBest: {
      double most = 0;
      for (int32_t i = 0; i < count; ++i) {
        most = std::max(most, route_.At(place_, i).reach);
      }
      return Emptiest(most - 1e-6);
    }
  }
  return -1;
}

double EntrySearch::WantedSpeed(int32_t lane) {
  const double highest = state_.DesiredSpeed(slot_, lane);
  const std::vector<int32_t>& others = state_.on_lane(lane);
  may_be_slower_ = departure_.speed_choice != Departure::SpeedChoice::kSpeed &&
                   departure_.speed_choice != Departure::SpeedChoice::kDesired &&
                   departure_.speed_choice != Departure::SpeedChoice::kSpeedLimit;
  switch (departure_.speed_choice) {
    case Departure::SpeedChoice::kSpeed:
      return std::min(departure_.speed, follower_.max_speed());
    case Departure::SpeedChoice::kMax:
    case Departure::SpeedChoice::kDesired:
      return highest;
    case Departure::SpeedChoice::kSpeedLimit:
      return std::min(state_.graph().lane(lane).speed, follower_.max_speed());
    case Departure::SpeedChoice::kRandom:
      return highest * Uniform();
    case Departure::SpeedChoice::kLast:
      return others.empty()
                 ? highest
                 : std::min(highest, state_.fields.speed[static_cast<size_t>(others.back())]);
    case Departure::SpeedChoice::kAvg: {
      double sum = 0;
      for (const int32_t other : others) {
        sum += state_.fields.speed[static_cast<size_t>(other)];
      }
      return others.empty() ? highest : std::min(highest, sum / static_cast<double>(others.size()));
    }
  }
  return 0;
}

double EntrySearch::BasePosition(int32_t lane) const {
  const bool last = place_ + 1 == route_.num_edges();
  return std::min({state_.fields.length[s_] + kBehindBegin, state_.graph().lane(lane).length,
                   last ? state_.fields.arrival_position[s_] : 1e9});
}

/// The highest speed, at most `speed`, that is safe for what lies ahead on the route.
double EntrySearch::SafeAhead(int32_t lane, double position, double speed) const {
  const RoadGraph& graph = state_.graph();
  int32_t place = place_;
  double seen = graph.lane(lane).length - position;
  while (seen < follower_.BrakeGap(speed) + follower_.min_gap() &&
         !state_.OnLastEdge(slot_, lane, place)) {
    const int32_t index = state_.NextLink(slot_, lane, place);
    const double stop = follower_.SafeStopSpeed(seen, state_.step_length());
    if (index < 0) {
      return std::min(speed, stop);
    }
    const Link& link = graph.link(index);
    if (signals_.Red(index) || signals_.Yellow(index) || !link.yields_to.empty()) {
      return std::min(speed, stop);
    }
    lane = link.next;
    const RoadGraph::LaneFacts& next = graph.lane(lane);
    place += next.internal ? 0 : 1;
    speed = std::min(speed, follower_.ApproachSpeed(seen, state_.DesiredSpeed(slot_, lane)));
    seen += next.length;
  }
  return speed;
}

EntryPoint EntrySearch::At(int32_t lane, double position, double speed) const {
  double safe = SafeAhead(lane, position, speed);
  const double distance = follower_.BrakeGap(speed) + follower_.min_gap();
  const double look = std::max(distance, 100.0);
  const Neighbours near =
      NeighboursAt(state_, lane, {position, state_.fields.length[s_], speed}, slot_, place_, look);
  if (near.leader >= 0) {
    const double gap = near.lead_gap - follower_.min_gap();
    if (gap < 0) {
      return {};
    }
    safe = std::min(safe, follower_.FollowSpeed({speed, 0, state_.DesiredSpeed(slot_, lane)}, gap,
                                                state_.Leader(near.leader)));
    // Room for normal braking is asked of everyone who comes onto the road.
    const LeaderState leader = state_.Leader(near.leader);
    safe =
        std::min(safe, follower_.SafeStopSpeed(gap + follower_.BrakeWay(leader.speed, leader.decel),
                                               follower_.tau()));
  }
  if (safe < speed && !may_be_slower_) {
    return {};
  }
  speed = std::min(speed, safe);
  Neighbours behind = near;
  behind.leader = -1;
  if (Blocked(state_, follower_, speed, behind).by_follower) {
    return {};
  }
  return {lane, position, speed};
}

EntryPoint EntrySearch::AtFreePlace(int32_t lane, double speed) const {
  const EntryPoint begin = At(lane, 0, speed);
  if (begin.lane >= 0) {
    return begin;
  }
  // Between others, from the last one forwards: as near behind its follower's need as can be.
  const std::vector<int32_t>& others = state_.on_lane(lane);
  for (size_t i = others.size(); i-- > 0;) {
    const auto f = static_cast<size_t>(others[i]);
    const CarFollower& back = *state_.fields.follower[f];
    double high = state_.graph().lane(lane).length, own = speed;
    if (i > 0) {
      const LeaderState leader = state_.Leader(others[i - 1]);
      own = std::min(own, leader.speed);
      high = state_.Back(others[i - 1]) - follower_.min_gap() -
             follower_.SecureGap(own, leader.speed, leader.decel);
    }
    const double low = state_.fields.position[f] + back.min_gap() +
                       back.SecureGap(state_.fields.speed[f], own, follower_.decel()) +
                       state_.fields.length[s_] + kBehindBegin;
    if (low < high) {
      const EntryPoint entry = At(lane, low, own);
      if (entry.lane >= 0) {
        return entry;
      }
    }
  }
  return {};
}

EntryPoint EntrySearch::BehindLast(int32_t lane, double speed) const {
  const TrafficState::Rear last = state_.LastOn(lane);
  if (last.slot < 0) {
    return At(lane, state_.graph().lane(lane).length, speed);
  }
  const LeaderState leader = state_.Leader(last.slot);
  const double position = last.back - follower_.min_gap() -
                          follower_.SecureGap(speed, leader.speed, leader.decel) - kBehindBegin;
  return position < BasePosition(lane) ? EntryPoint{} : At(lane, position, speed);
}

}  // namespace tersor::twin
