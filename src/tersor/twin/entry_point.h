// Where a departing vehicle may safely enter the road.
#ifndef TERSOR_TWIN_ENTRY_POINT_H_
#define TERSOR_TWIN_ENTRY_POINT_H_

#include <cstdint>

#include "tersor/twin/demand.h"
#include "tersor/twin/signals.h"
#include "tersor/twin/traffic_state.h"
#include "tersor/util/rng.h"

namespace tersor::twin {

/// A place on the road that a vehicle may take.
struct EntryPoint {
  int32_t lane = -1;  // none: it does not fit
  double position = 0, speed = 0;
};

/// Looks for a departing vehicle's place by SUMO's rules for departLane, departPos, departSpeed.
/// The vehicle has a slot, with its type and route, but no lane yet. Its random choices are element
/// `choice` of `rng` and those after it.
class EntrySearch {
 public:
  EntrySearch(const TrafficState& state, const LinkSignals& signals, int32_t slot,
              const Departure& departure, const Rng& rng, uint64_t choice);

  /// `refusing`: lanes onto which nobody came in this step; none of them is tried, and the chosen
  /// one is added where the vehicle does not fit.
  EntryPoint Find(std::vector<int32_t>& refusing);
  /// At a lane's begin, on the emptiest lane that leads on, at whatever speed is safe.
  EntryPoint FindAtBegin();

 private:
  EntryPoint FindOn(int32_t lane);
  int32_t ChooseLane();
  int32_t Emptiest(double least_reach) const;
  double WantedSpeed(int32_t lane);
  EntryPoint At(int32_t lane, double position, double speed) const;
  EntryPoint AtFreePlace(int32_t lane, double speed) const;
  EntryPoint BehindLast(int32_t lane, double speed) const;
  double SafeAhead(int32_t lane, double position, double speed) const;
  double BasePosition(int32_t lane) const;
  double Uniform() { return rng_.Uniform(choice_++); }

  const TrafficState& state_;
  const LinkSignals& signals_;
  const int32_t slot_;
  const size_t s_;
  const int32_t place_;
  const CarFollower& follower_;
  const RouteLanes& route_;
  const Departure& departure_;
  const Rng& rng_;
  uint64_t choice_;
  bool may_be_slower_ = true;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ENTRY_POINT_H_
