#include "tersor/prune/keep_sparsity.h"

#include <ATen/ATen.h>

#include "tersor/io/model_config.h"

namespace tersor::prune {

KeepSparsity::KeepSparsity(const nn::ParameterList& parameters) {
  int64_t zeros = 0, weights = 0;
  for (const nn::Parameter& parameter : parameters) {
    if (io::IsBlockMatrix(parameter.name)) {
      const at::Tensor& mask =
          masks_.emplace_back(parameter.value, parameter.value.detach() == 0).second;
      zeros += mask.sum().item<int64_t>();
      weights += mask.numel();
    }
  }
  sparsity_ = weights == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(weights);
}

void KeepSparsity::AfterStep(const train::StepInfo&) {
  const at::NoGradGuard no_grad;
  for (auto& [weight, mask] : masks_) {
    weight.masked_fill_(mask, 0);
  }
}

}  // namespace tersor::prune
