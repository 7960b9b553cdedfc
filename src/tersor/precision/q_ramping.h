// Q-Ramping: weights that oscillate are updated less often, with longer steps.
// Chen et al. 2025, arXiv:2502.20853, section 6.
#ifndef TERSOR_PRECISION_Q_RAMPING_H_
#define TERSOR_PRECISION_Q_RAMPING_H_

#include "tersor/precision/mxfp4_training.h"
#include "tersor/precision/ramping_adamw.h"

namespace tersor::precision {

/// At the start of every period of training, tries some steps with all periods 1 on batches of
/// their own, measures R_w of every quantized weight, takes the steps back, and gives each weight
/// the period min(k2 floor(R_w / k1) + 1, steps of a period). Comes before `training` among the
/// hooks, whose random draws it shares.
class QRamping : public train::Hook {
 public:
  /// `training` must outlive it.
  explicit QRamping(Mxfp4Training& training) : training_(training) {}

  /// For the training loop, whose optimizer this hook steers.
  train::OptimizerFactory MakeOptimizer();

  /// Steps and samples of a step; a period of 0 in the configuration means `steps_per_epoch`.
  void SetEpoch(int64_t steps_per_epoch, int64_t batch_size);

  void BeforeStep(const train::StepInfo& info) override;
  void Report(Json& metrics) const override;

 private:
  void Detect(const train::StepInfo& info);

  Mxfp4Training& training_;
  RampingAdamW* optimizer_ = nullptr;
  int64_t period_ = 0, batch_size_ = 1;
  double ramped_share_ = 0;  // of the quantized weights
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_Q_RAMPING_H_
