#include "tersor/twin/matrix/passages.h"

#include <algorithm>
#include <limits>

namespace tersor::twin {

PassageCounter::PassageCounter(const Network& network)
    : network_(network),
      last_time_(network.lanes.size(), -std::numeric_limits<double>::infinity()) {}

void PassageCounter::Add(const Snapshot& snapshot) {
  std::vector<Seen> now(seen_.size());
  for (size_t i = 0; i < snapshot.vehicle.size(); ++i) {
    const auto vehicle = static_cast<size_t>(snapshot.vehicle[i]);
    if (vehicle >= now.size()) {
      now.resize(vehicle + 1);
    }
    now[vehicle] = {snapshot.lane[i], snapshot.position[i], snapshot.speed[i]};
    if (vehicle >= seen_.size() || seen_[vehicle].lane != snapshot.lane[i] ||
        snapshot.lane[i] < 0) {
      continue;
    }
    const Seen& before = seen_[vehicle];
    const Lane& lane = network_.lanes[static_cast<size_t>(snapshot.lane[i])];
    const double middle = lane.length / 2;
    if (lane.length < kLongLane || network_.edges[static_cast<size_t>(lane.edge)].internal ||
        before.position >= middle || snapshot.position[i] < middle) {
      continue;
    }
    const double share = (middle - before.position) / (snapshot.position[i] - before.position);
    const double time = time_ + share * (snapshot.time - time_);
    double& last = last_time_[static_cast<size_t>(snapshot.lane[i])];
    speeds_.push_back(before.speed + share * (snapshot.speed[i] - before.speed));
    if (time - last <= kLongestHeadway) {
      // Two of one step may be seen in either order.
      headways_.push_back(std::max(time - last, 0.0));
    }
    last = std::max(last, time);
  }
  seen_ = std::move(now);
  time_ = snapshot.time;
}

}  // namespace tersor::twin
