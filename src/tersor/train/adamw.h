// AdamW: Adam with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101, Alg. 2.
#ifndef TERSOR_TRAIN_ADAMW_H_
#define TERSOR_TRAIN_ADAMW_H_

#include <cstdint>

#include "tersor/kernel/adamw.h"
#include "tersor/train/optimizer.h"

namespace tersor::train {

/// Scalars of the update after `step` earlier ones.
kernel::AdamWStep AdamWStepOf(const AdamWConfig& config, int64_t step, double learning_rate,
                              double grad_scale, bool decay);

class AdamW : public Optimizer {
 public:
  /// Allocates both moments, all zero.
  AdamW(const nn::ParameterList& parameters, const AdamWConfig& config);

  void Step(int64_t step, double learning_rate, double grad_scale) override;

  /// exp_avg.<name>, exp_avg_sq.<name> for each parameter in turn.
  nn::NamedTensors State() const override { return state_; }

 private:
  AdamWConfig config_;
  nn::NamedTensors state_;
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_ADAMW_H_
