#include "tersor/twin/surroundings.h"

#include <algorithm>

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

// m across the junction between two edges, by the first lane that leads there; 0 where none does,
// as SUMO has it.
double LengthBetween(const RoadTables& map, int32_t from, int32_t to) {
  for (const int32_t lane : map.network.edges[Index(from)].lanes) {
    for (const int32_t connection : map.lane(lane).connections) {
      if (map.lane(map.connection(connection).to).edge == to) {
        return map.topology.internal_length[Index(connection)];
      }
    }
  }
  return 0;
}

}  // namespace

Surroundings::Surroundings(const RoadTables& map, const RoutePaths& paths, double range)
    : map_(map),
      paths_(paths),
      range_(range),
      across_(map.network.edges.size()),
      first_(map.network.lanes.size()),
      count_(map.network.lanes.size()),
      seen_(map.network.lanes.size()),
      junction_on_path_(map.network.junctions.size()) {
  for (size_t e = 0; e < across_.size(); ++e) {
    const Edge& edge = map.network.edges[e];
    if (!edge.internal && edge.from >= 0) {
      for (const int32_t incoming : map.topology.incoming_edges[Index(edge.from)]) {
        across_[e].push_back(LengthBetween(map, incoming, static_cast<int32_t>(e)));
      }
    }
  }
}

void Surroundings::Begin(const Frame& frame) {
  frame_ = &frame;
  for (const int32_t lane : occupied_) {
    count_[Index(lane)] = 0;
  }
  occupied_.clear();
  const std::vector<int32_t>& lanes = frame.now->lane;
  for (const int32_t lane : lanes) {
    if (lane >= 0 && count_[Index(lane)]++ == 0) {
      occupied_.push_back(lane);
    }
  }
  int32_t next = 0;
  for (const int32_t lane : occupied_) {
    first_[Index(lane)] = next;
    next += count_[Index(lane)];
    count_[Index(lane)] = 0;
  }
  standing_.resize(Index(next));
  for (size_t row = 0; row < lanes.size(); ++row) {
    if (lanes[row] < 0) {
      continue;
    }
    // Who departed first is mostly ahead, so that insertion from behind hardly moves anyone.
    const int32_t first = first_[Index(lanes[row])];
    int32_t place = first + count_[Index(lanes[row])]++;
    const double front = frame.now->position[row];
    for (; place > first && standing_[Index(place - 1)].front < front; --place) {
      standing_[Index(place)] = standing_[Index(place - 1)];
    }
    standing_[Index(place)] = {front, front - frame.length[row], static_cast<int32_t>(row)};
  }
  found_.resize(std::max(found_.size(), lanes.size()));
}

std::span<const Foe> Surroundings::Around(int32_t ego) {
  ++search_;
  foes_.clear();
  stretches_.clear();
  // Ego counts as found, so that it is not found again.
  found_[Index(ego)] = {search_, -1};
  ScanDownstream(ego);
  for (const Stretch& stretch : stretches_) {
    ScanUpstream(stretch);
  }
  return foes_;
}

void Surroundings::ScanDownstream(int32_t ego) {
  const std::span<const PathStep> steps = paths_.Steps(frame_->path[Index(ego)]);
  const int32_t ego_lane = frame_->lane(ego), ego_edge = map_.lane(ego_lane).edge;
  const double length = frame_->length[Index(ego)];
  double position = frame_->position(ego), remaining = range_, distance = -position;
  int32_t lane = ego_lane;
  if (map_.internal(lane)) {
    const int32_t junction = map_.topology.junction[Index(lane)];
    ScanJunction(lane, lane, distance);
    junction_on_path_[Index(junction)] = search_;
    for (const int32_t edge : map_.topology.incoming_edges[Index(junction)]) {
      stretches_.push_back({edge, EdgeLength(edge), range_ + length, lane, distance});
    }
    const int32_t exit = map_.lane(lane).connections.front();
    const double beyond = map_.topology.internal_length[Index(exit)];
    remaining -= beyond;
    distance += map_.lane(lane).length + beyond;
    position = 0;
    lane = steps.front().lane;
  } else {
    const double start = std::min(position + remaining, EdgeLength(ego_edge));
    stretches_.push_back(
        {ego_edge, start, std::max(0.0, start - position + range_ + length), lane, distance});
  }
  for (size_t at = 0; remaining > 0;) {
    const int32_t edge = map_.lane(lane).edge;
    const double lane_length = map_.lane(lane).length;
    const bool ends_here = position + remaining < lane_length;
    if (edge != ego_edge) {
      const double end = ends_here ? position + remaining : EdgeLength(edge);
      stretches_.push_back({edge, end, end - position, lane, distance});
    }
    if (ends_here) {
      break;
    }
    remaining -= lane_length - position;
    distance += lane_length;
    position = 0;
    const int32_t connection = steps[at].connection;
    if (connection < 0) {
      break;
    }
    if (map_.connection(connection).via < 0) {
      lane = map_.connection(connection).to;
      if (Seen(lane)) {
        break;
      }
      MarkSeen(lane);
    } else if (ScanJunctionAhead(connection, edge, &remaining, &distance)) {
      lane = map_.connection(connection).to;
    } else {
      break;
    }
    ++at;
  }
  junction_on_path_[Index(map_.network.EdgeOfLane(lane).to)] = search_;
}

