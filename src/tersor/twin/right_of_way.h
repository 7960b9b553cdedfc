// Who may cross a junction now: gap acceptance against those who come (SUMO's scheme of announced
// arrival and leaving times) and only if there is room behind it.
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

  /// Announces all plans that ask to pass links to which somebody yields, and who on a junction
  /// means to leave it.
  void Announce(TrafficState& state);

  /// Nobody to whom the link yields is hindered if the vehicle passes as planned. The vehicle's
  /// impatience in [0, 1] makes it expect of its foes that they brake.
  bool Open(const TrafficState& state, const LinkSignals& signals, int32_t slot,
            const LinkPlan& plan, double impatience) const;

 private:
  struct Approach {
    int32_t slot = -1;
    double distance = 0;            // m to the link
    double arrival = 0, leave = 0;  // s
    double leave_speed = 0;         // m/s
    double braking_speed = 0;       // m/s on arrival if it brakes
  };
  static bool Blocks(const TrafficState& state, const Approach& foe, int32_t slot,
                     const LinkPlan& plan, bool same_lane, double impatience);
  static void Brake(const TrafficState& state, const LinkPlan& plan, double impatience,
                    Approach& foe);

  std::vector<std::vector<Approach>> of_link_;
  std::vector<int32_t> announced_;  // links with entries
};

/// Takes back the requests for junctions behind which there is no room for the vehicle, so that it
/// does not stand on others' ways. `queue`: m that those before it on its own lane will take there.
void KeepJunctionsClear(const TrafficState& state, int32_t slot, double queue,
                        std::vector<LinkPlan>& plans);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_RIGHT_OF_WAY_H_
