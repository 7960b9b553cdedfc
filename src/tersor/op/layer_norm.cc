#include "tersor/op/layer_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/op/fast_path.h"

namespace tersor::op {
namespace {

/// Keeps codes of x beside the mean and the scale of each row.
class LayerNormFunction : public torch::autograd::Function<LayerNormFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const c10::optional<at::Tensor>& weight,
                            const c10::optional<at::Tensor>& bias, double eps,
                            const ContextFormat& format) {
    auto [y, mean, scale] = at::native_layer_norm(x, {x.size(-1)}, weight, bias, eps);
    torch::autograd::variable_list saved = SaveContext(x, format);
    saved.insert(saved.end(),
                 {mean, scale, weight.value_or(at::Tensor()), bias.value_or(at::Tensor())});
    context->save_for_backward(saved);
    KeepFormat(context, format);
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const ContextFormat format = KeptFormat(context);
    const at::Tensor x = RestoreContext(std::span(saved).first(kSavedContext), format);
    const auto rest = std::span(saved).subspan(kSavedContext);
    const at::Tensor &weight = rest[2], &bias = rest[3];
    auto [grad_x, grad_weight, grad_bias] =
        at::native_layer_norm_backward(grads[0].contiguous(), x, {x.size(-1)}, rest[0], rest[1],
                                       weight, bias, {true, weight.defined(), bias.defined()});
    return {grad_x, grad_weight, grad_bias, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double eps, const ContextFormat& context) {
  if (context.bits == 32 || !TakesFastPath({x})) {
    return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
  }
  const auto optional = [](const at::Tensor& tensor) {
    return tensor.defined() ? c10::optional<at::Tensor>(tensor) : c10::nullopt;
  };
  return LayerNormFunction::apply(x, optional(weight), optional(bias), eps, context);
}

}  // namespace tersor::op
