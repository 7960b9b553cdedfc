#include "tersor/op/rms_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/kernel/rms_norm.h"
#include "tersor/op/fast_path.h"

namespace tersor::op {
namespace {

/// Keeps x, as the context format says, and one scale a row.
class RmsNormFunction : public torch::autograd::Function<RmsNormFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, double eps, const ContextFormat& format) {
    at::Tensor out = at::empty_like(x), scale = at::empty({x.size(0)}, x.options());
    kernel::RmsNorm(x.size(0), x.size(1), x.data_ptr<float>(), weight.data_ptr<float>(),
                    static_cast<float>(eps), out.data_ptr<float>(), scale.data_ptr<float>());
    torch::autograd::variable_list saved = SaveContext(x, format);
    saved.insert(saved.end(), {weight, scale});
    context->save_for_backward(saved);
    KeepFormat(context, format);
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const ContextFormat format = KeptFormat(context);
    const at::Tensor x = RestoreContext(std::span(saved).first(kSavedContext), format);
    const at::Tensor &weight = saved[kSavedContext], &scale = saved[kSavedContext + 1];
    const at::Tensor grad = grads[0].contiguous();
    at::Tensor grad_x = at::empty_like(x), grad_weight = at::zeros_like(weight);
    kernel::RmsNormBackward(x.size(0), x.size(1), x.data_ptr<float>(), weight.data_ptr<float>(),
                            scale.data_ptr<float>(), grad.data_ptr<float>(),
                            grad_x.data_ptr<float>(), grad_weight.data_ptr<float>());
    return {grad_x, grad_weight, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor RmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps,
                   const ContextFormat& context) {
  if (x.dim() == 2 && TakesFastPath({x, weight})) {
    return RmsNormFunction::apply(x, weight, eps, context);
  }
  return x * (x.square().mean(-1, true) + eps).rsqrt() * weight;
}

}  // namespace tersor::op
