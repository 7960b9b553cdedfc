// Image classification as a training objective.
#ifndef TERSOR_TRAIN_CLASSIFICATION_H_
#define TERSOR_TRAIN_CLASSIFICATION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "tersor/model/vit.h"
#include "tersor/train/objective.h"

namespace tersor::train {

/// SUM over images of -Σ_c targets[c] log softmax(logits)[c]; both float [batch, classes].
at::Tensor SoftCrossEntropy(const at::Tensor& logits, const at::Tensor& targets);

/// Factors of the residual branches [2 · layers, count] for samples first .. first + count - 1:
/// branch b of layer l is left out (0) with probability `rate` · l / (layers - 1), else scaled by
/// 1 / (1 - that probability) (stochastic depth; Huang et al. 2016, arXiv:1603.09382). A function
/// of the seed and the sample only. Undefined where `rate` is 0.
at::Tensor DrawBranchScales(int64_t layers, double rate, uint64_t seed, int64_t first,
                            int64_t count);

/// Cross-entropy with soft targets, with stochastic depth in training.
class ClassificationObjective : public Objective {
 public:
  /// `drop_path`: probability that the last block's branches are left out, in [0, 1). `model` must
  /// outlive the objective.
  ClassificationObjective(model::Vit& model, double drop_path, uint64_t seed);
  Result Loss(const Batch& batch, const Rng& rng) override;

 private:
  model::Vit& model_;
  double drop_path_;
  uint64_t seed_;
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_CLASSIFICATION_H_
