// Moves: along the lane, over links onto the next ones, off the road at the journey's end, and,
// where nothing else helps, by teleport.
#ifndef TERSOR_TWIN_MOVEMENT_H_
#define TERSOR_TWIN_MOVEMENT_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/embedded_traffic.h"
#include "tersor/twin/insertion.h"
#include "tersor/twin/traffic_state.h"

namespace tersor::twin {

class Movement {
 public:
  /// `time_to_teleport`: s of waiting before a lane's end after which a vehicle is put farther
  /// along its route; negative: never.
  Movement(TrafficState& state, double time_to_teleport)
      : state_(state), time_to_teleport_(time_to_teleport) {}

  /// Moves a vehicle by its decided speed, still along its lane.
  void Advance(int32_t slot);
  /// Puts those who drove past their lane's end onto the next one and takes the arrived away.
  void Transfer();
  void Teleport(const LinkSignals& signals, const Insertion& insertion);

  /// Takes a vehicle off the road that has not arrived.
  void Remove(int32_t slot);

  /// Everyone on the road as SUMO's FCD has them, and the slot of each row.
  void Pose(Snapshot& snapshot, std::vector<int32_t>& slots) const;

  /// Follows TrafficState::Renumber().
  void Renumber(const std::vector<int32_t>& renumbered) {
    for (Traveller& traveller : travellers_) {
      traveller.slot = renumbered[static_cast<size_t>(traveller.slot)];
    }
  }

  void AddDelay(double seconds) { delay_ += seconds; }
  void AddStatistics(TrafficStatistics& statistics) const;

 private:
  /// A vehicle that travels beside the road until there is room on an edge of its route.
  struct Traveller {
    int32_t slot;
    double edge_time;  // s, when it is past the edge at its place
  };
  bool Arrived(int32_t slot) const;
  void CrossLinks(int32_t slot);
  void NoteJunction(size_t s, const Link& link);
  void Finish(int32_t slot);
  double EdgeTime(int32_t slot) const;

  TrafficState& state_;
  const double time_to_teleport_;
  std::vector<int32_t> finished_;
  std::vector<Traveller> travellers_;
  int64_t arrived_ = 0, teleported_ = 0, removed_ = 0;
  double delay_ = 0, duration_ = 0, waiting_ = 0, time_loss_ = 0, driven_ = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MOVEMENT_H_
