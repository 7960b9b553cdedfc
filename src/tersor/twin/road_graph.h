// What a moving vehicle asks of a network, worked out once: the links between lanes, who yields to
// whom on them, and where the ways across a junction meet.
#ifndef TERSOR_TWIN_ROAD_GRAPH_H_
#define TERSOR_TWIN_ROAD_GRAPH_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/lane_conflicts.h"
#include "tersor/twin/network.h"

namespace tersor::twin {

/// A connection as one drives it: from a lane onto the next one, internal or not. The index is
/// that of the connection.
struct Link {
  int32_t from = -1, next = -1;  // lanes
  int32_t entry = -1;            // the link by which one came into this junction; itself outside
  int32_t to = -1;               // the lane behind the junction
  int32_t junction = -1;
  double inner_length = 0;         // m of internal lanes from here to `to`
  double visibility = 4.5;         // m before it, from where a minor road's driver sees his foes
  bool enters = false;             // from a road into a junction
  bool wait_inside = false;        // the junction may be entered and a place inside waited at
  bool crosses = false;            // others' ways cross or join it: keep it clear
  bool watched = false;            // somebody yields to it
  std::vector<int32_t> yields_to;  // links
};

/// Where a lane's shape begins and how it goes on, for poses.
class RoadGraph {
 public:
  explicit RoadGraph(const Network& network);

  const Network& network() const { return *network_; }
  const Link& link(int32_t index) const { return links_[static_cast<size_t>(index)]; }
  int32_t num_links() const { return static_cast<int32_t>(links_.size()); }
  int32_t num_lanes() const { return static_cast<int32_t>(lanes_.size()); }

  struct LaneFacts {
    double length = 0, speed = 0;
    int32_t edge = -1, index = 0;
    bool internal = false;
    int32_t only_link = -1;         // of an internal lane
    int32_t left = -1, right = -1;  // neighbours
    int32_t first_conflict = 0, last_conflict = 0;
    std::vector<int32_t> incoming;  // lanes that lead directly onto it
  };
  const LaneFacts& lane(int32_t index) const { return lanes_[static_cast<size_t>(index)]; }

  const LaneConflict* conflicts_begin(const LaneFacts& lane) const {
    return conflicts_.data() + lane.first_conflict;
  }
  const LaneConflict* conflicts_end(const LaneFacts& lane) const {
    return conflicts_.data() + lane.last_conflict;
  }

  /// The front bumper `position` metres along a lane.
  Pose PoseOn(int32_t lane, double position) const;

 private:
  void AddLanes();
  void AddLinks();
  void AddRightOfWay();
  void AddConflicts();
  std::vector<int32_t> InternalLanes(int32_t entry) const;

  const Network* network_;
  std::vector<Link> links_;
  std::vector<LaneFacts> lanes_;
  std::vector<LaneConflict> conflicts_;
  // Of every lane's shape: cumulative length and heading at each point.
  std::vector<int32_t> first_point_;
  std::vector<double> offset_, heading_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ROAD_GRAPH_H_
