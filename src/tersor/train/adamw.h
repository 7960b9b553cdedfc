// AdamW: Adam with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101, Alg. 2.
#ifndef TERSOR_TRAIN_ADAMW_H_
#define TERSOR_TRAIN_ADAMW_H_

#include <cstdint>
#include <vector>

#include "tersor/nn/parameter.h"

namespace tersor::train {

struct AdamWConfig {
  double beta1 = 0.9, beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.1;  // only where Parameter::decay says so
};

class AdamW {
 public:
  /// Allocates gradients and both moments, all zero.
  AdamW(const nn::ParameterList& parameters, const AdamWConfig& config);

  /// One update with gradients multiplied by `grad_scale` first; leaves the gradients at zero.
  /// `step`: updates done before this one, for the bias correction.
  void Step(int64_t step, double learning_rate, double grad_scale);

  /// sqrt of the sum of the squared gradients; the same for any number of threads.
  double GradientNorm() const;

  /// The first and second moments.
  nn::NamedTensors State() const { return state_; }

 private:
  nn::ParameterList parameters_;
  AdamWConfig config_;
  nn::NamedTensors state_;  // exp_avg.<name>, exp_avg_sq.<name> for each parameter in turn
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_ADAMW_H_
