// Attention that never stores its probabilities: forward and backward, dense or on selected blocks
// (FlashAttention, Dao et al., arXiv:2205.14135; SpargeAttn, Zhang et al., arXiv:2502.18137).
#ifndef TERSOR_KERNEL_FLASH_ATTENTION_H_
#define TERSOR_KERNEL_FLASH_ATTENTION_H_

#include <cstddef>
#include <cstdint>

#include "tersor/kernel/flash_block.h"
#include "tersor/kernel/matvec.h"
#include "tersor/kernel/workspace.h"

namespace tersor::kernel {

/// A tensor [batch, heads, tokens, dim] of kF32 or kBF16 to read; strides in elements, that of dim
/// is 1.
struct HeadsView {
  const std::byte* data = nullptr;
  FloatType type = FloatType::kF32;
  int64_t batch_stride = 0, head_stride = 0, token_stride = 0;

  const std::byte* At(int64_t batch, int64_t head, int64_t token) const {
    return data +
           (batch * batch_stride + head * head_stride + token * token_stride) * BytesOf(type);
  }
};

/// A tensor [batch, heads, tokens, dim] of floats to write, likewise.
struct HeadsOutput {
  float* data = nullptr;
  int64_t batch_stride = 0, head_stride = 0, token_stride = 0;

  float* At(int64_t batch, int64_t head, int64_t token) const {
    return data + batch * batch_stride + head * head_stride + token * token_stride;
  }
};

/// Added to the scaled scores [batch, heads, queries, keys]; a stride of 0 repeats. May be -inf.
struct AttentionBias {
  const float* data = nullptr;  // none
  int64_t batch_stride = 0, head_stride = 0, query_stride = 0, key_stride = 0;
};

/// The key blocks that each query block attends to, as rows of a sparse matrix: row (b * heads + h)
/// * query_blocks + q lists `indices` [offsets[row], offsets[row + 1]) in ascending order. Masks
/// apply inside the blocks all the same.
struct BlockSelection {
  const int64_t* offsets = nullptr;  // [batch * heads * query_blocks + 1]
  const int32_t* indices = nullptr;
};

/// Query blocks (key blocks) of that many tokens.
constexpr int64_t QueryBlocks(int64_t queries) { return (queries + kQueryBlock - 1) / kQueryBlock; }
constexpr int64_t KeyBlocks(int64_t keys) { return (keys + kKeyBlock - 1) / kKeyBlock; }

struct FlashAttentionInput {
  int64_t batch = 1, heads = 1;
  int64_t kv_heads = 1;  // divides `heads`; query head h reads h / (heads / kv_heads)
  int64_t queries = 0, keys = 0, dim = 0;  // dim: 1 to kMaxHeadDim
  HeadsView query, key, value;
  float scale = 1;
  bool causal = false;
  int64_t first = 0;   // position of the first query; query t sees keys up to first + t if causal
  int64_t window = 0;  // as AttentionMask says; 0: none
  AttentionBias bias;
  const BlockSelection* selection = nullptr;  // null: all blocks
  /// SpargeAttn's second filter, [heads], natural units, negative: where all rows of a row group
  /// have their local maximum at least -lambda below the running one, the block's weights and its
  /// P V are skipped. Null or -inf: off. The forward pass only.
  const float* lambda = nullptr;
  /// What the filter drops counts in the softmax's denominator all the same, as in the paper's
  /// Algorithm 1. The released code drops it before the exponentials, which saves them.
  bool sum_dropped = false;
  /// Q Kᵀ in INT8 as SageAttention does (arXiv:2410.02367): keys without their mean, a scale for
  /// each row group and each key block, exact integer sums. The forward pass only. Errors: a code
  /// is off by at most half of the block's largest value over 127 (keys: over 63 where the
  /// processor has AVX2 but no VNNI).
  bool int8 = false;
  /// P V in INT8 where the processor has VNNI (FlashCounts::int8_groups says so), else in float32.
  /// Weights get a scale for each row and key block, 1/255 of the row's largest weight there;
  /// values one for each channel and key block, of all its positions, those too that a causal query
  /// does not see; exact integer sums. The softmax's denominator is the sum of the rounded weights.
  /// The forward pass only. Errors: a weight is off by at most half of 1/255 of the largest, a
  /// value by half of the largest over 127. A value that is not finite reaches all outputs that
  /// depend on it.
  bool int8_values = false;
};

/// out = softmax(scale · Q Kᵀ + bias) V over what each query sees; zeros where that is nothing.
/// `lse` [batch, heads, queries], where not null, gets the logarithm of the softmax's denominator,
/// -inf where there is none. Float32 throughout. Parallel over batch, heads and query blocks; the
/// result does not depend on the number of threads. Throws Error on shapes out of range.
FlashCounts FlashAttention(const FlashAttentionInput& in, const HeadsOutput& out, float* lse,
                           Workspace& workspace);

/// Where gradients go: query [batch, heads, queries, dim], key and value [batch, kv_heads, keys,
/// dim], those summed over the query heads that share them.
struct FlashGradients {
  HeadsOutput query, key, value;
};

/// Gradients of FlashAttention(), which gave `out` and `lse` for the same input, from that of its
/// output, grad_out [batch, heads, queries, dim]. Probabilities are computed anew from `lse`;
/// blocks that are not selected have no gradient, `lambda` is not looked at. The result does not
/// depend on the number of threads. Throws Error on shapes out of range.
void FlashAttentionBackward(const FlashAttentionInput& in, const HeadsView& out, const float* lse,
                            const HeadsView& grad_out, const FlashGradients& gradients,
                            Workspace& workspace);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_FLASH_ATTENTION_H_
