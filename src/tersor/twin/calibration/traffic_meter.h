// Measures simulated drivers as a roadside radar measures real ones.
#ifndef TERSOR_TWIN_CALIBRATION_TRAFFIC_METER_H_
#define TERSOR_TWIN_CALIBRATION_TRAFFIC_METER_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/calibration/field_data.h"
#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

struct MeterOptions {
  std::vector<int32_t> edges;     // whose middle half is the radar's zone
  double begin = 0;               // s: who comes into a zone from then on is measured
  double headway_limit = 6;       // s: who is farther behind does not follow
  std::vector<EdgeCount> counts;  // of which the modelled ones are wanted
};

/// Of each driver who passes a zone: his travel speed through it; the most that he speeds up and
/// slows down there, over a second, where it is 0.3 m/s^2 or more; and the time since the one
/// before him on his lane passed its middle. What the public data of a radar mean by acceleration
/// and headway is not said; these definitions are ours.
class TrafficMeter {
 public:
  /// Throws Error naming an edge of the counts that the network has not.
  TrafficMeter(const Network& network, const MeterOptions& options);

  void Add(const Snapshot& snapshot);

  const DriverSample& sample() const { return sample_; }
  /// Vehicles of each of the counts.
  const std::vector<double>& counted() const { return counted_; }

 private:
  struct Passage {
    int32_t edge = -1;  // whose zone it is in; -1: none
    double entered = 0, left = 0, from = 0, to = 0;
    std::vector<double> speeds;  // step by step
    int32_t last_edge = -1, last_lane = -1;
    double last_position = 0, last_time = 0;
  };
  void End(Passage* passage);
  void PassMiddle(const Passage& passage, int32_t lane, double position, double time);
  void Count(int32_t edge, double time);

  const Network& network_;
  MeterOptions options_;
  std::vector<char> measured_;  // edges
  std::vector<int32_t> count_edges_;
  std::vector<Passage> passages_;  // by vehicle
  std::vector<double> passed_;     // by lane: s at which the last one passed its middle
  double step_ = 0, time_ = 0;
  bool begun_ = false;
  DriverSample sample_;
  std::vector<double> counted_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CALIBRATION_TRAFFIC_METER_H_
