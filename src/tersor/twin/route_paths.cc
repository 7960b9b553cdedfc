#include "tersor/twin/route_paths.h"

#include <algorithm>
#include <cstdlib>

#include "tersor/twin/lane_topology.h"

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

// How far SUMO looks ahead when it chooses lanes: edges, metres.
constexpr size_t kEdgesAhead = 4, kMoreEdgesAhead = 8;
constexpr double kMetresAhead = 3000, kMoreMetresAhead = 200;

}  // namespace

// A lane of an edge on the route, with what SUMO weighs.
struct RoutePaths::Choice {
  int32_t lane = -1;
  bool goes_on = false;   // connected to the route's next edge
  double own_length = 0;  // m
  double length = 0;      // m until one has to change lanes
  int offset = 0;         // lanes to the best one, positive to the left
  int32_t next = -1;      // which of the next edge's lanes follows
};

int32_t RoutePaths::Intern(std::span<const int32_t> edges) {
  uint64_t hash = edges.size();
  for (const int32_t edge : edges) {
    hash = (hash ^ static_cast<uint64_t>(edge)) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 29;
  }
  std::vector<int32_t>& candidates = route_of_hash_[hash];
  for (const int32_t candidate : candidates) {
    if (std::ranges::equal(routes_[Index(candidate)], edges)) {
      return candidate;
    }
  }
  candidates.push_back(static_cast<int32_t>(routes_.size()));
  routes_.emplace_back(edges.begin(), edges.end());
  return candidates.back();
}

int32_t RoutePaths::PathFrom(int32_t route, int32_t index, int32_t lane) {
  const std::vector<int32_t>& edges = routes_[Index(route)];
  const Lane& first = network_.lanes[Index(lane)];
  if (index < 0 || Index(index) >= edges.size() || edges[Index(index)] != first.edge) {
    return AddLonePath(lane);
  }
  const uint64_t key = (static_cast<uint64_t>(route) << 32) | static_cast<uint32_t>(index);
  auto [place, added] = paths_of_.try_emplace(key, 0);
  if (added) {
    place->second = AddPaths(edges, Index(index));
  }
  return place->second + first.index;
}

int32_t RoutePaths::AddLonePath(int32_t lane) {
  auto [place, added] = lone_.try_emplace(lane, static_cast<int32_t>(paths_.size()));
  if (added) {
    paths_.push_back({static_cast<int64_t>(steps_.size()), 1});
    steps_.push_back({lane, -1});
  }
  return place->second;
}

std::vector<RoutePaths::Choice> RoutePaths::LanesOf(int32_t edge, int32_t next) const {
  std::vector<Choice> choices;
  for (const int32_t index : network_.edges[Index(edge)].lanes) {
    const Lane& lane = network_.lanes[Index(index)];
    const bool goes_on =
        next < 0 || std::ranges::any_of(lane.connections, [&](int32_t c) {
          return network_.lanes[Index(network_.connections[Index(c)].to)].edge == next;
        });
    choices.push_back({index, goes_on, lane.length, lane.length, 0, -1});
  }
  return choices;
}

int RoutePaths::Priority(const Choice& choice, const std::vector<Choice>& next) const {
  if (choice.next < 0) {
    return -1;
  }
  const int32_t connection =
      LaneTopology::ConnectionTo(network_, choice.lane, next[Index(choice.next)].lane);
  if (connection < 0) {
    return -1;
  }
  const char state = network_.connections[Index(connection)].state;
  return state >= 'A' && state <= 'Z' ? 1 : 0;
}

