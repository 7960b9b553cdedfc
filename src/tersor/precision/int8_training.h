// INT8 training of a model: the precision of its linear layers, and the hook that moves their
// thresholds and numbers their random draws. Zhang et al. 2025, arXiv:2503.08040.
#ifndef TERSOR_PRECISION_INT8_TRAINING_H_
#define TERSOR_PRECISION_INT8_TRAINING_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tersor/kernel/int8_kernel.h"
#include "tersor/kernel/workspace.h"
#include "tersor/model/language_model.h"
#include "tersor/nn/linear.h"
#include "tersor/precision/int8_config.h"
#include "tersor/precision/threshold.h"
#include "tersor/train/hook.h"

namespace tersor::precision {

/// What the linear layers of one model share. Outside of a step (evaluation) thresholds stand still
/// and nothing is counted.
struct Int8State {
  Int8Config config;
  const kernel::Int8Kernel* kernel = nullptr;
  kernel::Workspace workspace;
  uint64_t seed = 0;
  int64_t step = 0;    // optimizer steps done
  uint64_t draws = 0;  // tensors rounded stochastically in this step
  bool training = false;

  /// Key of the next tensor's random numbers.
  uint64_t NextKey();
};

/// The activation that one group of linear layers reads.
struct Int8Site {
  nn::LinearSite place;
  std::string name;                      // such as "layers.3.mlp.down_proj"
  std::unique_ptr<Threshold> threshold;  // null: nothing falls back
};

class Int8Training : public train::Hook {
 public:
  /// `seed`: must differ between ranks, which draw for different samples.
  Int8Training(const Int8Config& config, uint64_t seed);

  /// For model::Plugs; this object must outlive the model. HeadLoss: the output head in INT8.
  nn::PrecisionFactory Precision();
  model::HeadLossFunction HeadLoss();

  void BeforeStep(const train::StepInfo& info) override;
  std::span<double> Counts() override;
  void AfterStep(const train::StepInfo& info) override;
  nn::NamedTensors State() override;
  void Report(Json& metrics) const override;

 private:
  Int8Site& AddSite(const nn::LinearSite& place, const std::string& name);

  Int8State state_;
  std::vector<std::unique_ptr<Int8Site>> sites_;
  std::vector<double> counts_;
  Json rates_;  // of the last step: by kind of site, then layer
  double mean_rate_ = 0;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_INT8_TRAINING_H_
