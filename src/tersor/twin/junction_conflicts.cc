#include "tersor/twin/junction_conflicts.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

// Of two segments that are not parallel: the share of the first one at which they meet.
std::optional<double> Meeting(const Point& a, const Point& b, const Point& c, const Point& d) {
  const double dx = b.x - a.x, dy = b.y - a.y, ex = d.x - c.x, ey = d.y - c.y;
  const double cross = dx * ey - dy * ex;
  if (cross == 0) {
    return std::nullopt;
  }
  const double t = ((c.x - a.x) * ey - (c.y - a.y) * ex) / cross;
  const double u = ((c.x - a.x) * dy - (c.y - a.y) * dx) / cross;
  if (t < 0 || t > 1 || u < 0 || u > 1) {
    return std::nullopt;
  }
  return t;
}

// The ways of one junction, by their numbers among its requests, or as listed where it has none.
class Ways {
 public:
  Ways(const Network& network, const LaneTopology& topology, const Junction& junction)
      : network_(network), topology_(topology), junction_(junction) {
    regulated_ = !junction.requests.empty() && junction.type != "unregulated";
    if (regulated_) {
      ways_ = junction.ways;
      return;
    }
    for (const int32_t lane : junction.incoming) {
      for (const int32_t way : network.lanes[Index(lane)].connections) {
        if (network.connections[Index(way)].via >= 0) {
          ways_.push_back(way);
        }
      }
    }
  }

  // -1 where a request belongs to a crossing on foot.
  const std::vector<int32_t>& ways() const { return ways_; }

  // Its internal lanes, in driving order.
  std::vector<int32_t> Parts(size_t way) const {
    std::vector<int32_t> parts;
    for (int32_t lane = network_.connections[Index(ways_[way])].via; lane >= 0;
         lane = topology_.after[Index(lane)]) {
      parts.push_back(lane);
    }
    return parts;
  }

  std::vector<int32_t> FoeLanes(size_t way) const {
    std::vector<int32_t> lanes;
    for (size_t foe = 0; foe < ways_.size(); ++foe) {
      if (ways_[foe] < 0 || !AreFoes(way, foe)) {
        continue;
      }
      const std::vector<int32_t> parts = Parts(foe);
      if (parts.empty()) {
        continue;
      }
      lanes.push_back(parts.back());
      if (parts.size() > 1 && (!regulated_ || YieldsTo(way, foe))) {
        lanes.push_back(parts.front());
      }
    }
    return lanes;
  }

  WayConflict Between(size_t way, size_t foe) const {
    using Kind = WayConflict::Kind;
    WayConflict conflict;
    if (way == foe || ways_[way] < 0 || ways_[foe] < 0 || Parts(way).empty() ||
        Parts(foe).empty()) {
      return conflict;
    }
    const bool meet = regulated_ ? YieldsTo(way, foe) || YieldsTo(foe, way) : AreFoes(way, foe);
    if (!meet) {
      return conflict;
    }
    const Connection& a = network_.connections[Index(ways_[way])];
    const Connection& b = network_.connections[Index(ways_[foe])];
    if (a.to == b.to) {
      conflict.kind = Kind::kMerging;
    } else if (network_.lanes[Index(a.to)].edge == network_.lanes[Index(b.to)].edge) {
      conflict.kind = Kind::kMergingAdjacent;
    } else {
      conflict.kind = Kind::kCrossing;
      FindCrossing(way, foe, &conflict);
    }
    return conflict;
  }

 private:
  bool YieldsTo(size_t way, size_t foe) const { return junction_.requests[way].response[foe]; }

  bool AreFoes(size_t way, size_t foe) const {
    if (regulated_) {
      return junction_.requests[way].foes[foe];
    }
    const Connection& a = network_.connections[Index(ways_[way])];
    const Connection& b = network_.connections[Index(ways_[foe])];
    if (a.from == b.from) {
      return false;
    }
    return a.to == b.to || std::ranges::any_of(Parts(way), [&](int32_t part) {
             return std::ranges::any_of(Parts(foe), [&](int32_t other) {
               return !IntersectionOffsets(network_.lanes[Index(part)].shape,
                                           network_.lanes[Index(other)].shape)
                           .empty();
             });
           });
  }

