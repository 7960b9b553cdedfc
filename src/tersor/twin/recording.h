// What is kept of a run for pictures: everyone's poses at chosen times, an array a field.
#ifndef TERSOR_TWIN_RECORDING_H_
#define TERSOR_TWIN_RECORDING_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// Frame f holds the entries from begin[f] to begin[f + 1]. Fields are those of Snapshot; single
/// precision places a vehicle within 1 cm up to 100 km from the origin.
struct Recording {
  double interval = 0;        // s, the least time between two frames
  std::vector<double> time;   // s, of each frame, rising
  std::vector<size_t> begin;  // one more than frames
  std::vector<Vehicle> vehicles;

  std::vector<int32_t> vehicle, lane;
  std::vector<float> x, y, angle, speed, accel, position;

  int32_t signals = 0;
  std::vector<std::string> signal_states;  // distinct ones
  std::vector<int32_t> signal_state;       // [frames, signals], indices into signal_states

  size_t frames() const { return time.size(); }
  std::string_view SignalState(size_t frame, int32_t signal) const;
};

/// Fills a recording while a run goes on.
class Recorder {
 public:
  /// `interval` in s, at least 0; 0 keeps every step. `signals` is the number of the network's.
  /// Throws Error on a negative interval.
  Recorder(double interval, int32_t signals);

  /// Keeps what `traffic` shows now unless the last frame is less than the interval ago.
  void Add(const Traffic& traffic);

  /// The same from parts; `vehicles` only ever grows, `signal_states` has one text a signal.
  /// Throws Error on a time that does not rise and on a snapshot whose fields differ in length.
  void Add(const Snapshot& snapshot, std::span<const Vehicle> vehicles,
           std::span<const std::string_view> signal_states);

  const Recording& recording() const { return recording_; }

 private:
  Recording recording_;
  std::unordered_map<std::string, int32_t> state_of_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_RECORDING_H_
