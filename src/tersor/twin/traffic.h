// Traffic that moves: ours, or a real SUMO behind the same interface.
#ifndef TERSOR_TWIN_TRAFFIC_H_
#define TERSOR_TWIN_TRAFFIC_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::twin {

/// What stays the same of a vehicle.
struct Vehicle {
  std::string id, type;
  double length = 5, width = 1.8;  // m
  std::vector<int32_t> route;      // edges of the network
};

/// Everyone on the road at one time, an array a field. Poses are as SUMO says them: the middle of
/// the front bumper, degrees clockwise from north.
struct Snapshot {
  double time = 0;                   // s; of the first step the run's begin, as in SUMO's FCD
  std::vector<int32_t> vehicle;      // index into Traffic::vehicles(), ascending
  std::vector<double> x, y;          // m
  std::vector<double> angle;         // degrees
  std::vector<double> speed;         // m/s
  std::vector<double> accel;         // m/s^2
  std::vector<int32_t> lane;         // of the network, internal ones too; -1: not known
  std::vector<double> position;      // m along the lane, of the front
  std::vector<int32_t> route_index;  // of the route's edges, the one that it is on or left last

  int64_t size() const { return static_cast<int64_t>(vehicle.size()); }
};

class Pilot;  // coupling/pilot.h

class Traffic {
 public:
  virtual ~Traffic() = default;

  /// Advances by one step. Throws Error where the engine behind it fails.
  void Step() { Step(nullptr); }
  /// The same with vehicles that a pilot drives by what the snapshot shows before the step, so by
  /// data that are one step old when they are on the road; nullptr: nobody. Everyone in the next
  /// snapshot, the pilot's vehicles too, is shown at the same time.
  virtual void Step(Pilot* pilot) = 0;
  /// Nobody is on the road or still to come.
  virtual bool finished() const = 0;

  virtual double step_length() const = 0;  // s
  virtual const Snapshot& snapshot() const = 0;
  /// Everyone who has departed so far, in that order.
  virtual std::span<const Vehicle> vehicles() const = 0;
  /// The letters of a signal's links now, as SignalPhase::state.
  virtual std::string_view signal_state(int32_t signal) const = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_TRAFFIC_H_
