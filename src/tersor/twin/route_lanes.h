// Which lanes of a route's edges lead on along the route, how far, and by which link.
#ifndef TERSOR_TWIN_ROUTE_LANES_H_
#define TERSOR_TWIN_ROUTE_LANES_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/demand.h"
#include "tersor/twin/road_graph.h"

namespace tersor::twin {

class RouteLanes {
 public:
  struct LaneChoice {
    double reach = 0;     // m from the lane's begin that can be driven without changing lanes
    int32_t offset = 0;   // lanes to the left (negative: right) to where the most can be driven
    int32_t link = -1;    // onto the route's next edge; none: this lane leads elsewhere
    bool allowed = true;  // for this class of vehicles
  };

  /// Throws Error naming the edge where no lane is open to the class or leads on.
  RouteLanes(const RoadGraph& graph, const Route& route, VehicleClasses vehicle_class);

  int32_t num_edges() const { return static_cast<int32_t>(edges_.size()); }
  int32_t edge(int32_t place) const { return edges_[static_cast<size_t>(place)]; }
  /// Of lane `index` of the route's edge at `place`.
  const LaneChoice& At(int32_t place, int32_t index) const {
    return choices_[static_cast<size_t>(first_[static_cast<size_t>(place)] + index)];
  }
  int32_t num_lanes(int32_t place) const {
    return first_[static_cast<size_t>(place) + 1] - first_[static_cast<size_t>(place)];
  }

 private:
  void ChooseLinks(const RoadGraph& graph, int32_t place, VehicleClasses vehicle_class);
  void SetOffsets(int32_t place);

  std::vector<int32_t> edges_;
  std::vector<int32_t> first_;  // of each edge's lanes in choices_
  std::vector<LaneChoice> choices_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ROUTE_LANES_H_
