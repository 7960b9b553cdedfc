#include "tersor/nn/norm.h"

#include "tersor/op/layer_norm.h"
#include "tersor/op/rms_norm.h"

namespace tersor::nn {

RmsNorm::RmsNorm(const std::string& name, int64_t dim, double eps, const op::ContextFormat& context)
    : weight_(MakeParameter(name + ".weight", {dim}, /*decay=*/false, 1)),
      eps_(eps),
      context_(context) {}

at::Tensor RmsNorm::Forward(const at::Tensor& x) const {
  return op::RmsNorm(x, weight_.value, eps_, context_);
}

LayerNorm::LayerNorm(const std::string& name, int64_t dim, double eps, bool affine, bool bias,
                     const op::ContextFormat& context)
    : eps_(eps), context_(context) {
  if (affine) {
    parameters_.push_back(MakeParameter(name + ".weight", {dim}, /*decay=*/false, 1));
    weight_ = parameters_.back().value;
  }
  if (affine && bias) {
    parameters_.push_back(MakeParameter(name + ".bias", {dim}, /*decay=*/false, 0));
    bias_ = parameters_.back().value;
  }
}

at::Tensor LayerNorm::Forward(const at::Tensor& x) const {
  return op::LayerNorm(x, weight_, bias_, eps_, context_);
}

}  // namespace tersor::nn
