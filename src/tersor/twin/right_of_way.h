// Who may cross a junction now: gap acceptance against those who come (SUMO's scheme of announced
// arrival and leaving times) and room for those who are already on it.
#ifndef TERSOR_TWIN_RIGHT_OF_WAY_H_
#define TERSOR_TWIN_RIGHT_OF_WAY_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/signals.h"
#include "tersor/twin/traffic_state.h"

namespace tersor::twin {

/// Who comes to which link, and when, by everyone's plans of this step.
class Approaches {
 public:
  explicit Approaches(const RoadGraph& graph);

  /// Announces all plans that ask to pass links to which somebody yields.
  void Announce(const TrafficState& state);

  /// Nobody to whom the link yields is hindered if the vehicle passes as planned. The vehicle's
  /// impatience in [0, 1] makes it expect of its foes that they brake.
  bool Open(const TrafficState& state, const LinkSignals& signals, int32_t slot,
            const LinkPlan& plan, double impatience) const;

 private:
  struct Approach {
    int32_t slot = -1;
    double arrival = 0, leave = 0;  // s
    double braking_arrival = 0;     // s, if it brakes
    double leave_speed = 0, braking_speed = 0;
  };
  static bool Blocks(const TrafficState& state, const Approach& foe, int32_t slot,
                     const LinkPlan& plan, bool same_lane, double impatience);

  std::vector<std::vector<Approach>> of_link_;
  std::vector<int32_t> announced_;  // links with entries
};

/// Where a vehicle is before the lane of a junction that is asked about.
struct JunctionView {
  int32_t lane = -1;         // internal
  double lane_begin = 0;     // m ahead; negative where it is on the lane
  double stop_distance = 0;  // m to where it would wait before the junction
  bool entered = false;      // it is on the junction already
};

/// The highest speed for the next step that leaves room for those who are on crossing and joining
/// lanes; `speed` where they leave it free.
double JunctionSpeed(const TrafficState& state, int32_t slot, const JunctionView& view,
                     double speed);

/// Behind the junction there is room for the vehicle, so that it will not stand on others' ways.
bool RoomBehind(const TrafficState& state, int32_t slot, const Link& link);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_RIGHT_OF_WAY_H_