// One step of the way back from the end: for each lane, the best lane of the next edge that it
// leads to; and which of the lanes is the best.
void RoutePaths::ChooseLanes(std::vector<Choice>* lanes, const std::vector<Choice>& next) const {
  const auto reaches = [&](const Choice& from, const Choice& to) {
    return LaneTopology::ConnectionTo(network_, from.lane, to.lane) >= 0;
  };
  double best_connected = -1, best_length = -1;
  for (const Choice& to : next) {
    if (std::ranges::any_of(*lanes, [&](const Choice& from) { return reaches(from, to); })) {
      best_connected = std::max(best_connected, to.length);
    }
    best_length = std::max(best_length, to.length);
  }
  if (best_connected <= 0) {
    return;  // the route is broken here
  }
  size_t best = 0;
  const auto better = [&](const Choice& a, const Choice& b) {
    if (a.length != b.length) {
      return a.length > b.length;
    }
    if (std::abs(a.offset) != std::abs(b.offset)) {
      return std::abs(a.offset) < std::abs(b.offset);
    }
    return Priority(a, next) > Priority(b, next);
  };
  for (size_t i = 0; i < lanes->size(); ++i) {
    Choice& from = (*lanes)[i];
    for (size_t j = 0; from.goes_on && j < next.size(); ++j) {
      if (!reaches(from, next[j])) {
        continue;
      }
      const bool first = from.next < 0;
      const Choice& chosen = next[first ? 0 : Index(from.next)];
      if (first || chosen.length < next[j].length ||
          (chosen.length == next[j].length && std::abs(chosen.offset) > std::abs(next[j].offset))) {
        from.next = static_cast<int32_t>(j);
      }
    }
    if (from.next >= 0) {
      const Choice& to = next[Index(from.next)];
      from.length +=
          to.length == best_connected && std::abs(to.offset) < 2 ? best_length : to.length;
      from.offset = to.offset;
    }
    if (better(from, (*lanes)[best])) {
      best = i;
    }
  }
  const Choice target = (*lanes)[best];
  const int priority = Priority(target, next);
  for (size_t i = 0; i < lanes->size(); ++i) {
    Choice& from = (*lanes)[i];
    const bool minor = Priority(from, next) < priority;
    const bool worse =
        from.length < target.length ||
        (from.length == target.length && std::abs(from.offset) > std::abs(target.offset));
    from.offset = worse || minor ? static_cast<int>(best) - static_cast<int>(i) : 0;
    from.length = minor ? from.own_length : from.length;
  }
}

int32_t RoutePaths::AddPaths(std::span<const int32_t> route, size_t index) {
  std::vector<std::vector<Choice>> ahead;
  double length = 0;
  for (size_t i = index; i < route.size(); ++i) {
    ahead.push_back(LanesOf(route[i], i + 1 < route.size() ? route[i + 1] : -1));
    length += ahead.back().front().own_length;
    if ((ahead.size() > kEdgesAhead && length >= kMetresAhead) ||
        (ahead.size() > kMoreEdgesAhead && length >= kMoreMetresAhead)) {
      break;
    }
  }
  std::vector<Choice>& last = ahead.back();
  const auto longest = std::ranges::max_element(last, {}, &Choice::length);
  for (size_t i = 0; i < last.size(); ++i) {
    last[i].offset = last[i].length < longest->length
                         ? static_cast<int>(longest - last.begin()) - static_cast<int>(i)
                         : 0;
  }
  for (size_t i = ahead.size() - 1; i-- > 0;) {
    ChooseLanes(&ahead[i], ahead[i + 1]);
  }
  const int32_t first = static_cast<int32_t>(paths_.size());
  for (size_t lane = 0; lane < ahead.front().size(); ++lane) {
    Range range{static_cast<int64_t>(steps_.size()), 0};
    double covered = 0;
    for (size_t i = 0, at = lane; covered <= reach_; ++i) {
      const Choice& choice = ahead[i][at];
      steps_.push_back({choice.lane, -1});
      ++range.count;
      covered += i > 0 ? choice.own_length : 0;
      if (choice.next < 0) {
        break;
      }
      at = Index(choice.next);
      steps_.back().connection =
          LaneTopology::ConnectionTo(network_, choice.lane, ahead[i + 1][at].lane);
    }
    steps_.back().connection = -1;
    paths_.push_back(range);
  }
  return first;
}

}  // namespace tersor::twin
