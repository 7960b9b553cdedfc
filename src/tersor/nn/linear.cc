#include "tersor/nn/linear.h"

#include "tersor/op/linear.h"

namespace tersor::nn {

std::vector<at::Tensor> Fp32Precision::Apply(const at::Tensor& x, at::TensorList weights,
                                             at::TensorList biases) {
  return op::Linear(x, weights, biases);
}

PrecisionFactory Fp32() {
  return [](const LinearSite&) { return std::make_unique<Fp32Precision>(); };
}

LinearGroup::LinearGroup(const LinearSite& site, int64_t in, const std::vector<Output>& outputs,
                         const PrecisionFactory& precision)
    : precision_(precision(site)) {
  for (const Output& output : outputs) {
    weights_.push_back(MakeParameter(output.name + ".weight", {output.size, in}, /*decay=*/true));
    weight_views_.push_back(weights_.back().value);
    at::Tensor bias;
    if (output.bias) {
      biases_.push_back(MakeParameter(output.name + ".bias", {output.size}, /*decay=*/false));
      bias = biases_.back().value;
    }
    bias_views_.push_back(bias);
  }
  precision_->Bind(weights_);
}

std::vector<at::Tensor> LinearGroup::Forward(const at::Tensor& x) const {
  return precision_->Apply(x, weight_views_, bias_views_);
}

ParameterList LinearGroup::Parameters() const {
  ParameterList list = weights_;
  list.insert(list.end(), biases_.begin(), biases_.end());
  return list;
}

}  // namespace tersor::nn
