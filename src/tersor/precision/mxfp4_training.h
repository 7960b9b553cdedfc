// MXFP4 training of a model: the precision of its linear layers, and the hook that numbers their
// random draws, moves Q-EMA's averages and measures how weights oscillate.
// Chen et al. 2025, arXiv:2502.20853.
#ifndef TERSOR_PRECISION_MXFP4_TRAINING_H_
#define TERSOR_PRECISION_MXFP4_TRAINING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tersor/kernel/workspace.h"
#include "tersor/nn/linear.h"
#include "tersor/precision/mxfp4_config.h"
#include "tersor/precision/oscillation.h"
#include "tersor/train/hook.h"

namespace tersor::precision {

/// A weight that is quantized, [out, in].
struct Mxfp4Weight {
  nn::Parameter parameter;  // shares the tensor
  at::Tensor average;       // Q-EMA's; undefined without
};

/// What the linear layers of one model share.
struct Mxfp4State {
  Mxfp4Config config;
  kernel::Workspace workspace;
  uint64_t seed = 0;
  int64_t step = 0;        // optimizer steps done
  uint64_t draws = 0;      // tensors rounded stochastically in this step
  at::Tensor ema_updates;  // float32 [1]; undefined without Q-EMA

  /// Key of the next tensor's random numbers.
  uint64_t NextKey();
  /// Q-EMA's averages count from their tenth update on; before, they say too little.
  bool ema_counts() const;
};

class Mxfp4Training : public train::Hook {
 public:
  /// `seed`: must differ between ranks, which draw for different samples.
  Mxfp4Training(const Mxfp4Config& config, uint64_t seed);
  ~Mxfp4Training() override;

  /// For model::Plugs; this object must outlive the model.
  nn::PrecisionFactory Precision();

  /// The weights of the model that was made with Precision().
  std::vector<Mxfp4Weight>& weights() { return weights_; }
  /// Q2(W): the values of a weight that the forward pass multiplies with.
  at::Tensor QuantizedValues(const Mxfp4Weight& weight);
  const Mxfp4Config& config() const { return state_.config; }

  /// Output of the model on an input that stays the same, for r(Y); may be empty.
  void SetProbe(std::function<at::Tensor()> probe) { probe_ = std::move(probe); }

  void BeforeStep(const train::StepInfo& info) override;
  void AfterStep(const train::StepInfo& info) override;
  nn::NamedTensors State() override;
  void Export(nn::ParameterList& parameters) override;
  void Report(Json& metrics) const override;

 private:
  class BoundPrecision;

  void Measure();

  Mxfp4State state_;
  std::vector<Mxfp4Weight> weights_;
  std::function<at::Tensor()> probe_;
  std::unique_ptr<OscillationMeter> meter_;  // null: nothing is measured
  bool begun_ = false;                       // its first window
  Json measured_;                            // of the window that ended with this step
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_MXFP4_TRAINING_H_
