#include "tersor/twin/trip_counts.h"

#include <cmath>

namespace tersor::twin {

void TripCounts::Add(const Snapshot& snapshot) {
  const double step = begun_ ? snapshot.time - time_ : 0;
  begun_ = true;
  time_ = snapshot.time;
  running_ = snapshot.size();
  updates_ += snapshot.size();
  for (size_t i = 0; i < snapshot.vehicle.size(); ++i) {
    const auto vehicle = static_cast<size_t>(snapshot.vehicle[i]);
    if (vehicle >= first_.size()) {
      first_.resize(vehicle + 1, NAN);
      last_.resize(vehicle + 1, NAN);
    }
    if (std::isnan(first_[vehicle])) {
      first_[vehicle] = snapshot.time;
    }
    last_[vehicle] = snapshot.time;
    seconds_ += step;
    metres_ += step * snapshot.speed[i];
  }
}

double TripCounts::MeanTravelTime() const {
  double sum = 0, count = 0;
  for (size_t i = 0; i < first_.size(); ++i) {
    if (last_[i] < time_) {
      sum += last_[i] - first_[i];
      count += 1;
    }
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace tersor::twin
