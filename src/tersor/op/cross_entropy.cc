#include "tersor/op/cross_entropy.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "tersor/kernel/softmax_loss.h"
#include "tersor/op/fast_path.h"

namespace tersor::op {
namespace {

/// Tokens whose logits exist at once: some 16 MB of them, a size that the allocator keeps, and
/// enough rows for the matrix products to be efficient.
int64_t ChunkOf(int64_t vocab) { return std::clamp<int64_t>((4 << 20) / vocab, 64, 2048); }

/// The gradients are computed in the forward pass, chunk by chunk, while the logits are there, and
/// scaled by the incoming gradient in the backward pass (as Hsu et al. 2024, arXiv:2410.10989, do).
class LinearCrossEntropyFunction : public torch::autograd::Function<LinearCrossEntropyFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden,
                            const at::Tensor& weight, const at::Tensor& targets) {
    const int64_t tokens = hidden.size(0), vocab = weight.size(0);
    at::Tensor grad_hidden = at::empty_like(hidden);
    at::Tensor grad_weight = at::zeros_like(weight);
    at::Tensor nll = at::empty({tokens}, hidden.options());
    const int64_t chunk = ChunkOf(vocab);
    at::Tensor buffer = at::empty({std::min(chunk, tokens), vocab}, hidden.options());
    for (int64_t first = 0; first < tokens; first += chunk) {
      const int64_t count = std::min(chunk, tokens - first);
      at::Tensor logits = buffer.narrow(0, 0, count);
      const at::Tensor rows = hidden.narrow(0, first, count);
      at::mm_out(logits, rows, weight.t());
      kernel::SoftmaxLoss(count, vocab, logits.data_ptr<float>(),
                          targets.data_ptr<int64_t>() + first, nll.data_ptr<float>() + first,
                          /*correct=*/nullptr, /*in_place_gradient=*/true);
      at::Tensor grad_rows = grad_hidden.narrow(0, first, count);
      at::mm_out(grad_rows, logits, weight);
      grad_weight.addmm_(logits.t(), rows);
    }
    context->save_for_backward({grad_hidden, grad_weight, weight});
    return nll.sum(at::kDouble).to(at::kFloat);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = context->get_saved_variables();
    at::Tensor grad_hidden = saved[0], grad_weight = saved[1];
    const at::Tensor& weight = saved[2];
    const auto scale = grads[0].item<double>();
    if (scale != 1) {
      grad_hidden = grad_hidden * scale;
    }
    at::Tensor accumulated = weight.is_leaf() ? weight.grad() : at::Tensor();
    if (accumulated.defined()) {
      accumulated.add_(grad_weight, scale);
      grad_weight = at::Tensor();
    } else if (scale != 1) {
      grad_weight = grad_weight * scale;
    }
    return {grad_hidden, grad_weight, at::Tensor()};
  }
};

}  // namespace

at::Tensor LinearCrossEntropy(const at::Tensor& hidden, const at::Tensor& weight,
                              const at::Tensor& targets) {
  if (targets.is_contiguous() && TakesFastPath({hidden, weight})) {
    if (at::GradMode::is_enabled()) {
      return LinearCrossEntropyFunction::apply(hidden, weight, targets);
    }
    return LinearTokenLosses(hidden, weight, targets).nll.sum(at::kDouble).to(at::kFloat);
  }
  return at::nll_loss(at::log_softmax(at::mm(hidden, weight.t()), -1), targets, {},
                      at::Reduction::Sum, -1);
}

TokenLoss LinearTokenLosses(const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets) {
  const at::NoGradGuard no_grad;
  const int64_t tokens = targets.numel(), chunk = ChunkOf(weight.size(0));
  const at::Tensor wanted = targets.contiguous();
  TokenLoss losses{at::empty({tokens}), at::empty({tokens})};
  for (int64_t first = 0; first < tokens; first += chunk) {
    const int64_t count = std::min(chunk, tokens - first);
    const at::Tensor logits =
        at::mm(hidden.narrow(0, first, count), weight.t()).to(at::kFloat).contiguous();
    kernel::SoftmaxLoss(count, logits.size(1), logits.data_ptr<float>(),
                        wanted.data_ptr<int64_t>() + first, losses.nll.data_ptr<float>() + first,
                        losses.correct.data_ptr<float>() + first, /*in_place_gradient=*/false);
  }
  return losses;
}

}  // namespace tersor::op
