// What the model of a traffic would do with a vehicle, worked out from what one sees of that
// traffic from outside: for an engine that does not tell.
#ifndef TERSOR_TWIN_COUPLING_OUTSIDE_VIEW_H_
#define TERSOR_TWIN_COUPLING_OUTSIDE_VIEW_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tersor/twin/coupling/pilot.h"
#include "tersor/twin/network.h"
#include "tersor/twin/road_graph.h"
#include "tersor/twin/route_lanes.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// What one has to know of a driver.
struct OutsideDriver {
  double accel = 2.6, decel = 4.5;       // m/s^2
  double max_speed = 55, min_gap = 2.5;  // m/s, m
  double speed_factor = 1;               // of lanes' limits
  VehicleClasses classes = kAllClasses;  // of which its own is one
};

/// Leaders and gaps are exact along the lanes, but a vehicle of which only the rear end is still
/// on a lane that it has left for another branch of the junction is not seen. Free speeds come from
/// the network's limits and the signals; where right of way matters (links that yield, and the
/// junctions behind them) the engine's own wish is not exceeded, which heeds leaders, too, and is a
/// step old. Lanes are changed only where the route needs it.
class OutsideView {
 public:
  OutsideView(const Network& network, double step);

  /// Takes in the traffic of now. `beside`, by row: a lane into which the vehicle reaches, or -1.
  void Look(const Traffic& traffic, const std::vector<int32_t>& beside);

  /// Of a row of that snapshot. `wish`: the engine's own for the last step, in m/s. `target`: the
  /// lane that the vehicle was told to go to (Wish::lane of the step before), -1: its own.
  Wish WishOf(int32_t row, const OutsideDriver& driver, double wish, int32_t target);

 private:
  struct Body {
    double front = 0, back = 0;  // m along the lane
    int32_t row = -1;
  };
  struct Way;
  const RouteLanes* RouteOf(const Vehicle& vehicle, VehicleClasses classes);
  int32_t NextLink(const RouteLanes& route, int32_t lane, int32_t place) const;
  char Letter(int32_t link) const;
  const Body* FirstAhead(int32_t lane, double position, int32_t row) const;
  const Body* FirstBehind(int32_t lane, double position, int32_t row) const;
  void FindLeader(const Way& way, Wish* wish) const;
  double FreeSpeed(const Way& way, double engines) const;
  int32_t ChooseLane(const Way& way, int32_t target) const;

  const Network& network_;
  const double step_;
  const RoadGraph graph_;
  const Traffic* traffic_ = nullptr;
  std::vector<std::vector<Body>> on_lane_;  // front to back
  std::vector<int32_t> used_;               // lanes with somebody
  std::map<std::pair<std::vector<int32_t>, VehicleClasses>, std::unique_ptr<RouteLanes>> routes_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_OUTSIDE_VIEW_H_
