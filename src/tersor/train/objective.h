// Objective: the loss that training minimises, as a function of a batch.
#ifndef TERSOR_TRAIN_OBJECTIVE_H_
#define TERSOR_TRAIN_OBJECTIVE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "tersor/model/language_model.h"
#include "tersor/util/rng.h"

namespace tersor::train {

/// Samples of one micro-batch; what the tensors hold is between the source and the objective.
struct Batch {
  at::Tensor inputs;   // language: int64 [batch, tokens]; images: float [batch, channels, h, w]
  at::Tensor targets;  // language: int64 [batch, tokens], -1: no loss;
                       // images: float [batch, classes]
  int64_t first_sample = 0;  // index of the first one, for objectives that draw by sample
};

/// Where batches come from: a pure function of the sample's index, so that resuming needs the step
/// number only and ranks read disjoint slices.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual Batch Get(int64_t first_sample, int64_t count) const = 0;
  virtual int64_t samples_per_epoch() const = 0;
};

/// A loss over its own model; it may call the model twice, or own a frozen or averaged copy.
class Objective {
 public:
  struct Result {
    at::Tensor loss;     // scalar: SUM over the batch's targets, to be back-propagated
    double nll_sum = 0;  // the reported part of it (without routers' losses)
    double weight = 0;   // number of targets; gradients are divided by its sum over micro-batches
  };
  virtual ~Objective() = default;

  /// `rng`: fresh stream for this step and rank's slice, for objectives that draw noise.
  virtual Result Loss(const Batch& batch, const Rng& rng) = 0;
};

/// Negative log-likelihood of the next token.
class LikelihoodObjective : public Objective {
 public:
  /// `model` must outlive the objective.
  explicit LikelihoodObjective(model::LanguageModel& model) : model_(model) {}
  Result Loss(const Batch& batch, const Rng& rng) override;

 private:
  model::LanguageModel& model_;
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_OBJECTIVE_H_
