#include "tersor/precision/rounded_linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace tersor::precision {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor RoundToBf16(const at::Tensor& x) { return x.to(at::kBFloat16).to(at::kFloat); }

/// Values of INT8 codes under one scale for each maximum in `most` (which broadcasts over x).
at::Tensor RoundToInt8(const at::Tensor& x, const at::Tensor& most) {
  const at::Tensor step = most.clamp_min(1e-30) / 127;
  return (x / step).round().clamp(-127, 127) * step;
}
at::Tensor RoundRows(const at::Tensor& x) {
  return RoundToInt8(x, std::get<0>(x.abs().max(1, /*keepdim=*/true)));
}
at::Tensor RoundWhole(const at::Tensor& x) { return RoundToInt8(x, x.abs().max()); }

enum class Kind { kBf16, kInt8PerToken };

/// y = x wᵀ. Kept for backward: x in bfloat16, or as it is.
class RoundedLinearFunction : public torch::autograd::Function<RoundedLinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            int64_t kind) {
    const bool bf16 = static_cast<Kind>(kind) == Kind::kBf16;
    context->save_for_backward({bf16 ? x.to(at::kBFloat16) : x, weight});
    context->saved_data["kind"] = kind;
    return bf16 ? at::mm(RoundToBf16(x), RoundToBf16(weight).t())
                : at::mm(RoundRows(x), RoundWhole(weight).t());
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &grad = grads[0];
    if (static_cast<Kind>(context->saved_data["kind"].toInt()) == Kind::kBf16) {
      const at::Tensor rounded = RoundToBf16(grad);
      return {at::mm(rounded, RoundToBf16(weight)), at::mm(rounded.t(), x.to(at::kFloat)),
              at::Tensor()};
    }
    return {at::mm(RoundRows(grad), RoundWhole(weight)), at::mm(grad.t(), x), at::Tensor()};
  }
};

class RoundedPrecision : public nn::LinearPrecision {
 public:
  explicit RoundedPrecision(Kind kind) : kind_(kind) {}

  std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                at::TensorList biases) override {
    std::vector<at::Tensor> outputs;
    for (size_t i = 0; i < weights.size(); ++i) {
      at::Tensor y = RoundedLinearFunction::apply(x, weights[i], static_cast<int64_t>(kind_));
      outputs.push_back(biases[i].defined() ? y + biases[i] : y);
    }
    return outputs;
  }

 private:
  Kind kind_;
};

nn::PrecisionFactory FactoryOf(Kind kind) {
  return [kind](const nn::LinearSite&) { return std::make_unique<RoundedPrecision>(kind); };
}

}  // namespace

nn::PrecisionFactory Bf16Storage() { return FactoryOf(Kind::kBf16); }
nn::PrecisionFactory Int8PerToken() { return FactoryOf(Kind::kInt8PerToken); }

}  // namespace tersor::precision
