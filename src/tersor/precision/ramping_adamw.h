// AdamW with a period for each weight: Q-Ramping's optimizer.
// Chen et al. 2025, arXiv:2502.20853, section 6.
#ifndef TERSOR_PRECISION_RAMPING_ADAMW_H_
#define TERSOR_PRECISION_RAMPING_ADAMW_H_

#include "tersor/train/optimizer.h"

namespace tersor::precision {

/// A weight of period N is updated every N steps, with the mean of the gradients since its last
/// update and N times the learning rate: fewer, longer steps. Weight decay acts in every step, and
/// the bias correction counts all steps. With all periods 1 it is train::AdamW, bit for bit.
class RampingAdamW : public train::Optimizer {
 public:
  /// Allocates moments, sums and periods; the latter start at 1.
  RampingAdamW(const nn::ParameterList& parameters, const train::AdamWConfig& config);

  void Step(int64_t step, double learning_rate, double grad_scale) override;
  nn::NamedTensors State() const override { return state_; }

  /// Periods of the parameter of this name, float32 whole numbers in its shape; shared.
  at::Tensor Periods(const std::string& name) const;
  /// All periods 1, nothing summed up.
  void Restart();

 private:
  static constexpr size_t kTensors = 5;  // moments, sum and number of gradients, period

  train::AdamWConfig config_;
  nn::NamedTensors state_;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_RAMPING_ADAMW_H_
