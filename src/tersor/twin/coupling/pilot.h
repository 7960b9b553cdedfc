// Vehicles that somebody else drives: what the traffic's own model would do with them, and what was
// done instead.
#ifndef TERSOR_TWIN_COUPLING_PILOT_H_
#define TERSOR_TWIN_COUPLING_PILOT_H_

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// What the traffic's model wants of one of the pilot's vehicles for the coming step.
struct Wish {
  int32_t row = -1;       // of the snapshot
  double speed = 0;       // m/s at the step's end
  double free_speed = 0;  // the same if nobody drove ahead: limits, signals, right of way, route
  int32_t leader = -1;    // vehicle ahead on its way; -1: none near
  double gap = std::numeric_limits<double>::infinity();  // m, bumper to bumper, along the way
  double leader_speed = 0;                               // m/s
  double desired_speed = 0;                              // m/s, on this lane
};

/// What a vehicle does in the coming step. The way that it covers along its lanes moves it in the
/// traffic; the pose is what the snapshot shows then.
struct Motion {
  int32_t row = -1;
  double advance = 0;              // m along its lanes, 0 or more
  double speed = 0, accel = 0;     // m/s and m/s^2 at the step's end
  double x = 0, y = 0, angle = 0;  // as in Snapshot
};

class Pilot {
 public:
  virtual ~Pilot() = default;

  /// Whether the vehicle is the pilot's; asked once, when it departs.
  virtual bool Takes(int32_t vehicle, const Traffic& traffic) = 0;

  /// Drives its vehicles from `now` (the step's begin) to the step's end: one motion a wish, in
  /// the wishes' order, which is that of the snapshot's rows.
  virtual void Drive(const Snapshot& now, std::span<const Wish> wishes,
                     std::vector<Motion>* motions) = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_PILOT_H_
