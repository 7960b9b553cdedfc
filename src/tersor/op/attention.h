// Attention in which every token sees every token, with grouped queries.
#ifndef TERSOR_OP_ATTENTION_H_
#define TERSOR_OP_ATTENTION_H_

#include <ATen/core/Tensor.h>

namespace tersor::op {

/// softmax(scale · q kᵀ) v. q [batch, heads, tokens, dim]; k, v [batch, kv_heads, tokens, dim];
/// head h reads key/value head h / (heads / kv_heads). Returns [batch, heads, tokens, dim], a view
/// of [batch, tokens, heads, dim]; the gradients lie in memory likewise. Inputs that do so too, as
/// the heads of a linear layer's output, are read without a copy.
at::Tensor Attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale);

}  // namespace tersor::op

#endif  // TERSOR_OP_ATTENTION_H_
