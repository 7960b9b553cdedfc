// Fine-tuning of a pruned model: what was zero stays zero.
#ifndef TERSOR_PRUNE_KEEP_SPARSITY_H_
#define TERSOR_PRUNE_KEEP_SPARSITY_H_

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "tersor/train/hook.h"

namespace tersor::prune {

/// Sets the weights of the blocks' matrices that are zero when it is made back to zero after every
/// step.
class KeepSparsity : public train::Hook {
 public:
  explicit KeepSparsity(const nn::ParameterList& parameters);

  void AfterStep(const train::StepInfo& info) override;

  /// Share of the blocks' weights that are held at zero.
  double sparsity() const { return sparsity_; }

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> masks_;  // a matrix, and where it is zero
  double sparsity_ = 0;
};

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_KEEP_SPARSITY_H_
