// Who is near whom: for one vehicle all others within range along the road network, ahead on its
// path and upstream of every place on it, as SUMO's SSM device searches them.
#ifndef TERSOR_TWIN_SURROUNDINGS_H_
#define TERSOR_TWIN_SURROUNDINGS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/twin/junction_conflicts.h"
#include "tersor/twin/lane_topology.h"
#include "tersor/twin/network.h"
#include "tersor/twin/route_paths.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// What of a network the search and the classification need; built once.
struct RoadTables {
  explicit RoadTables(const Network& network)
      : network(network), topology(network), conflicts(network, topology) {}

  const Network& network;
  LaneTopology topology;
  JunctionConflicts conflicts;

  const Lane& lane(int32_t index) const { return network.lanes[static_cast<size_t>(index)]; }
  const Connection& connection(int32_t index) const {
    return network.connections[static_cast<size_t>(index)];
  }
  bool internal(int32_t lane) const { return topology.internal[static_cast<size_t>(lane)]; }
};

/// One time step: the snapshot and, by its rows, what follows from it.
struct Frame {
  const Snapshot* now = nullptr;
  double step = 0;                    // s since the last one
  std::vector<double> length, width;  // m
  std::vector<double> advance;        // m covered since the last one
  std::vector<double> friction;       // peak, under each
  std::vector<int32_t> behind;        // the lane that it came from; -1: not known
  std::vector<int32_t> path;          // of RoutePaths; that of the next lane on internal ones
  std::vector<uint8_t> opposite;      // drives against its lane's direction

  int32_t lane(int32_t row) const { return now->lane[static_cast<size_t>(row)]; }
  double position(int32_t row) const { return now->position[static_cast<size_t>(row)]; }
  double back(int32_t row) const {
    const size_t i = static_cast<size_t>(row);
    return now->position[i] + (opposite[i] ? length[i] : -length[i]);
  }
};

/// Another vehicle, and which lane of ego's path it might get into conflict with ego on.
struct Foe {
  int32_t row = -1;  // of the frame
  int32_t conflict_lane = -1;
  double distance = 0;  // m from ego's front to that lane's beginning; negative on it
};

class Surroundings {
 public:
  Surroundings(const RoadTables& map, const RoutePaths& paths, double range);

  /// Sorts the vehicles of a frame by lane and place; the frame stays alive until the next call.
  void Begin(const Frame& frame);

  /// Everyone around ego but itself; valid until the next call.
  std::span<const Foe> Around(int32_t ego);

  /// Which of the last Around() a row is; -1 where it was not found.
  int32_t FoundAs(int32_t row) const {
    const Found& found = found_[static_cast<size_t>(row)];
    return found.search == search_ ? found.index : -1;
  }

 private:
  struct Standing {
    double front = 0, back = 0;
    int32_t row = -1;
  };
  struct Found {
    uint32_t search = 0;
    int32_t index = -1;
  };
  // A stretch of an edge, from `position` back for `range` metres.
  struct Stretch {
    int32_t edge = -1;
    double position = 0, range = 0;
    int32_t conflict_lane = -1;
    double distance = 0;
  };

  void ScanDownstream(int32_t ego);
  // Gets onto a junction; false where the path crosses itself.
  bool ScanJunctionAhead(int32_t connection, int32_t edge, double* remaining, double* distance);
  void ScanUpstream(const Stretch& stretch);
  void ScanJunction(int32_t lane, int32_t conflict_lane, double distance);
  void ScanInternalLane(int32_t lane, int32_t conflict_lane, double distance);
  // Later findings on junctions replace earlier ones, elsewhere they do not.
  void Add(const Foe& foe, bool replace);

  std::span<const Standing> On(int32_t lane) const {
    const size_t i = static_cast<size_t>(lane);
    return {standing_.data() + first_[i], static_cast<size_t>(count_[i])};
  }
  bool Seen(int32_t lane) const { return seen_[static_cast<size_t>(lane)] == search_; }
  void MarkSeen(int32_t lane) { seen_[static_cast<size_t>(lane)] = search_; }
  double EdgeLength(int32_t edge) const {
    return map_.lane(map_.network.edges[static_cast<size_t>(edge)].lanes.front()).length;
  }

  const RoadTables& map_;
  const RoutePaths& paths_;
  double range_;
  const Frame* frame_ = nullptr;
  // By edge: m across its first junction from each of that junction's incoming edges.
  std::vector<std::vector<double>> across_;
  // By lane.
  std::vector<int32_t> first_, count_;
  std::vector<uint32_t> seen_;
  std::vector<uint32_t> junction_on_path_;  // by junction
  std::vector<Standing> standing_;
  std::vector<int32_t> occupied_;  // lanes
  std::vector<Found> found_;       // by row
  std::vector<Foe> foes_;
  std::vector<Stretch> stretches_;
  uint32_t search_ = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SURROUNDINGS_H_
