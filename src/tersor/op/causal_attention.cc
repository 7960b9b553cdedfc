#include "tersor/op/causal_attention.h"

#include <ATen/ATen.h>

#include <limits>

namespace tersor::op {

at::Tensor CausalAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, int64_t window) {
  const int64_t group = q.size(1) / k.size(1), tokens = q.size(2);
  const at::Tensor key = group == 1 ? k : k.repeat_interleave(group, 1);
  const at::Tensor value = group == 1 ? v : v.repeat_interleave(group, 1);
  const auto options = q.options().dtype(at::kBool).requires_grad(false);
  at::Tensor hidden = at::ones({tokens, tokens}, options).triu(1);
  if (window > 0) {
    hidden = hidden.logical_or(at::ones({tokens, tokens}, options).tril(-window));
  }
  const at::Tensor scores = at::matmul(q, key.transpose(-1, -2)) * scale;
  return at::matmul(
      at::softmax(scores.masked_fill(hidden, -std::numeric_limits<double>::infinity()), -1), value);
}

}  // namespace tersor::op
