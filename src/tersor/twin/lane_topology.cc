#include "tersor/twin/lane_topology.h"

#include <algorithm>

namespace tersor::twin {

LaneTopology::LaneTopology(const Network& network) {
  const size_t lanes = network.lanes.size();
  internal.resize(lanes);
  for (auto* table : {&entry, &before, &after, &target, &junction}) {
    table->assign(lanes, -1);
  }
  for (size_t i = 0; i < lanes; ++i) {
    const Edge& edge = network.EdgeOfLane(static_cast<int32_t>(i));
    internal[i] = edge.internal;
    junction[i] = edge.internal ? edge.to : -1;
  }
  for (size_t c = 0; c < network.connections.size(); ++c) {
    const Connection& connection = network.connections[c];
    const size_t from = static_cast<size_t>(connection.from);
    if (internal[from]) {
      after[from] = connection.via;
      target[from] = connection.to;
      if (connection.via >= 0) {
        before[static_cast<size_t>(connection.via)] = connection.from;
      }
    } else if (connection.via >= 0) {
      entry[static_cast<size_t>(connection.via)] = static_cast<int32_t>(c);
    }
  }
  for (size_t i = 0; i < lanes; ++i) {
    for (int32_t lane = before[i]; internal[i] && entry[i] < 0 && lane >= 0;
         lane = before[static_cast<size_t>(lane)]) {
      entry[i] = entry[static_cast<size_t>(lane)];
    }
  }
  internal_length.reserve(network.connections.size());
  for (const Connection& connection : network.connections) {
    double length = 0;
    for (int32_t lane = connection.via; lane >= 0; lane = after[static_cast<size_t>(lane)]) {
      length += network.lanes[static_cast<size_t>(lane)].length;
    }
    internal_length.push_back(length);
  }
  incoming_edges.resize(network.junctions.size());
  for (size_t e = 0; e < network.edges.size(); ++e) {
    const Edge& edge = network.edges[e];
    if (!edge.internal && edge.to >= 0) {
      incoming_edges[static_cast<size_t>(edge.to)].push_back(static_cast<int32_t>(e));
    }
  }
}

int32_t LaneTopology::ConnectionTo(const Network& network, int32_t from, int32_t to) {
  const auto& outgoing = network.lanes[static_cast<size_t>(from)].connections;
  const auto found = std::ranges::find_if(outgoing, [&](int32_t connection) {
    return network.connections[static_cast<size_t>(connection)].to == to;
  });
  return found == outgoing.end() ? -1 : *found;
}

}  // namespace tersor::twin
