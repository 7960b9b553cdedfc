#include "tersor/twin/router.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

namespace tersor::twin {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

size_t Index(int32_t index) { return static_cast<size_t>(index); }

}  // namespace

Router::Router(const Network& network) : network_(network), steps_(network.edges.size()) {
  for (const Connection& connection : network.connections) {
    const Lane& from = network.lanes[Index(connection.from)];
    const Lane& to = network.lanes[Index(connection.to)];
    if (network.edges[Index(from.edge)].internal) {
      continue;
    }
    Step step = {to.edge, from.allowed & to.allowed, 0, 0};
    for (int32_t via = connection.via; via >= 0;) {
      const Lane& lane = network.lanes[Index(via)];
      step.length += lane.length;
      step.time += lane.length / lane.speed;
      via = network.connections[Index(lane.connections.front())].via;
    }
    std::vector<Step>& steps = steps_[Index(from.edge)];
    const auto same = std::find_if(steps.begin(), steps.end(),
                                   [&](const Step& other) { return other.to == step.to; });
    if (same == steps.end()) {
      steps.push_back(step);
    } else {
      same->classes |= step.classes;
      same->length = std::min(same->length, step.length);
      same->time = std::min(same->time, step.time);
    }
  }
}

std::vector<int32_t> Router::ShortestPath(int32_t from, int32_t to, const Driver& driver) const {
  if (!Allowed(from, driver.classes)) {
    return {};
  }
  std::vector<double> times(network_.edges.size(), kNever);
  std::vector<int32_t> before(network_.edges.size(), -1);
  // The edge's index settles ties.
  using Entry = std::pair<double, int32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  times[Index(from)] = 0;
  queue.push({0, from});
  while (!queue.empty() && queue.top().second != to) {
    const auto [time, edge] = queue.top();
    queue.pop();
    if (time > times[Index(edge)]) {
      continue;
    }
    for (const Step& step : steps_[Index(edge)]) {
      if ((step.classes & driver.classes) == 0) {
        continue;
      }
      const double arrival =
          time + std::max(step.time, step.length / driver.max_speed) + TravelTime(step.to, driver);
      if (arrival < times[Index(step.to)]) {
        times[Index(step.to)] = arrival;
        before[Index(step.to)] = edge;
        queue.push({arrival, step.to});
      }
    }
  }
  if (times[Index(to)] == kNever) {
    return {};
  }
  std::vector<int32_t> path = {to};
  while (path.back() != from) {
    path.push_back(before[Index(path.back())]);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

bool Router::Connected(int32_t from, int32_t to, VehicleClasses classes) const {
  const std::vector<Step>& steps = steps_[Index(from)];
  return std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
    return step.to == to && (step.classes & classes) != 0;
  });
}

bool Router::Allowed(int32_t edge, VehicleClasses classes) const {
  const std::vector<int32_t>& lanes = network_.edges[Index(edge)].lanes;
  return std::any_of(lanes.begin(), lanes.end(), [&](int32_t lane) {
    return (network_.lanes[Index(lane)].allowed & classes) != 0;
  });
}

double Router::TravelTime(int32_t edge, const Driver& driver) const {
  double time = kNever;
  for (const int32_t index : network_.edges[Index(edge)].lanes) {
    const Lane& lane = network_.lanes[Index(index)];
    if ((lane.allowed & driver.classes) != 0) {
      time = std::min(time, lane.length / std::min(lane.speed, driver.max_speed));
    }
  }
  return time;
}

}  // namespace tersor::twin
