// What drivers see of the vehicle ahead: nothing beyond the range of sight, everything late and not
// exactly. The scheme is that of the human driver model (Treiber, Kesting, Helbing, "Delays,
// inaccuracies and anticipation in microscopic traffic models", Physica A 360, 2006): reaction
// time, errors that change slowly, and a driver who works out from what he saw what is now.
#ifndef TERSOR_TWIN_COUPLING_PERCEPTION_H_
#define TERSOR_TWIN_COUPLING_PERCEPTION_H_

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "tersor/util/rng.h"

namespace tersor::twin {

struct PerceptionOptions {
  // Errors are Ornstein-Uhlenbeck processes; values of the paper.
  double gap_error = 0.05;      // standard deviation, relative
  double closing_error = 0.01;  // 1/s, of the inverse time to collision
  double error_time = 20;       // s of correlation
  // Lognormal over drivers: for brake lights ahead in traffic a mean of 1.25 s (Green, "How long
  // does it take to stop?", 2000) and a deviation of 0.46 s (Ergonomics 36, 1993, 391-395). Cut at
  // 0.5 and 3 s, which is chosen.
  double reaction_mean = 1.25, reaction_deviation = 0.46;  // s
  // Of this, for one who has followed the same leader closely for a while and so expects brake
  // lights: 0.70 to 0.75 s instead of 1.25 s (Green).
  double alert_share = 0.6;
  bool errors = true, anticipation = true;

  /// Throws UsageError naming the field.
  void Validate() const;
};

/// What is ahead of a driver, in truth.
struct Ahead {
  int32_t leader = -1;  // any number that stays the vehicle's; -1: nobody
  double gap = std::numeric_limits<double>::infinity();  // m, bumper to bumper
  double speed = 0;                                      // m/s of the leader
};

/// What a driver takes for the state of things now.
struct Perceived {
  bool leader = false;  // there is one
  double gap = std::numeric_limits<double>::infinity();
  double speed = 0;
};

/// All drivers, an array a field. Each may be updated in a thread of its own.
class Perception {
 public:
  /// `step` in s.
  Perception(const PerceptionOptions& options, double step, uint64_t seed);

  /// A driver, named by his vehicle: all that he draws depends on seed and name alone.
  int32_t Add(std::string_view vehicle);
  void Remove(int32_t driver);

  /// s, without what the weather adds.
  double reaction_time(int32_t driver) const { return reaction_[Index(driver)]; }

  /// Takes in the truth of a step, once a step, and tells what the driver makes of it. `time` s;
  /// `own_speed` m/s, which he feels without delay; `range` m to which leaders are seen, and
  /// `brake_range` those with their stop lamps on; `more_reaction` s besides his own. A leader who
  /// comes into the range of sight is noticed after the reaction time; one who changes into the
  /// lane within it has been seen before and is known at once.
  Perceived See(int32_t driver, double time, double own_speed, const Ahead& ahead, double range,
                double more_reaction, double brake_range = 0);

 private:
  struct View {
    double gap = 0, speed = 0;  // of the leader
    double travelled = 0;       // m by the driver
  };
  static size_t Index(int32_t driver) { return static_cast<size_t>(driver); }
  View& At(int32_t driver, int64_t step) {
    return views_[Index(driver) * capacity_ + static_cast<size_t>(step) % capacity_];
  }
  void Drift(size_t driver, double time);
  bool Alert(size_t driver, double own_speed, double gap) const;
  bool StopLamps(int32_t driver, const Ahead& ahead);
  double LeaderBraking(int32_t driver, int64_t step, int64_t first);

  PerceptionOptions options_;
  double step_;
  uint64_t seed_;
  double keep_, renew_;  // of an error, from step to step
  size_t capacity_;      // views kept of each driver

  std::vector<uint64_t> stream_;
  std::vector<double> reaction_;
  std::vector<double> gap_error_, closing_error_;  // in standard deviations
  std::vector<int64_t> now_;                       // steps seen
  std::vector<int32_t> leader_;
  std::vector<int64_t> since_;    // the step in which the leader became it
  std::vector<int64_t> visible_;  // from this step on; -1: not now
  std::vector<double> last_speed_;
  std::vector<View> views_;
  std::vector<int32_t> free_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_PERCEPTION_H_
