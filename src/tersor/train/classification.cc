#include "tersor/train/classification.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace tersor::train {
namespace {

/// Apart from the streams of the data's draws, which are numbered from 1.
constexpr uint64_t kDropPathStream = 0x64726f70;

}  // namespace

at::Tensor SoftCrossEntropy(const at::Tensor& logits, const at::Tensor& targets) {
  return -(at::log_softmax(logits, -1) * targets).sum();
}

at::Tensor DrawBranchScales(int64_t layers, double rate, uint64_t seed, int64_t first,
                            int64_t count) {
  if (rate <= 0) {
    return {};
  }
  at::Tensor scales = at::empty({2 * layers, count}, at::kFloat);
  float* out = scales.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) {
    const Rng rng(seed, static_cast<uint64_t>(first + i));
    for (int64_t branch = 0; branch < 2 * layers; ++branch) {
      const double depth = static_cast<double>(branch / 2);
      const double dropped = rate * depth / static_cast<double>(std::max<int64_t>(layers - 1, 1));
      const bool keeps = rng.Uniform(static_cast<uint64_t>(branch)) >= dropped;
      out[branch * count + i] = keeps ? static_cast<float>(1 / (1 - dropped)) : 0.0f;
    }
  }
  return scales;
}

ClassificationObjective::ClassificationObjective(model::Vit& model, double drop_path, uint64_t seed)
    : model_(model), drop_path_(drop_path), seed_(Rng(seed, kDropPathStream).Bits64(0)) {}

Objective::Result ClassificationObjective::Loss(const Batch& batch, const Rng&) {
  const int64_t count = batch.inputs.size(0);
  const model::Vit::Output out =
      model_.Forward(batch.inputs, DrawBranchScales(model_.config().num_hidden_layers, drop_path_,
                                                    seed_, batch.first_sample, count));
  Result result;
  result.loss = SoftCrossEntropy(out.logits, batch.targets);
  result.nll_sum = result.loss.item<double>();
  result.weight = static_cast<double>(count);
  if (out.loss.defined()) {
    result.loss = result.loss + out.loss * result.weight;
  }
  return result;
}

}  // namespace tersor::train
