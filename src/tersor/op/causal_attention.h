// Causal attention with grouped queries.
#ifndef TERSOR_OP_CAUSAL_ATTENTION_H_
#define TERSOR_OP_CAUSAL_ATTENTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tersor::op {

/// softmax(scale · q kᵀ + causal mask) v. q [batch, heads, tokens, dim]; k, v [batch, kv_heads,
/// tokens, dim]; head h reads key/value head h / (heads / kv_heads). window > 0: token t sees
/// tokens t - window + 1 .. t only. Returns [batch, heads, tokens, dim].
at::Tensor CausalAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, int64_t window);

}  // namespace tersor::op

#endif  // TERSOR_OP_CAUSAL_ATTENTION_H_
