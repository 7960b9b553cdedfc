#include "tersor/nn/attention.h"

#include <ATen/ATen.h>

#include "tersor/op/attention.h"
#include "tersor/op/causal_attention.h"

namespace tersor::nn {
namespace {

/// Each token sees those nearer than `window` on both sides.
at::Tensor WindowedAttention(const AttentionInput& in) {
  const int64_t group = in.query.size(1) / in.key.size(1);
  const at::Tensor key = group == 1 ? in.key : in.key.repeat_interleave(group, 1);
  const at::Tensor value = group == 1 ? in.value : in.value.repeat_interleave(group, 1);
  const at::Tensor scores = at::matmul(in.query, key.transpose(-1, -2)) * in.scale;
  const at::Tensor position = at::arange(in.query.size(2), in.query.options().dtype(at::kLong));
  const at::Tensor distance = (position.unsqueeze(1) - position.unsqueeze(0)).abs();
  return at::matmul(at::softmax(scores.masked_fill(distance >= in.window, -INFINITY), -1), value);
}

}  // namespace

at::Tensor DenseAttention::Attend(const AttentionInput& in) {
  if (in.causal) {
    return op::CausalAttention(in.query, in.key, in.value, in.scale, in.window);
  }
  return in.window > 0 ? WindowedAttention(in)
                       : op::Attention(in.query, in.key, in.value, in.scale);
}

AttentionFactory Dense() {
  return [](int64_t) { return std::make_unique<DenseAttention>(); };
}

}  // namespace tersor::nn
