#include "tersor/op/swiglu.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/kernel/swiglu.h"
#include "tersor/op/fast_path.h"

namespace tersor::op {
namespace {

/// Keeps the inputs only, as the context format says; the sigmoid is computed again.
class SwiGluFunction : public torch::autograd::Function<SwiGluFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& gate,
                            const at::Tensor& up, const ContextFormat& format) {
    at::Tensor out = at::empty_like(gate);
    kernel::SwiGlu(gate.numel(), gate.data_ptr<float>(), up.data_ptr<float>(),
                   out.data_ptr<float>());
    torch::autograd::variable_list saved = SaveContext(gate, format);
    const std::vector<at::Tensor> saved_up = SaveContext(up, format);
    saved.insert(saved.end(), saved_up.begin(), saved_up.end());
    context->save_for_backward(saved);
    KeepFormat(context, format);
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const ContextFormat format = KeptFormat(context);
    const at::Tensor gate = RestoreContext(std::span(saved).first(kSavedContext), format);
    const at::Tensor up = RestoreContext(std::span(saved).subspan(kSavedContext), format);
    const at::Tensor grad = grads[0].contiguous();
    at::Tensor grad_gate = at::empty_like(gate), grad_up = at::empty_like(up);
    kernel::SwiGluBackward(gate.numel(), gate.data_ptr<float>(), up.data_ptr<float>(),
                           grad.data_ptr<float>(), grad_gate.data_ptr<float>(),
                           grad_up.data_ptr<float>());
    return {grad_gate, grad_up, at::Tensor()};
  }
};

}  // namespace

at::Tensor SwiGlu(const at::Tensor& gate, const at::Tensor& up, const ContextFormat& context) {
  if (gate.sizes() == up.sizes() && TakesFastPath({gate, up})) {
    return SwiGluFunction::apply(gate, up, context);
  }
  return at::silu(gate) * up;
}

}  // namespace tersor::op
