#include "tersor/twin/recorded_paths.h"

#include <algorithm>
#include <unordered_map>

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

}  // namespace

RecordedPaths::RecordedPaths(const Network& network)
    : network_(network), topology_(network), next_edges_(network.edges.size()) {
  for (const Connection& connection : network.connections) {
    if (!topology_.internal[Index(connection.from)]) {
      std::vector<int32_t>& next = next_edges_[Index(network.lanes[Index(connection.from)].edge)];
      const int32_t edge = network.lanes[Index(connection.to)].edge;
      if (std::ranges::find(next, edge) == next.end()) {
        next.push_back(edge);
      }
    }
  }
}

void RecordedPaths::See(int32_t vehicle, int32_t lane) {
  if (Index(vehicle) >= seen_.size()) {
    seen_.resize(Index(vehicle) + 1);
  }
  std::vector<int32_t>& edges = seen_[Index(vehicle)];
  const auto add = [&](int32_t edge) {
    if (edges.empty() || edges.back() != edge) {
      edges.push_back(edge);
    }
  };
  if (!topology_.internal[Index(lane)]) {
    add(network_.lanes[Index(lane)].edge);
    return;
  }
  // On a junction, both ends of the way are known.
  const int32_t from = EdgeBefore(lane), target = topology_.target[Index(lane)];
  if (from >= 0 && target >= 0) {
    const int32_t to = network_.lanes[Index(target)].edge;
    if (edges.empty() || edges.back() != to) {
      add(from);
      add(to);
    }
  }
}

int32_t RecordedPaths::EdgeBefore(int32_t lane) const {
  const int32_t entry = topology_.entry[Index(lane)];
  return entry < 0 ? -1 : network_.lanes[Index(network_.connections[Index(entry)].from)].edge;
}

std::vector<int32_t> RecordedPaths::Between(int32_t from, int32_t to) const {
  std::unordered_map<int32_t, int32_t> reached_from = {{from, -1}};
  std::vector<int32_t> front = {from};
  for (int depth = 0; depth <= kMostBetween && !front.empty(); ++depth) {
    std::vector<int32_t> further;
    for (const int32_t edge : front) {
      for (const int32_t next : next_edges_[Index(edge)]) {
        if (next == to) {
          std::vector<int32_t> edges;
          for (int32_t back = edge; back != from; back = reached_from.at(back)) {
            edges.push_back(back);
          }
          std::ranges::reverse(edges);
          return edges;
        }
        if (reached_from.try_emplace(next, edge).second) {
          further.push_back(next);
        }
      }
    }
    front = std::move(further);
  }
  return {};
}

std::vector<int32_t> RecordedPaths::Route(int32_t vehicle) const {
  std::vector<int32_t> route;
  if (Index(vehicle) >= seen_.size()) {
    return route;
  }
  for (const int32_t edge : seen_[Index(vehicle)]) {
    if (!route.empty()) {
      const std::vector<int32_t> between = Between(route.back(), edge);
      route.insert(route.end(), between.begin(), between.end());
    }
    route.push_back(edge);
  }
  return route;
}

bool RecordedPaths::Follows(int32_t vehicle, std::span<const int32_t> route) const {
  if (Index(vehicle) >= seen_.size()) {
    return true;
  }
  auto at = route.begin();
  for (const int32_t edge : seen_[Index(vehicle)]) {
    at = std::find(at, route.end(), edge);
    if (at == route.end()) {
      return false;
    }
  }
  return true;
}

}  // namespace tersor::twin
