#include "tersor/twin/edge_way.h"

#include <algorithm>
#include <limits>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

const Lane& LaneAt(const Network& network, int32_t lane) {
  return network.lanes[static_cast<size_t>(lane)];
}

const Connection& ConnectionAt(const Network& network, int32_t connection) {
  return network.connections[static_cast<size_t>(connection)];
}

double EdgeLength(const Network& network, int32_t edge) {
  double length = 0;
  for (const int32_t lane : network.edges[static_cast<size_t>(edge)].lanes) {
    length = std::max(length, LaneAt(network, lane).length);
  }
  return length;
}

/// The edge straight on from `edge`, or straight before it; -1 where there is none.
int32_t StraightOn(const Network& network, int32_t edge, bool forward) {
  for (const Connection& c : network.connections) {
    const int32_t from = LaneAt(network, c.from).edge, to = LaneAt(network, c.to).edge;
    if (c.direction == 's' && !network.edges[static_cast<size_t>(from)].internal &&
        (forward ? from : to) == edge) {
      return forward ? to : from;
    }
  }
  return -1;
}

}  // namespace

EdgeWay::EdgeWay(const Network& network, std::span<const int32_t> edges)
    : lane_begin_(network.lanes.size(), kNone), edge_begin_{0} {
  TERSOR_CHECK(!edges.empty(), "way: no edge given");
  double begin = 0;
  for (size_t i = 0; i < edges.size(); ++i) {
    TERSOR_CHECK(edges[i] >= 0 && static_cast<size_t>(edges[i]) < network.edges.size(),
                 "way: edge ", edges[i], " of ", network.edges.size());
    const Edge& edge = network.edges[static_cast<size_t>(edges[i])];
    TERSOR_CHECK(!edge.internal, "way: the edge ", edge.id,
                 " is internal; name the edges before and after it");
    begin = i == 0 ? 0 : begin + AddLink(network, edges[i - 1], edges[i]);
    edge_begin_.back() = begin;
    for (const int32_t lane : edge.lanes) {
      lane_begin_[static_cast<size_t>(lane)] = begin;
    }
    begin += EdgeLength(network, edges[i]);
    edge_begin_.push_back(begin);
  }
}

/// Enters the internal lanes from one edge to the next; returns the length of the longest way.
double EdgeWay::AddLink(const Network& network, int32_t from, int32_t to) {
  const Edge& edge = network.edges[static_cast<size_t>(from)];
  double longest = 0;
  bool joined = false;
  for (const int32_t lane : edge.lanes) {
    for (const int32_t way : LaneAt(network, lane).connections) {
      const Connection* connection = &ConnectionAt(network, way);
      if (LaneAt(network, connection->to).edge != to) {
        continue;
      }
      joined = true;
      double length = 0;
      while (connection->via >= 0) {
        const Lane& via = LaneAt(network, connection->via);
        lane_begin_[static_cast<size_t>(connection->via)] = edge_begin_.back() + length;
        length += via.length;
        if (via.connections.empty()) {
          break;
        }
        connection = &ConnectionAt(network, via.connections[0]);
      }
      longest = std::max(longest, length);
    }
  }
  TERSOR_CHECK(joined, "way: no connection leads from edge ", edge.id, " to edge ",
               network.edges[static_cast<size_t>(to)].id);
  return longest;
}

double EdgeWay::Place(int32_t lane, double position) const {
  return lane < 0 ? kNone : lane_begin_[static_cast<size_t>(lane)] + position;
}

std::vector<int32_t> BusiestWay(const Network& network, const Recording& recording) {
  std::vector<int64_t> entries(network.edges.size());
  for (const int32_t lane : recording.lane) {
    if (lane >= 0 && !network.EdgeOfLane(lane).internal) {
      ++entries[static_cast<size_t>(LaneAt(network, lane).edge)];
    }
  }
  const auto busiest = std::max_element(entries.begin(), entries.end());
  if (busiest == entries.end() || *busiest == 0) {
    return {};
  }
  std::vector<int32_t> way = {static_cast<int32_t>(busiest - entries.begin())};
  const auto is_new = [&](int32_t edge) {
    return edge >= 0 && std::find(way.begin(), way.end(), edge) == way.end();
  };
  for (int32_t e = StraightOn(network, way.back(), true); is_new(e);
       e = StraightOn(network, e, true)) {
    way.push_back(e);
  }
  for (int32_t e = StraightOn(network, way.front(), false); is_new(e);
       e = StraightOn(network, e, false)) {
    way.insert(way.begin(), e);
  }
  return way;
}

}  // namespace tersor::twin
