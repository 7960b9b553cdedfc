// Vehicles that somebody else drives: what the traffic's own model would do with them, and what was
// done instead.
#ifndef TERSOR_TWIN_COUPLING_PILOT_H_
#define TERSOR_TWIN_COUPLING_PILOT_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// What the traffic's model wants of one of the pilot's vehicles for the coming step.
struct Wish {
  int32_t row = -1;  // of the snapshot
  double speed = 0;  // m/s at the step's end
  /// The same if nobody drove ahead: limits, signals, right of way, route; foreseen with gentle
  /// braking and time for a car's response (EmbeddedOptions).
  double free_speed = 0;
  int32_t leader = -1;  // vehicle ahead on its way; -1: none near
  /// m along the way, bumper to bumper; below 0 where the bodies overlap.
  double gap = std::numeric_limits<double>::infinity();
  double leader_speed = 0;   // m/s
  double desired_speed = 0;  // m/s, on this lane
  int32_t lane = -1;         // on which it shall drive: its own, or one beside it
};

/// What a vehicle does in the coming step. The way that it covers along its lanes moves it in the
/// traffic; the pose is what the snapshot shows then.
struct Motion {
  int32_t row = -1;
  double advance = 0;           // m along its lanes, 0 or more
  double speed = 0, accel = 0;  // m/s and m/s^2 at the step's end
  /// As in Snapshot. NaN: in the middle of its lane, and in SUMO, which then moves it itself, its
  /// own.
  double x = NAN, y = NAN, angle = NAN;
  int32_t beside = -1;  // a lane beside its own into which its body reaches; -1: none
  bool leaves = false;  // it is taken off the road
  /// It changes lanes only where its route asks for it now.
  bool keeps_lane = false;
};

class Pilot {
 public:
  virtual ~Pilot() = default;

  /// The rows of `now` that the pilot drives in the coming step, ascending; the rest is the
  /// traffic's. Whoever drove a vehicle before, it goes on from where it is.
  virtual void Choose(const Snapshot& now, const Traffic& traffic, std::vector<int32_t>* rows) = 0;

  /// Drives its vehicles from `now` (the step's begin) to the step's end: one motion a wish, in
  /// the wishes' order, which is that of the rows.
  virtual void Drive(const Snapshot& now, std::span<const Wish> wishes,
                     std::vector<Motion>* motions) = 0;
};

/// Lets the pilot drive and checks what it did. Throws Error naming the vehicle and the time where
/// a motion has no finite numbers, goes backwards, or belongs to somebody else.
void DriveAndCheck(Pilot& pilot, const Traffic& traffic, std::span<const Wish> wishes,
                   std::vector<Motion>* motions);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_PILOT_H_
