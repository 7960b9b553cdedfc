#include "tersor/op/cross_entropy.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace tersor::op {
namespace {

constexpr int64_t kChunk = 512;  // tokens whose logits exist at once

}  // namespace

at::Tensor LinearCrossEntropy(const at::Tensor& hidden, const at::Tensor& weight,
                              const at::Tensor& targets) {
  return at::nll_loss(at::log_softmax(at::mm(hidden, weight.t()), -1), targets, {},
                      at::Reduction::Sum, -1);
}

TokenLoss LinearTokenLosses(const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets) {
  const at::NoGradGuard no_grad;
  TokenLoss losses{at::empty({targets.numel()}), at::empty({targets.numel()})};
  for (int64_t first = 0; first < targets.numel(); first += kChunk) {
    const int64_t count = std::min(kChunk, targets.numel() - first);
    const at::Tensor logits = at::mm(hidden.narrow(0, first, count), weight.t());
    const at::Tensor target = targets.narrow(0, first, count);
    losses.nll.narrow(0, first, count)
        .copy_(at::nll_loss(at::log_softmax(logits, -1), target, {}, at::Reduction::None, -1));
    losses.correct.narrow(0, first, count).copy_(logits.argmax(-1) == target);
  }
  return losses;
}

}  // namespace tersor::op
