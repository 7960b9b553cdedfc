// Two older remedies for oscillating weights, to compare with: dampening and freezing.
// Nagel et al. 2022, "Overcoming Oscillations in Quantization-Aware Training", arXiv:2203.11086.
#ifndef TERSOR_PRECISION_WEIGHT_REMEDIES_H_
#define TERSOR_PRECISION_WEIGHT_REMEDIES_H_

#include <vector>

#include "tersor/precision/mxfp4_training.h"

namespace tersor::precision {

/// Dampening: the mean loss plus weight · |W - Q(W)|² over all quantized weights, Q(W) held fixed.
class Dampening : public train::Hook {
 public:
  /// `training` must outlive it.
  explicit Dampening(Mxfp4Training& training) : training_(training) {}
  void AfterBackward(const train::StepInfo& info) override;

 private:
  Mxfp4Training& training_;
};

/// Freezing: a weight whose quantized value turns back (moves against its last move) more often
/// than a threshold is held, for the rest of the training, at the running mean of its quantized
/// values.
class Freezing : public train::Hook {
 public:
  /// `training`, whose weights must be bound, must outlive it.
  explicit Freezing(Mxfp4Training& training);
  void BeforeStep(const train::StepInfo& info) override;
  void AfterStep(const train::StepInfo& info) override;
  nn::NamedTensors State() override { return state_; }
  void Report(Json& metrics) const override;

 private:
  /// Of one weight, float32 in its shape.
  struct Track {
    at::Tensor quantized;  // after the last step
    at::Tensor direction;  // of its last move: -1, 0, 1
    at::Tensor frequency;  // running share of steps in which it turned back
    at::Tensor mean;       // running mean of the quantized values
    at::Tensor frozen;     // 1: held at `held`
    at::Tensor held;
  };

  Mxfp4Training& training_;
  std::vector<Track> tracks_;
  nn::NamedTensors state_;
  double frozen_share_ = 0;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_WEIGHT_REMEDIES_H_
