#include "tersor/twin/lane_conflicts.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/junction_conflicts.h"
#include "tersor/twin/lane_topology.h"

namespace tersor::twin {
namespace {

// Lanes nearer to each other are one, for who follows whom; SUMO's value.
constexpr double kSharedWidth = 2.5;  // m

size_t Index(int32_t index) { return static_cast<size_t>(index); }

/// Metres along the lane's shape as metres driven on it.
double Driven(const Lane& lane, double along) {
  const double shape = Length(lane.shape);
  return shape > 0 ? along * lane.length / shape : along;
}

double DistanceTo(const Point& point, const Polyline& line) {
  double least = Distance(point, line.front());
  for (size_t i = 1; i < line.size(); ++i) {
    const double dx = line[i].x - line[i - 1].x, dy = line[i].y - line[i - 1].y;
    const double square = dx * dx + dy * dy;
    const double share =
        square > 0
            ? std::clamp(((point.x - line[i - 1].x) * dx + (point.y - line[i - 1].y) * dy) / square,
                         0.0, 1.0)
            : 0;
    least =
        std::min(least, Distance(point, {line[i - 1].x + share * dx, line[i - 1].y + share * dy}));
  }
  return least;
}

/// The last place of a line, from its beginning, that lies within reach of another one.
double LastWithin(const Polyline& line, const Polyline& other, double reach) {
  constexpr double kSpacing = 0.5;  // m
  const double length = Length(line);
  double before = 0, before_distance = 0;
  for (double at = length;; at = std::max(0.0, at - kSpacing)) {
    const double distance = DistanceTo(PoseAt(line, at).point, other);
    if (distance <= reach) {
      return at == length ? length
                          : at + (before - at) * (reach - distance) / (before_distance - distance);
    }
    if (at <= 0) {
      return 0;
    }
    before = at;
    before_distance = distance;
  }
}

class Finder {
 public:
  explicit Finder(const Network& network)
      : network_(network), topology_(network), of_lane_(network.lanes.size()) {}

  std::vector<std::vector<LaneConflict>> Find() {
    for (const Junction& junction : network_.junctions) {
      AddFoes(junction);
    }
    for (const Lane& lane : network_.lanes) {
      AddBranches(lane);
    }
    return std::move(of_lane_);
  }

 private:
  const Lane& LaneAt(int32_t index) const { return network_.lanes[Index(index)]; }

  std::vector<int32_t> Parts(int32_t way) const {
    std::vector<int32_t> parts;
    for (int32_t lane = network_.connections[Index(way)].via; lane >= 0;
         lane = topology_.after[Index(lane)]) {
      parts.push_back(lane);
    }
    return parts;
  }

  void AddFoes(const Junction& junction) {
    const size_t count = std::min(junction.ways.size(), junction.requests.size());
    const auto bit = [](const std::vector<bool>& bits, size_t at) {
      return at < bits.size() && bits[at];
    };
    for (size_t r = 0; r < count; ++r) {
      for (size_t f = 0; f < count; ++f) {
        const int32_t own = junction.ways[r], foe = junction.ways[f];
        const Request& request = junction.requests[r];
        if (f == r || own < 0 || foe < 0 || !bit(request.foes, f)) {
          continue;
        }
        LaneConflict conflict;
        conflict.yields = bit(request.response, f);
        conflict.foe_yields = bit(junction.requests[f].response, r);
        const std::vector<int32_t> foe_parts = Parts(foe);
        for (const int32_t lane : Parts(own)) {
          for (const int32_t foe_lane : foe_parts) {
            // Who waits inside stands in nobody's way but of those who let him go first.
            if (foe_lane == foe_parts.back() || conflict.yields) {
              AddMeeting(lane, foe_lane, conflict);
            }
          }
        }
      }
    }
  }

  void AddMeeting(int32_t lane, int32_t foe_lane, LaneConflict conflict) {
    const Lane& own = LaneAt(lane);
    const Lane& foe = LaneAt(foe_lane);
    const bool second = topology_.before[Index(lane)] >= 0;
    const bool last = topology_.after[Index(lane)] < 0;
    const bool foe_last = topology_.after[Index(foe_lane)] < 0;
    conflict.foe_lane = foe_lane;
    conflict.foe_waits = !foe_last && last && !second;
    if (last && foe_last && topology_.target[Index(lane)] == topology_.target[Index(foe_lane)]) {
      conflict.kind = LaneConflict::Kind::kMerge;
      const Polyline back(own.shape.rbegin(), own.shape.rend());
      const Polyline foe_back(foe.shape.rbegin(), foe.shape.rend());
      const double shared = SharedBeginning(back, foe_back, Reach(own, foe));
      conflict.begin = std::max(0.0, own.length - Driven(own, shared));
      conflict.foe_begin = std::max(0.0, foe.length - Driven(foe, shared));
    } else {
      const std::vector<double> crossings = IntersectionOffsets(own.shape, foe.shape);
      if (crossings.empty()) {
        return;
      }
      const double foe_crossing = IntersectionOffsets(foe.shape, own.shape).back();
      conflict.width = foe.width;
      conflict.foe_width = own.width;
      conflict.begin =
          second ? 0 : Driven(own, std::max(0.0, crossings.back() - conflict.width / 2));
      conflict.foe_begin = Driven(foe, std::max(0.0, foe_crossing - conflict.foe_width / 2));
    }
    of_lane_[Index(lane)].push_back(conflict);
  }

  static double Reach(const Lane& own, const Lane& foe) {
    return std::min(kSharedWidth, (own.width + foe.width) / 2);
  }

  /// Of a road's lane: its ways across the junction do not part at once.
  void AddBranches(const Lane& lane) {
    if (network_.edges[Index(lane.edge)].internal) {
      return;
    }
    for (const int32_t way : lane.connections) {
      for (const int32_t other : lane.connections) {
        const int32_t own_lane = network_.connections[Index(way)].via;
        const int32_t foe_lane = network_.connections[Index(other)].via;
        if (own_lane < 0 || foe_lane < 0 || own_lane == foe_lane) {
          continue;
        }
        const Lane& own = LaneAt(own_lane);
        const Lane& foe = LaneAt(foe_lane);
        LaneConflict conflict;
        conflict.kind = LaneConflict::Kind::kBranch;
        conflict.foe_lane = foe_lane;
        const double shared = SharedBeginning(own.shape, foe.shape, Reach(own, foe));
        conflict.begin = Driven(own, shared);
        conflict.foe_begin = Driven(foe, shared);
        auto& known = of_lane_[Index(own_lane)];
        std::erase_if(known, [&](const LaneConflict& c) { return c.foe_lane == foe_lane; });
        if (shared > 0) {
          known.push_back(conflict);
        }
      }
    }
  }

  const Network& network_;
  const LaneTopology topology_;
  std::vector<std::vector<LaneConflict>> of_lane_;
};

}  // namespace

double SharedBeginning(const Polyline& a, const Polyline& b, double reach) {
  if (Distance(a.front(), b.front()) >= reach) {
    return 0;
  }
  return std::min(
      {std::max(LastWithin(a, b, reach), LastWithin(b, a, reach)), Length(a), Length(b)});
}

std::vector<std::vector<LaneConflict>> FindLaneConflicts(const Network& network) {
  return Finder(network).Find();
}

}  // namespace tersor::twin
