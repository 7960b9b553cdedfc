#include "tersor/op/activation.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/op/fast_path.h"

namespace tersor::op {
namespace {

class ReluFunction : public torch::autograd::Function<ReluFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x.gt(0)});
    return at::relu(x);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    return {grads[0] * context->get_saved_variables()[0]};
  }
};

class GeluFunction : public torch::autograd::Function<GeluFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const ContextFormat& format) {
    context->save_for_backward(SaveContext(x, format));
    KeepFormat(context, format);
    return at::gelu(x);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const ContextFormat format = KeptFormat(context);
    return {at::gelu_backward(grads[0], RestoreContext(saved, format)), at::Tensor()};
  }
};

}  // namespace

at::Tensor Relu(const at::Tensor& x, const ContextFormat& context) {
  return context.bits == 32 ? at::relu(x) : ReluFunction::apply(x);
}

at::Tensor Gelu(const at::Tensor& x, const ContextFormat& context) {
  if (context.bits == 32 || !TakesFastPath({x})) {
    return at::gelu(x);
  }
  return GeluFunction::apply(x, context);
}

}  // namespace tersor::op