  // The first part of the foe's way that some part of this way is known to cross; SUMO takes the
  // junction's entry where it finds none.
  void FindCrossing(size_t way, size_t foe, WayConflict* conflict) const {
    const std::vector<int32_t> known = FoeLanes(way);
    const std::vector<int32_t> parts = Parts(way);
    for (const int32_t other : Parts(foe)) {
      // A way that waits inside has its foes listed with its second part, all of them.
      if (parts.size() == 1 && std::ranges::find(known, other) == known.end()) {
        continue;
      }
      double before = 0;
      for (const int32_t part : parts) {
        const std::optional<double> distance = EntryOf(part, other);
        if (distance) {
          conflict->distance = before + *distance;
          conflict->foe_lane_width = network_.lanes[Index(other)].width;
          return;
        }
        before += network_.lanes[Index(part)].length;
      }
    }
  }

  // m along `lane` to where it enters the band that `other` sweeps.
  std::optional<double> EntryOf(int32_t lane, int32_t other) const {
    const Lane& own = network_.lanes[Index(lane)];
    const Lane& foe = network_.lanes[Index(other)];
    const std::vector<double> offsets = IntersectionOffsets(own.shape, foe.shape);
    if (offsets.empty()) {
      return std::nullopt;
    }
    if (topology_.before[Index(lane)] >= 0) {
      return 0;  // it waits at its second part's beginning
    }
    const double entry = std::max(offsets.back() - foe.width / 2, 0.0);
    return entry * own.length / std::max(Length(own.shape), 0.1);
  }

  const Network& network_;
  const LaneTopology& topology_;
  const Junction& junction_;
  bool regulated_ = true;
  std::vector<int32_t> ways_;
};

}  // namespace

std::vector<double> IntersectionOffsets(const Polyline& line, const Polyline& other) {
  std::vector<double> offsets;
  double before = 0;
  for (size_t i = 1; i < line.size(); ++i) {
    const double length = Distance(line[i - 1], line[i]);
    for (size_t j = 1; j < other.size(); ++j) {
      if (const auto share = Meeting(line[i - 1], line[i], other[j - 1], other[j])) {
        offsets.push_back(before + *share * length);
      }
    }
    before += length;
  }
  std::ranges::sort(offsets);
  return offsets;
}

JunctionConflicts::JunctionConflicts(const Network& network, const LaneTopology& topology)
    : places_(network.connections.size()), lanes_to_(network.edges.size()) {
  for (size_t j = 0; j < network.junctions.size(); ++j) {
    AddJunction(network, topology, static_cast<int32_t>(j));
  }
}

void JunctionConflicts::AddJunction(const Network& network, const LaneTopology& topology,
                                    int32_t index) {
  const Ways ways(network, topology, network.junctions[Index(index)]);
  const size_t count = ways.ways().size();
  for (size_t way = 0; way < count; ++way) {
    if (ways.ways()[way] < 0) {
      conflicts_.resize(conflicts_.size() + count);
      continue;
    }
    const Connection& connection = network.connections[Index(ways.ways()[way])];
    Place& place = places_[Index(ways.ways()[way])];
    place.row = static_cast<int64_t>(conflicts_.size());
    place.index = static_cast<int32_t>(way);
    for (size_t foe = 0; foe < count; ++foe) {
      conflicts_.push_back(ways.Between(way, foe));
    }
    const std::vector<int32_t> foes = ways.FoeLanes(way);
    place.foes = static_cast<int64_t>(foe_lanes_.size());
    place.foe_count = static_cast<int32_t>(foes.size());
    foe_lanes_.insert(foe_lanes_.end(), foes.begin(), foes.end());
    std::vector<int32_t> parts = ways.Parts(way);
    std::vector<int32_t>& lanes = lanes_to_[Index(network.lanes[Index(connection.to)].edge)];
    lanes.insert(lanes.end(), parts.rbegin(), parts.rend());
  }
}

}  // namespace tersor::twin
