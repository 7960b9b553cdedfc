// What a run did, counted from its snapshots alone, so that it is the same for every traffic.
#ifndef TERSOR_TWIN_TRIP_COUNTS_H_
#define TERSOR_TWIN_TRIP_COUNTS_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/traffic.h"

namespace tersor::twin {

class TripCounts {
 public:
  /// Takes in the next snapshot.
  void Add(const Snapshot& snapshot);

  int64_t departed() const { return static_cast<int64_t>(first_.size()); }
  int64_t running() const { return running_; }
  int64_t arrived() const { return departed() - running_; }
  int64_t updates() const { return updates_; }  // vehicles, summed over steps
  double vehicle_hours() const { return seconds_ / 3600; }
  double vehicle_km() const { return metres_ / 1000; }
  /// Mean over those that are gone again, in s; 0 without any.
  double MeanTravelTime() const;
  /// Of all vehicles and steps, in m/s.
  double MeanSpeed() const { return seconds_ > 0 ? metres_ / seconds_ : 0; }

 private:
  std::vector<double> first_, last_;  // s at which each vehicle was seen
  double time_ = 0, seconds_ = 0, metres_ = 0;
  bool begun_ = false;
  int64_t running_ = 0, updates_ = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_TRIP_COUNTS_H_
