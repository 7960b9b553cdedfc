// Shortest paths through a network by free-flow travel time.
#ifndef TERSOR_TWIN_ROUTER_H_
#define TERSOR_TWIN_ROUTER_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// Who drives: lanes closed to the classes do not exist for them.
struct Driver {
  VehicleClasses classes = kAllClasses;
  double max_speed = 200 / 3.6;  // m/s
};

class Router {
 public:
  /// `network` outlives the router.
  explicit Router(const Network& network);

  /// The fastest edges from `from` to `to`, both among them; empty where there is no way. Of ways
  /// that take the same time, always the same one.
  std::vector<int32_t> ShortestPath(int32_t from, int32_t to, const Driver& driver) const;

  /// A lane of `from` leads to one of `to`.
  bool Connected(int32_t from, int32_t to, VehicleClasses classes) const;

  /// A lane of the edge is open to one of the classes.
  bool Allowed(int32_t edge, VehicleClasses classes) const;

 private:
  /// The connections between two edges, taken together.
  struct Step {
    int32_t to;
    VehicleClasses classes;
    double length, time;  // of the internal lanes, m and s
  };

  double TravelTime(int32_t edge, const Driver& driver) const;  // s; infinite where closed

  const Network& network_;
  std::vector<std::vector<Step>> steps_;  // by edge
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ROUTER_H_