bool Surroundings::ScanJunctionAhead(int32_t connection, int32_t edge, double* remaining,
                                     double* distance) {
  const int32_t via = map_.connection(connection).via;
  if (Seen(via)) {
    return false;
  }
  const int32_t junction = map_.topology.junction[Index(via)];
  ScanJunction(via, via, *distance);
  junction_on_path_[Index(junction)] = search_;
  for (const int32_t incoming : map_.topology.incoming_edges[Index(junction)]) {
    if (incoming != edge) {
      stretches_.push_back({incoming, EdgeLength(incoming), range_, via, *distance});
    }
  }
  *remaining -= map_.topology.internal_length[Index(connection)];
  *distance += map_.topology.internal_length[Index(connection)];
  return true;
}

void Surroundings::ScanUpstream(const Stretch& stretch) {
  if (stretch.range <= 0) {
    return;
  }
  const Edge& edge = map_.network.edges[Index(stretch.edge)];
  for (const int32_t lane : edge.lanes) {
    if (Seen(lane)) {
      return;
    }
    MarkSeen(lane);
    const std::span<const Standing> standing = On(lane);
    // From the front to the rear of the lane, so that the first ones may be too far ahead.
    for (const Standing& other : standing) {
      if (other.front < stretch.position - stretch.range) {
        break;
      }
      if (other.back <= stretch.position) {
        Add({other.row, stretch.conflict_lane, stretch.distance}, false);
      }
    }
  }
  if (stretch.range <= stretch.position || edge.from < 0 ||
      junction_on_path_[Index(edge.from)] == search_) {
    return;
  }
  const double remaining = stretch.range - stretch.position;
  const std::span<const int32_t> leading_here = map_.conflicts.LanesTo(stretch.edge);
  for (const int32_t lane : leading_here) {
    ScanJunction(lane, stretch.conflict_lane, stretch.distance);
  }
  if (leading_here.empty()) {
    return;
  }
  const std::vector<int32_t>& incoming = map_.topology.incoming_edges[Index(edge.from)];
  for (size_t i = 0; i < incoming.size(); ++i) {
    const double across = across_[Index(stretch.edge)][i];
    const auto& lanes = map_.network.edges[Index(incoming[i])].lanes;
    if (across < remaining &&
        std::ranges::none_of(lanes, [&](int32_t lane) { return Seen(lane); })) {
      ScanUpstream({incoming[i], EdgeLength(incoming[i]), remaining - across, stretch.conflict_lane,
                    stretch.distance});
    }
  }
}

void Surroundings::ScanJunction(int32_t lane, int32_t conflict_lane, double distance) {
  if (Seen(lane)) {
    return;
  }
  for (const int32_t foe : map_.conflicts.FoeLanes(map_.topology.entry[Index(lane)])) {
    if (!Seen(foe)) {
      ScanInternalLane(foe, conflict_lane, distance);
      MarkSeen(foe);
    }
  }
  ScanInternalLane(lane, conflict_lane, distance);
}

void Surroundings::ScanInternalLane(int32_t lane, int32_t conflict_lane, double distance) {
  for (const Standing& other : On(lane)) {
    Add({other.row, conflict_lane, distance}, true);
  }
  const int32_t before = map_.topology.before[Index(lane)];
  if (before >= 0) {
    for (const Standing& other : On(before)) {
      Add({other.row, conflict_lane, distance}, true);
    }
  }
}

void Surroundings::Add(const Foe& foe, bool replace) {
  Found& found = found_[Index(foe.row)];
  if (found.search != search_) {
    found = {search_, static_cast<int32_t>(foes_.size())};
    foes_.push_back(foe);
  } else if (replace && found.index >= 0) {
    foes_[Index(found.index)] = foe;
  }
}

}  // namespace tersor::twin
