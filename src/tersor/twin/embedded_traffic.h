// Our own traffic engine: moves a demand over a network in fixed steps, by SUMO's order of update
// (signals, plans by the state of the step's begin, right of way, moves, lane changes, insertion).
// Same network, demand, options and seed: same bytes, for any number of threads.
#ifndef TERSOR_TWIN_EMBEDDED_TRAFFIC_H_
#define TERSOR_TWIN_EMBEDDED_TRAFFIC_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tersor/twin/demand.h"
#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

struct EmbeddedOptions {
  double step_length = 0.1;  // s
  double begin = 0;          // s
  uint64_t seed = 1;
  /// 1: the caller's thread alone. Otherwise the loops over lanes use up to NumThreads()
  /// (util/parallel_for.h).
  int threads = 1;
  /// On the road from which threads are worth their start; below, one does it all.
  int64_t parallel_vehicles = 1000;
  double time_to_teleport = 300;    // s of waiting at a lane's end; -1: never
  double time_to_impatience = 180;  // s of waiting until a driver expects that all brake for him
  bool lane_changes = true;         // beyond those that the route needs
  /// How the free speed that a pilot is told (coupling/pilot.h) foresees stops and slower lanes: by
  /// braking with at most this, as drivers do when a signal turns yellow (10 ft/s^2, ITE), and
  /// earlier by the response time of driver and car.
  double pilot_decel = 3.05, pilot_response = 0.7;  // m/s^2, s
};

/// What SUMO's --duration-log.statistics tells. Means are over those who arrived.
struct TrafficStatistics {
  int64_t inserted = 0, running = 0, waiting = 0, arrived = 0;
  int64_t teleported = 0;  // times that somebody was
  int64_t removed = 0;     // by a pilot
  int64_t updates = 0;     // of vehicles, one a step
  double mean_speed = 0;   // m/s of those on the road now
  double mean_duration = 0, mean_waiting = 0, mean_time_loss = 0, mean_depart_delay = 0;  // s
  double mean_route_length = 0;                                                           // m
};

class EmbeddedTraffic : public Traffic {
 public:
  /// Keeps references to `network` and `demand`. Throws Error for options, types, departures and
  /// networks that cannot be simulated, naming the field or element.
  EmbeddedTraffic(const Network& network, const Demand& demand, const EmbeddedOptions& options);
  ~EmbeddedTraffic() override;

  using Traffic::Step;
  void Step(Pilot* pilot) override;
  bool finished() const override;
  double step_length() const override;
  /// Its time is that of SUMO's FCD: the first step's is `begin`. Worked out when first asked for
  /// after a step, so not from several threads at once.
  const Snapshot& snapshot() const override;
  std::span<const Vehicle> vehicles() const override;
  std::string_view signal_state(int32_t signal) const override;

  TrafficStatistics statistics() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_EMBEDDED_TRAFFIC_H_
