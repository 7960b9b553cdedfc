// The routes of vehicles that were only watched: the edges on which they were seen, with what lies
// between them.
#ifndef TERSOR_TWIN_RECORDED_PATHS_H_
#define TERSOR_TWIN_RECORDED_PATHS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/twin/lane_topology.h"
#include "tersor/twin/network.h"

namespace tersor::twin {

class RecordedPaths {
 public:
  explicit RecordedPaths(const Network& network);

  /// A vehicle was seen on a lane. Vehicles are numbered from 0 as they come.
  void See(int32_t vehicle, int32_t lane);

  /// Its edges in order; where two do not follow each other, by the fewest edges between them (if
  /// `kMostBetween` or fewer lead there).
  std::vector<int32_t> Route(int32_t vehicle) const;

  /// Whether all edges on which it was seen lie on `route`, in this order.
  bool Follows(int32_t vehicle, std::span<const int32_t> route) const;

  /// The edge by which one gets onto an internal lane; -1 where none does.
  int32_t EdgeBefore(int32_t lane) const;

  static constexpr int kMostBetween = 6;

 private:
  // The edges between two, or none where they follow each other or are too far apart.
  std::vector<int32_t> Between(int32_t from, int32_t to) const;

  const Network& network_;
  LaneTopology topology_;
  std::vector<std::vector<int32_t>> next_edges_;
  std::vector<std::vector<int32_t>> seen_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_RECORDED_PATHS_H_
