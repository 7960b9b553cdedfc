#include "tersor/twin/network.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tersor::twin {

double Signal::cycle() const {
  double sum = 0;
  for (const SignalPhase& phase : phases) {
    sum += phase.duration;
  }
  return sum;
}

int32_t Signal::PhaseAt(double time) const {
  double left = std::fmod(time - offset, cycle());
  left += left < 0 ? cycle() : 0;
  for (size_t i = 0; i + 1 < phases.size(); ++i) {
    left -= phases[i].duration;
    if (left < 0) {
      return static_cast<int32_t>(i);
    }
  }
  return static_cast<int32_t>(phases.size()) - 1;
}

int32_t Network::FindEdge(const std::string& id) const {
  const auto found = edge_of.find(id);
  return found == edge_of.end() ? -1 : found->second;
}

int32_t Network::FindLane(const std::string& id) const {
  const auto found = lane_of.find(id);
  return found == lane_of.end() ? -1 : found->second;
}

void Network::Measure() {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  low = {kFar, kFar};
  high = {-kFar, -kFar};
  const auto include = [this](const Polyline& shape) {
    for (const Point& point : shape) {
      low = {std::min(low.x, point.x), std::min(low.y, point.y)};
      high = {std::max(high.x, point.x), std::max(high.y, point.y)};
    }
  };
  for (const Lane& lane : lanes) {
    include(lane.shape);
  }
  for (const Junction& junction : junctions) {
    include(junction.shape);
  }
}

}  // namespace tersor::twin
