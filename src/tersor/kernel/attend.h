// Attention of new tokens over a cache of keys and values: decode, prefill, and whole sequences
// whose tokens see each other.
#ifndef TERSOR_KERNEL_ATTEND_H_
#define TERSOR_KERNEL_ATTEND_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "tersor/kernel/matvec.h"
#include "tersor/kernel/workspace.h"

namespace tersor::kernel {

/// How one key-value head of one layer lies in memory. Keys in panels of 16 positions with the
/// positions innermost, [capacity / 16, head_dim, 16], so that scores of 16 positions come out as
/// vectors without sums across lanes; values [capacity, PaddedDim(head_dim)], filled up with zeros.
inline constexpr int64_t kKeyPanel = 16;

constexpr int64_t PaddedDim(int64_t head_dim) { return (head_dim + 15) / 16 * 16; }

/// Elements of one head's keys (values) for `capacity` positions, a multiple of kKeyPanel.
constexpr int64_t KeyElements(int64_t head_dim, int64_t capacity) { return head_dim * capacity; }
constexpr int64_t ValueElements(int64_t head_dim, int64_t capacity) {
  return PaddedDim(head_dim) * capacity;
}

/// Writes key and value [head_dim] of one position. `type`: kF32 or kBF16.
void StoreKeyValue(FloatType type, int64_t head_dim, const float* key, const float* value,
                   int64_t position, std::byte* keys, std::byte* values);

struct BlockSelection;
struct Int8Keys;
struct Int8Values;

/// New tokens of one sequence at one layer.
struct AttendInput {
  FloatType type = FloatType::kF32;  // of the cache: kF32 or kBF16
  int64_t head_dim = 0, heads = 0, kv_heads = 0;
  const std::byte *keys = nullptr, *values = nullptr;  // of key-value head 0
  int64_t key_stride = 0, value_stride = 0;            // bytes from one such head to the next
  int64_t first = 0;   // position of the first new token; those before it are in the cache
  int64_t tokens = 0;  // new tokens, whose keys and values are in the cache too
  int64_t window = 0;  // positions each token sees, its own included; 0: all
  bool causal = true;  // false: every token sees all positions, and `window` is 0
  float scale = 1;
  const float* query = nullptr;  // [tokens, query_stride]: heads of head_dim one after another
  int64_t query_stride = 0;
  float* out = nullptr;  // [tokens, out_stride], likewise
  int64_t out_stride = 0;
  /// Blocks of flash_attention.h that each query head and block of kQueryBlock tokens attends to,
  /// [heads, query blocks]; null: all. Needs `window` 0. Where tokens are few, the heads that share
  /// keys attend to what any of them selects.
  const BlockSelection* selection = nullptr;
  const float* lambda = nullptr;  // [heads], SpargeAttn's second filter, where tokens are many
  /// [kv_heads] of flash_block.h, read instead of the cache where tokens are many (IsPrefill() of
  /// attend_prefill.h); null: scores, or products with the values, are computed in float32.
  const Int8Keys* int8_keys = nullptr;
  const Int8Values* int8_values = nullptr;
};

/// out = softmax(scale · q Kᵀ) V per token and head, over the positions that the token sees. Each
/// key and value is read once for all query heads that share it. Parallel over sequences, heads,
/// tokens and, where there are few of those, stretches of positions. The result does not depend on
/// the number of threads.
void Attend(std::span<const AttendInput> inputs, Workspace& workspace);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ATTEND_H_
