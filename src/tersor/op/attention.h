// Attention with grouped queries.
#ifndef TERSOR_OP_ATTENTION_H_
#define TERSOR_OP_ATTENTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "tersor/kernel/attention_plan.h"

namespace tersor::op {

struct AttentionMask {
  bool causal = true;  // token t sees tokens <= t only
  int64_t window = 0;  // > 0: nearer ones than that only, itself included
};

/// softmax(scale · q kᵀ + mask) v. q [batch, heads, tokens, dim]; k, v [batch, kv_heads, tokens,
/// dim]; head h reads key/value head h / (heads / kv_heads). Returns [batch, heads, tokens, dim], a
/// view of [batch, tokens, heads, dim]; the gradients lie in memory likewise. Inputs that do so
/// too, as the heads of a linear layer's output, are read without a copy. Probabilities are not
/// kept (kernel/flash_attention.h). Types other than float32 take UnfusedAttention().
at::Tensor Attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale,
                     const AttentionMask& mask);

/// The blocks of scores that SparseAttention() computes: kernel::BlockSelection in tensors.
struct SelectedBlocks {
  at::Tensor offsets;  // int64 [batch * heads * query blocks + 1]
  at::Tensor indices;  // int32

  static SelectedBlocks Of(const kernel::BlockPlan& plan);
};

/// What SparseAttention() leaves out and how it computes the rest.
struct SparseOptions {
  SelectedBlocks blocks;      // undefined: all
  std::vector<float> lambda;  // [heads], kernel::FlashAttentionInput::lambda; empty: none
  bool int8 = false;          // Q Kᵀ in INT8
  bool int8_values = false;   // P V in INT8 where the processor has VNNI
  bool sum_dropped = false;   // kernel::FlashAttentionInput::sum_dropped
  kernel::FlashCounts* counts = nullptr;  // what was computed is added to it
};

/// Attention() of float32 inputs over selected blocks, differentiable as such; lambda, int8 and
/// int8_values concern the forward pass.
at::Tensor SparseAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, const AttentionMask& mask, const SparseOptions& options);

/// What the kernel reads of such tensors; they must outlive it.
kernel::FlashAttentionInput FlashInput(const at::Tensor& q, const at::Tensor& k,
                                       const at::Tensor& v, double scale,
                                       const AttentionMask& mask);

/// Attention() by ATen's operations, block of queries by block, which keeps its probabilities; for
/// any type, and what the fused one is measured against.
at::Tensor UnfusedAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            double scale, const AttentionMask& mask);

}  // namespace tersor::op

#endif  // TERSOR_OP_ATTENTION_H_
