// What a training run will cost, before it starts.
#ifndef TERSOR_TRAIN_ESTIMATE_H_
#define TERSOR_TRAIN_ESTIMATE_H_

#include <cstdint>

#include "tersor/io/model_config.h"

namespace tersor::train {

/// Floating-point operations of one training step a token, nothing recomputed counted:
/// 6 · (parameters without the input embedding) for the matrices, forward and backward, and
/// 6 · layers · window · attention width for causal attention, of which half the scores are used.
double TrainingFlopsPerToken(const io::ModelConfig& config, int64_t window);

/// Elements of all parameters, and of those that take part in products (a tied head does).
int64_t CountParameters(const io::ModelConfig& config);
int64_t CountComputeParameters(const io::ModelConfig& config);

struct MemoryEstimate {
  double weights_and_state = 0;  // bytes: weights, gradients and AdamW's two moments in float32
  double activations = 0;        // bytes kept for the backward pass of one micro-batch
};
MemoryEstimate EstimateMemory(const io::ModelConfig& config, int64_t tokens, bool recompute);

/// Measured rate of square float32 matrix products of this size, in FLOP/s: the best of some runs
/// with all threads. Takes about a tenth of a second at 1024.
double MeasureSgemm(int64_t size);

/// Share of that rate that a step as a whole is assumed to reach when time is estimated.
inline constexpr double kAssumedUtilization = 0.6;

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_ESTIMATE_H_
