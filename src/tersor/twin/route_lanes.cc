#include "tersor/twin/route_lanes.h"

#include <algorithm>
#include <cstdlib>

#include "tersor/util/error.h"

namespace tersor::twin {

RouteLanes::RouteLanes(const RoadGraph& graph, const Route& route, VehicleClasses vehicle_class)
    : edges_(route.edges) {
  TERSOR_CHECK(!edges_.empty(), "route '", route.id, "' has no edges");
  const Network& network = graph.network();
  first_.push_back(0);
  for (const int32_t edge : edges_) {
    first_.push_back(first_.back() +
                     static_cast<int32_t>(network.edges[static_cast<size_t>(edge)].lanes.size()));
  }
  choices_.resize(static_cast<size_t>(first_.back()));
  // Backwards: how far one gets depends on what lies ahead.
  for (int32_t place = num_edges() - 1; place >= 0; --place) {
    ChooseLinks(graph, place, vehicle_class);
    SetOffsets(place);
    const auto begin = choices_.begin() + first_[static_cast<size_t>(place)];
    const auto end = choices_.begin() + first_[static_cast<size_t>(place) + 1];
    const bool last = place + 1 == num_edges();
    TERSOR_CHECK(
        std::any_of(begin, end,
                    [last](const LaneChoice& c) { return c.allowed && (last || c.link >= 0); }),
        "route '", route.id, "': no lane of edge '",
        network.edges[static_cast<size_t>(edge(place))].id,
        last ? "' is open to its vehicles"
             : "' that is open to its vehicles leads to the next edge");
  }
}

void RouteLanes::ChooseLinks(const RoadGraph& graph, int32_t place, VehicleClasses vehicle_class) {
  const Network& network = graph.network();
  const Edge& here = network.edges[static_cast<size_t>(edge(place))];
  for (size_t i = 0; i < here.lanes.size(); ++i) {
    const Lane& lane = network.lanes[static_cast<size_t>(here.lanes[i])];
    LaneChoice& choice = choices_[static_cast<size_t>(first_[static_cast<size_t>(place)]) + i];
    choice.allowed = (lane.allowed & vehicle_class) != 0;
    choice.reach = lane.length;
    if (!choice.allowed) {
      choice.reach = 0;
      continue;
    }
    if (place + 1 == num_edges()) {
      continue;
    }
    double best = -1;
    int32_t best_offset = 0;
    for (const int32_t index : lane.connections) {
      const Connection& connection = network.connections[static_cast<size_t>(index)];
      const Lane& target = network.lanes[static_cast<size_t>(connection.to)];
      const bool open =
          (target.allowed & vehicle_class) != 0 &&
          (connection.via < 0 ||
           (network.lanes[static_cast<size_t>(connection.via)].allowed & vehicle_class) != 0);
      if (target.edge != edge(place + 1) || !open) {
        continue;
      }
      const LaneChoice& ahead = At(place + 1, target.index);
      const int32_t offset = std::abs(ahead.offset);
      if (ahead.reach > best || (ahead.reach == best && offset < best_offset)) {
        best = ahead.reach;
        best_offset = offset;
        choice.link = index;
      }
    }
    choice.reach += std::max(best, 0.0);
  }
}

void RouteLanes::SetOffsets(int32_t place) {
  const int32_t count = num_lanes(place);
  double most = 0;
  for (int32_t i = 0; i < count; ++i) {
    most = std::max(most, At(place, i).reach);
  }
  for (int32_t i = 0; i < count; ++i) {
    int32_t nearest = count;
    for (int32_t j = 0; j < count; ++j) {
      if (At(place, j).reach >= most - 1e-6 && std::abs(j - i) < std::abs(nearest)) {
        nearest = j - i;
      }
    }
    choices_[static_cast<size_t>(first_[static_cast<size_t>(place)] + i)].offset = nearest;
  }
}

}  // namespace tersor::twin
