#include "tersor/train/objective.h"

#include <ATen/ATen.h>

namespace tersor::train {

Objective::Result LikelihoodObjective::Loss(const Batch& batch, const Rng&) {
  const model::LanguageModel::Output out = model_.Forward(batch.inputs);
  const at::Tensor targets = batch.targets.reshape(-1);
  Result result;
  result.loss = model_.HeadLoss(out.hidden, targets);
  result.nll_sum = result.loss.item<double>();
  result.weight = static_cast<double>((targets >= 0).sum().item<int64_t>());
  if (out.loss.defined()) {
    // A router's loss is a mean; it weighs as much as the targets of its batch.
    result.loss = result.loss + out.loss * result.weight;
  }
  return result;
}

}  // namespace tersor::train
