// The delayed threshold that keeps the share of blocks that fall back within a band.
// Zhang et al. 2025, arXiv:2503.08040: an exact top share would need all blocks before the first
// is decided, so a step uses the threshold that the rates of earlier steps led to.
#ifndef TERSOR_PRECISION_THRESHOLD_H_
#define TERSOR_PRECISION_THRESHOLD_H_

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "tersor/precision/int8_config.h"

namespace tersor::precision {

/// The threshold of one activation: blocks with a larger criterion fall back.
class Threshold {
 public:
  explicit Threshold(const Int8Config& config);

  /// False until the first batch or a checkpoint has set it.
  bool ready() const { return fixed() || state_[0] > 0; }
  double value() const { return fixed() ? config_.threshold : state_[0]; }

  /// Sets it by the first criteria: where the rate is the middle of the band, or, with the safe
  /// controller, to the place in the band that best tells the blocks apart.
  void Start(std::span<const float> criteria);

  /// Adds what a micro-batch saw. `criteria`: of all blocks; `fallbacks`: how many fell back.
  void Count(std::span<const float> criteria, int64_t fallbacks);

  /// Counts since the last Update, to be summed over ranks: fallbacks, blocks, starting values and
  /// how many there are, batches whose blocks differ enough for a fallback to be worth its cost.
  static constexpr size_t kCounts = 5;
  std::span<double> counts() { return counts_; }
  /// Share of the counted blocks that fell back; 0 without any.
  double rate() const { return counts_[1] > 0 ? counts_[0] / counts_[1] : 0; }

  /// After an optimizer step: moves the threshold and forgets the counts.
  void Update();

  /// Threshold, step factor, last direction; float32 [3], shared, so that loading writes into it.
  at::Tensor State() const { return tensor_; }

 private:
  bool fixed() const { return config_.controller == "fixed"; }

  Int8Config config_;
  at::Tensor tensor_;
  float* state_;
  std::vector<double> counts_;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_THRESHOLD_H_
