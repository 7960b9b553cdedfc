#include "tersor/twin/road_graph.h"

#include <algorithm>
#include <cmath>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// A driver under signals sees all of the junction.
constexpr double kSignalisedVisibility = 100;  // m

}  // namespace

RoadGraph::RoadGraph(const Network& network) : network_(&network) {
  AddLanes();
  AddLinks();
  AddRightOfWay();
  AddConflicts();
}

void RoadGraph::AddLanes() {
  const auto& lanes = network_->lanes;
  lanes_.resize(lanes.size());
  first_point_.reserve(lanes.size() + 1);
  for (size_t i = 0; i < lanes.size(); ++i) {
    const Lane& lane = lanes[i];
    TERSOR_CHECK(lane.shape.size() >= 2, "lane '", lane.id,
                 "': its shape has fewer than two points");
    LaneFacts& facts = lanes_[i];
    const Edge& edge = network_->edges[static_cast<size_t>(lane.edge)];
    facts.length = lane.length;
    facts.speed = lane.speed;
    facts.edge = lane.edge;
    facts.index = lane.index;
    facts.internal = edge.internal;
    const auto place = static_cast<size_t>(lane.index);
    facts.right = place > 0 ? edge.lanes[place - 1] : -1;
    facts.left = place + 1 < edge.lanes.size() ? edge.lanes[place + 1] : -1;
    first_point_.push_back(static_cast<int32_t>(offset_.size()));
    double offset = 0;
    for (size_t k = 0; k < lane.shape.size(); ++k) {
      const size_t next = std::min(k + 1, lane.shape.size() - 1);
      offset += k > 0 ? Distance(lane.shape[k - 1], lane.shape[k]) : 0;
      offset_.push_back(offset);
      heading_.push_back(std::atan2(lane.shape[next].y - lane.shape[next - 1].y,
                                    lane.shape[next].x - lane.shape[next - 1].x));
    }
  }
  first_point_.push_back(static_cast<int32_t>(offset_.size()));
}

void RoadGraph::AddLinks() {
  const auto& connections = network_->connections;
  links_.resize(connections.size());
  for (size_t i = 0; i < connections.size(); ++i) {
    const Connection& connection = connections[i];
    Link& link = links_[i];
    link.from = connection.from;
    link.to = connection.to;
    link.next = connection.via >= 0 ? connection.via : connection.to;
    link.junction = connection.junction;
    link.entry = static_cast<int32_t>(i);
    LaneFacts& from = lanes_[static_cast<size_t>(link.from)];
    link.enters = !from.internal;
    link.visibility =
        connection.signal >= 0 || connection.state == 'Z' ? kSignalisedVisibility : link.visibility;
    if (from.internal) {
      from.only_link = static_cast<int32_t>(i);
    }
    lanes_[static_cast<size_t>(link.next)].incoming.push_back(link.from);
  }
  for (size_t i = 0; i < links_.size(); ++i) {
    if (!links_[i].enters) {
      continue;
    }
    const std::vector<int32_t> inner = InternalLanes(static_cast<int32_t>(i));
    double left = 0;
    for (size_t k = inner.size(); k-- > 0;) {
      const LaneFacts& lane = lanes_[static_cast<size_t>(inner[k])];
      if (lane.only_link >= 0) {
        Link& within = links_[static_cast<size_t>(lane.only_link)];
        within.entry = static_cast<int32_t>(i);
        within.junction = links_[i].junction;
        within.inner_length = left;
      }
      left += lane.length;
    }
    links_[i].inner_length = left;
  }
}

std::vector<int32_t> RoadGraph::InternalLanes(int32_t entry) const {
  std::vector<int32_t> inner;
  int32_t lane = link(entry).next;
  while (lanes_[static_cast<size_t>(lane)].internal) {
    inner.push_back(lane);
    const int32_t next = lanes_[static_cast<size_t>(lane)].only_link;
    TERSOR_CHECK(next >= 0 && inner.size() < 16, "lane '",
                 network_->lanes[static_cast<size_t>(lane)].id,
                 "': this internal lane has no connection that leaves the junction");
    lane = link(next).next;
  }
  return inner;
}

void RoadGraph::AddRightOfWay() {
  for (const Junction& junction : network_->junctions) {
    for (size_t r = 0; r < junction.requests.size(); ++r) {
      if (r >= junction.ways.size() || junction.ways[r] < 0) {
        continue;
      }
      const Request& request = junction.requests[r];
      Link& link = links_[static_cast<size_t>(junction.ways[r])];
      link.wait_inside = request.wait_inside && InternalLanes(link.entry).size() > 1;
      for (size_t f = 0; f < junction.ways.size(); ++f) {
        const int32_t foe = junction.ways[f];
        if (foe < 0 || f == r) {
          continue;
        }
        if (f < request.foes.size() && request.foes[f]) {
          link.crosses = true;
        }
        if (f < request.response.size() && request.response[f]) {
          link.yields_to.push_back(foe);
          links_[static_cast<size_t>(foe)].watched = true;
        }
      }
      // The place inside where the way goes on yields to the same foes.
      const LaneFacts& first = lanes_[static_cast<size_t>(link.next)];
      if (link.wait_inside) {
        links_[static_cast<size_t>(first.only_link)].yields_to = link.yields_to;
      }
    }
  }
}

void RoadGraph::AddConflicts() {
  const std::vector<std::vector<LaneConflict>> of_lane = FindLaneConflicts(*network_);
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].first_conflict = static_cast<int32_t>(conflicts_.size());
    conflicts_.insert(conflicts_.end(), of_lane[i].begin(), of_lane[i].end());
    lanes_[i].last_conflict = static_cast<int32_t>(conflicts_.size());
  }
}

Pose RoadGraph::PoseOn(int32_t lane, double position) const {
  const auto begin = static_cast<size_t>(first_point_[static_cast<size_t>(lane)]);
  const auto end = static_cast<size_t>(first_point_[static_cast<size_t>(lane) + 1]);
  const Lane& source = network_->lanes[static_cast<size_t>(lane)];
  const double along = position * offset_[end - 1] / source.length;
  size_t k = begin;
  while (k + 2 < end && along > offset_[k + 1]) {
    ++k;
  }
  const double part = std::clamp(along, 0.0, offset_[end - 1]) - offset_[k];
  const Point& start = source.shape[k - begin];
  return {{start.x + part * std::cos(heading_[k]), start.y + part * std::sin(heading_[k])},
          heading_[k]};
}

}  // namespace tersor::twin
