// The inner loop of flash attention: one block of queries against the keys and values of one head.
// flash_attention.h calls it on packed tensors, attend.h on a cache.
#ifndef TERSOR_KERNEL_FLASH_BLOCK_H_
#define TERSOR_KERNEL_FLASH_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "tersor/kernel/attention_mask.h"
#include "tersor/kernel/matvec.h"

namespace tersor::kernel {

inline constexpr int64_t kQueryBlock = 128;  // rows of a query block
inline constexpr int64_t kKeyBlock = 64;     // positions of a key block
/// Rows that SpargeAttn's second filter judges together (a quarter of a query block, as in the
/// released code for heads of 64).
inline constexpr int64_t kRowGroup = 32;

inline constexpr int64_t kMaxHeadDim = 256;

/// Floats between rows that tiles broadcast from: a constant, so that addresses are displacements,
/// above the largest dimension, and no power of two, which would put all rows into the same sets of
/// the cache.
inline constexpr int64_t kRowStride = kMaxHeadDim + 16;

inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2 = 0.693147181f;

/// Rows [rows, dim] of kF32 or kBF16 to read, `stride` elements apart.
struct RowsView {
  const std::byte* data = nullptr;
  FloatType type = FloatType::kF32;
  int64_t stride = 0;
};

/// Added to the scores, at the block's first query and the head's first key.
struct BlockBias {
  const float* data = nullptr;  // none
  int64_t query_stride = 0, key_stride = 0;
};

/// What was computed of attention.
struct FlashCounts {
  int64_t blocks = 0;          // products of a query block and a key block
  int64_t groups = 0;          // row groups of those
  int64_t skipped_groups = 0;  // of those, groups that the second filter spared P V
  int64_t int8_groups = 0;     // of those, groups whose P V, if any, is in INT8

  void Add(const FlashCounts& other) {
    blocks += other.blocks;
    groups += other.groups;
    skipped_groups += other.skipped_groups;
    int8_groups += other.int8_groups;
  }
};

/// The key blocks that a query block attends to: all, or those listed in ascending order.
struct SelectedBlocks {
  bool dense = true;
  const int32_t* indices = nullptr;  // [count]
  int64_t count = 0;
};

struct Int8ScoreKernel;
struct Int8ValueKernel;

/// A head's keys in INT8 (int8_score.h), their mean taken off, which softmax does not see.
struct Int8Keys {
  const Int8ScoreKernel* kernel = nullptr;  // null: scores are computed in float32
  const uint8_t* codes = nullptr;           // [key blocks, kKeyBlock * Int8Depth(dim)]
  const float* scales = nullptr;            // [key blocks]
  const float* mean = nullptr;              // [dim]
};

/// A head's values in INT8 (int8_value.h).
struct Int8Values {
  const Int8ValueKernel* kernel = nullptr;  // null: P V is computed in float32
  const int8_t* codes = nullptr;            // [key blocks, kKeyBlock * PaddedDim(dim)]
  const float* scales = nullptr;            // [key blocks, PaddedDim(dim)]
};

struct FlashBlock {
  FloatType type = FloatType::kF32;                    // of keys and values: kF32 or kBF16
  const std::byte *keys = nullptr, *values = nullptr;  // packed as attend.h says
  int64_t value_stride = 0;                            // of kF32 values: floats from row to row;
                                                       // 0: as packed
  Int8Keys int8;                                       // come before `keys`
  Int8Values int8_values;                              // come before `values`
  RowsView query;
  int64_t rows = 0, dim = 0;
  AttentionMask mask;
  int64_t position = 0;  // of the first query
  float scale = 1;
  BlockBias bias;
  SelectedBlocks selected;
  float lambda = -std::numeric_limits<float>::infinity();
  bool sum_dropped = false;
  float* out = nullptr;  // [rows, dim], rows `out_stride` elements apart
  int64_t out_stride = 0;
  float* lse = nullptr;  // [rows] or null
  FlashCounts* counts = nullptr;
};

/// Key blocks [first, last) that a block's rows see any of.
struct BlockRange {
  int64_t first, last;
};
inline BlockRange SeenBlocks(const AttentionMask& mask, int64_t position, int64_t rows) {
  const KeyRange seen = mask.SeenByAny(position, rows);
  const int64_t first = seen.begin / kKeyBlock;
  return {first, seen.begin < seen.end ? (seen.end + kKeyBlock - 1) / kKeyBlock : first};
}

/// Calls run(index) for each of those that are selected.
template <class Run>
void ForSelectedBlocks(const BlockRange& seen, const SelectedBlocks& selected, const Run& run) {
  if (selected.dense) {
    for (int64_t index = seen.first; index < seen.last; ++index) {
      run(index);
    }
    return;
  }
  for (int64_t i = 0; i < selected.count; ++i) {
    const int64_t index = selected.indices[i];
    if (seen.first <= index && index < seen.last) {
      run(index);
    }
  }
}

/// Floats of scratch memory that RunFlashBlock() needs, at a multiple of 64 bytes.
int64_t FlashScratch(int64_t dim);

/// Online softmax over the block's keys (Dao et al., arXiv:2205.14135), with the filter of
/// SpargeAttn (arXiv:2502.18137) where lambda is above -inf.
void RunFlashBlock(const FlashBlock& block, float* scratch);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_FLASH_BLOCK_H_
