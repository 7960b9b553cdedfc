// Vehicles as a detector in the middle of each long lane sees them: at what speed they pass, and
// how long after the one before.
#ifndef TERSOR_TWIN_MATRIX_PASSAGES_H_
#define TERSOR_TWIN_MATRIX_PASSAGES_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// A lane's middle is measured where the lane is at least this long: signals are far away then.
inline constexpr double kLongLane = 200;  // m
/// Who comes later does not follow.
inline constexpr double kLongestHeadway = 10;  // s

class PassageCounter {
 public:
  /// `network` must outlive this.
  explicit PassageCounter(const Network& network);

  /// Takes in the next snapshot.
  void Add(const Snapshot& snapshot);

  const std::vector<double>& speeds() const { return speeds_; }      // m/s, of everybody who passed
  const std::vector<double>& headways() const { return headways_; }  // s, up to kLongestHeadway

 private:
  struct Seen {
    int32_t lane = -1;
    double position = 0, speed = 0;
  };

  const Network& network_;
  std::vector<Seen> seen_;         // of each vehicle, in the last snapshot
  std::vector<double> last_time_;  // of each lane, when somebody passed
  double time_ = 0;
  std::vector<double> speeds_, headways_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_PASSAGES_H_
