#include "tersor/nn/attention.h"

#include "tersor/op/attention.h"

namespace tersor::nn {

at::Tensor DenseAttention::Attend(const AttentionInput& in) {
  return op::Attention(in.query, in.key, in.value, in.scale, {in.causal, in.window});
}

AttentionFactory Dense() {
  return [](int64_t) { return std::make_unique<DenseAttention>(); };
}

}  // namespace tersor::nn
