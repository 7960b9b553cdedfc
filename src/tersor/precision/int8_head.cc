#include "tersor/precision/int8_head.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "tersor/kernel/softmax_loss.h"
#include "tersor/op/cross_entropy.h"
#include "tersor/precision/int8_products.h"

namespace tersor::precision {
namespace {

/// Tokens whose logits exist at once: four blocks of 128.
constexpr int64_t kChunk = 512;

/// As op::LinearCrossEntropy's function: gradients are computed while the logits are there.
class Int8CrossEntropyFunction : public torch::autograd::Function<Int8CrossEntropyFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden,
                            const at::Tensor& weight, const at::Tensor& targets, Int8State* state,
                            Int8Site* site) {
    const int64_t tokens = hidden.size(0), vocab = weight.size(0);
    at::Tensor grad_hidden = at::empty_like(hidden), grad_weight = at::zeros_like(weight);
    at::Tensor nll = at::empty({tokens}, hidden.options());
    at::Tensor buffer = at::empty({std::min(kChunk, tokens), vocab}, hidden.options());
    const CodedTensor coded_weight = QuantizeWeight(*state, *site, weight);
    for (int64_t first = 0; first < tokens; first += kChunk) {
      const int64_t count = std::min(kChunk, tokens - first);
      at::Tensor logits = buffer.narrow(0, 0, count);
      const CodedTensor x =
          QuantizeActivation(*state, *site, hidden.narrow(0, first, count), /*counts=*/true);
      MultiplyRows(*state, x, false, coded_weight, false, false, logits);
      kernel::SoftmaxLoss(count, vocab, logits.data_ptr<float>(),
                          targets.data_ptr<int64_t>() + first, nll.data_ptr<float>() + first,
                          /*correct=*/nullptr, /*in_place_gradient=*/true);
      const CodedTensor grad = QuantizeGradient(*state, *site, logits);
      at::Tensor grad_rows = grad_hidden.narrow(0, first, count);
      MultiplyRows(*state, grad, false, coded_weight, true, false, grad_rows);
      MultiplyRows(*state, grad, true, x, true, /*accumulate=*/true, grad_weight);
    }
    context->save_for_backward({grad_hidden, grad_weight, weight});
    return nll.sum(at::kDouble).to(at::kFloat);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = context->get_saved_variables();
    at::Tensor grad_hidden = saved[0], grad_weight = saved[1];
    const auto scale = grads[0].item<double>();
    at::Tensor accumulated = saved[2].is_leaf() ? saved[2].grad() : at::Tensor();
    if (accumulated.defined()) {
      accumulated.add_(grad_weight, scale);
      grad_weight = at::Tensor();
    } else if (scale != 1) {
      grad_weight = grad_weight * scale;
    }
    torch::autograd::variable_list result = {scale == 1 ? grad_hidden : grad_hidden * scale,
                                             grad_weight};
    result.resize(5);  // for what is no leaf
    return result;
  }
};

}  // namespace

at::Tensor Int8CrossEntropy(Int8State& state, Int8Site& site, const at::Tensor& hidden,
                            const at::Tensor& weight, const at::Tensor& targets) {
  if (!at::GradMode::is_enabled()) {
    return op::LinearCrossEntropy(hidden, weight, targets);
  }
  return Int8CrossEntropyFunction::apply(hidden.contiguous(), weight, targets.contiguous(), &state,
                                         &site);
}

}  // namespace tersor::precision
