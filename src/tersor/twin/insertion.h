// How vehicles come onto the road: in the order of the demand, each where, on which lane and how
// fast its departure says. Whoever does not fit waits, and with him those behind him who would come
// onto the same lane.
#ifndef TERSOR_TWIN_INSERTION_H_
#define TERSOR_TWIN_INSERTION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "tersor/twin/demand.h"
#include "tersor/twin/signals.h"
#include "tersor/twin/traffic_state.h"
#include "tersor/util/rng.h"

namespace tersor::twin {

class Insertion {
 public:
  /// `graph` and `demand` must outlive it. Throws Error for a departure whose lane, position, type
  /// or route cannot be, naming the vehicle. Departures before `begin` (s) are left out, as SUMO
  /// does.
  Insertion(const RoadGraph& graph, const Demand& demand, double step_length, double begin,
            uint64_t seed);

  /// Puts onto the road whoever is due and fits; returns their slots, in that order.
  const std::vector<int32_t>& Insert(TrafficState& state, const LinkSignals& signals);

  /// Puts a vehicle that was taken off the road onto the edge at its place of the route; false: no
  /// room.
  bool Reinsert(TrafficState& state, const LinkSignals& signals, int32_t slot) const;

  /// Follows TrafficState::Renumber().
  void Renumber(const std::vector<int32_t>& renumbered) {
    for (const int32_t edge : waiting_edges_) {
      Rename(renumbered, queues_[static_cast<size_t>(edge)]);
    }
  }

  int64_t waiting() const { return waiting_; }
  bool done() const { return waiting_ == 0 && next_ == demand_->departures.size(); }

 private:
  int32_t Prepare(TrafficState& state, size_t index);
  const RouteLanes& LanesOf(const RoadGraph& graph, const Departure& departure);

  const Demand* demand_;
  uint64_t seed_;
  std::vector<CarFollower> followers_;   // by type
  std::vector<VehicleClasses> classes_;  // by type
  // By route and class, made when first used.
  std::vector<std::vector<std::pair<VehicleClasses, std::unique_ptr<RouteLanes>>>> routes_;
  size_t next_ = 0;                          // of the departures not yet due
  std::vector<std::deque<int32_t>> queues_;  // slots that wait, by edge
  std::vector<int32_t> waiting_edges_;       // in the order in which their queues began
  std::vector<int32_t> refusing_;            // lanes of the present edge
  std::vector<int32_t> inserted_;
  int64_t waiting_ = 0;
  uint64_t tries_ = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_INSERTION_H_
