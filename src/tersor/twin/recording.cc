#include "tersor/twin/recording.h"

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

/// Steps are sums of rounded numbers: a frame that is due now must not wait for the next step.
constexpr double kTimeRounding = 1e-6;  // s

void CheckFields(const Snapshot& s) {
  const size_t size = s.vehicle.size();
  for (const size_t field : {s.x.size(), s.y.size(), s.angle.size(), s.speed.size(), s.accel.size(),
                             s.lane.size(), s.position.size()}) {
    TERSOR_CHECK(field == size, "recording: at ", s.time, " s a field of the snapshot has ", field,
                 " entries for ", size, " vehicles");
  }
}

template <typename From, typename To>
void Append(const std::vector<From>& from, std::vector<To>* to) {
  for (const From value : from) {
    to->push_back(static_cast<To>(value));
  }
}

}  // namespace

std::string_view Recording::SignalState(size_t frame, int32_t signal) const {
  const size_t at = frame * static_cast<size_t>(signals) + static_cast<size_t>(signal);
  return signal_states[static_cast<size_t>(signal_state[at])];
}

Recorder::Recorder(double interval, int32_t signals) {
  TERSOR_CHECK(interval >= 0, "recording: the interval between frames is ", interval,
               " s; it must not be negative");
  recording_.interval = interval;
  recording_.signals = signals;
  recording_.begin = {0};
}

void Recorder::Add(const Traffic& traffic) {
  std::vector<std::string_view> states;
  for (int32_t signal = 0; signal < recording_.signals; ++signal) {
    states.push_back(traffic.signal_state(signal));
  }
  Add(traffic.snapshot(), traffic.vehicles(), states);
}

void Recorder::Add(const Snapshot& snapshot, std::span<const Vehicle> vehicles,
                   std::span<const std::string_view> signal_states) {
  Recording& r = recording_;
  if (!r.time.empty()) {
    const double since = snapshot.time - r.time.back();
    TERSOR_CHECK(since > 0, "recording: the time ", snapshot.time, " s does not come after ",
                 r.time.back(), " s");
    if (since < r.interval - kTimeRounding) {
      return;
    }
  }
  CheckFields(snapshot);
  TERSOR_CHECK(signal_states.size() == static_cast<size_t>(r.signals),
               "recording: ", signal_states.size(), " signal states for ", r.signals, " signals");
  for (const int32_t vehicle : snapshot.vehicle) {
    TERSOR_CHECK(vehicle >= 0 && static_cast<size_t>(vehicle) < vehicles.size(), "recording: at ",
                 snapshot.time, " s vehicle ", vehicle, " of ", vehicles.size());
  }
  r.vehicles.insert(r.vehicles.end(),
                    vehicles.begin() + static_cast<std::ptrdiff_t>(r.vehicles.size()),
                    vehicles.end());
  r.time.push_back(snapshot.time);
  Append(snapshot.vehicle, &r.vehicle);
  Append(snapshot.lane, &r.lane);
  Append(snapshot.x, &r.x);
  Append(snapshot.y, &r.y);
  Append(snapshot.angle, &r.angle);
  Append(snapshot.speed, &r.speed);
  Append(snapshot.accel, &r.accel);
  Append(snapshot.position, &r.position);
  r.begin.push_back(r.vehicle.size());
  for (const std::string_view state : signal_states) {
    const auto [found, fresh] =
        state_of_.try_emplace(std::string(state), static_cast<int32_t>(r.signal_states.size()));
    if (fresh) {
      r.signal_states.emplace_back(state);
    }
    r.signal_state.push_back(found->second);
  }
}

}  // namespace tersor::twin
