// Block quantization to INT8, with a second INT8 step for the blocks that fall back.
// Zhang et al. 2025, "Accurate INT8 Training Through Dynamic Block-Level Fallback",
// arXiv:2503.08040; block scales as in Xi et al. 2024 (Jetfire), arXiv:2403.12422.
#ifndef TERSOR_KERNEL_BLOCK_CODE_H_
#define TERSOR_KERNEL_BLOCK_CODE_H_

#include <cstdint>

namespace tersor::kernel {

/// A matrix [rows, cols] cut into square blocks; those at the edges are padded with zeros. Blocks
/// are numbered row by row.
struct BlockGrid {
  int64_t rows = 0, cols = 0;
  int64_t block = 128;  // 32, 64 or 128

  int64_t row_blocks() const { return (rows + block - 1) / block; }
  int64_t col_blocks() const { return (cols + block - 1) / block; }
  int64_t blocks() const { return row_blocks() * col_blocks(); }
  int64_t codes() const { return blocks() * block * block; }
};

/// How a value between two codes is rounded. Every element draws its own number, a function of the
/// key and of its place, so the result does not depend on the number of threads.
struct BlockRounding {
  bool stochastic = false;  // false: to nearest, half to even
  uint64_t key = 0;
};

/// What decides whether a block falls back.
enum class BlockCriterion {
  kAbsMax,      // max |x|
  kL1,          // mean |x - value of its code|
  kRelativeL1,  // sum |x - value of its code| / sum |x|
};

/// Which scale the second step of a block takes.
enum class ResidualScale {
  kOwn,     // max|rest| / limit: as fine as the rest allows
  kJoined,  // scale / (2 limit), so that both steps make one integer of 15 bits, 2 limit · code +
            // residual; where the rest is so small that this loses more than a bit: kOwn
};

/// Codes of a matrix; a view. x ~ code · scale, plus residual code · residual scale where the block
/// has a slot.
struct BlockCodes {
  BlockGrid grid;
  const int8_t* codes = nullptr;   // [blocks][block][block], within ±limit
  const float* scales = nullptr;   // [blocks]; 0: a block of zeros
  const int32_t* slots = nullptr;  // [blocks]: index of the residual, or -1; null: no block has one
  const int8_t* residuals = nullptr;       // [slots][block][block]
  const float* residual_scales = nullptr;  // [slots]
  int limit = 127;                         // of the codes' magnitude

  /// Whether a block's two steps are one integer, 2 limit · code + residual, under the residual's
  /// scale.
  bool Joined(int64_t block) const {
    return slots != nullptr && slots[block] >= 0 &&
           residual_scales[slots[block]] == JoinedScale(scales[block], limit);
  }
  static float JoinedScale(float scale, int limit) { return scale / static_cast<float>(2 * limit); }
};

/// Quantizes x [rows, cols] with scale max|x| / limit for each block; a block whose largest
/// magnitude is below 1e-36 becomes zeros. `limit`: 127, or 63 for kernels that take 7 bits.
/// `criteria` [blocks] may be null. Returns false where x has a value that is not finite; the
/// outputs are then unspecified.
bool QuantizeBlocks(const float* x, const BlockGrid& grid, int limit, const BlockRounding& rounding,
                    BlockCriterion criterion, int8_t* codes, float* scales, float* criteria);

/// The same under one scale for the whole matrix.
bool QuantizeTensor(const float* x, const BlockGrid& grid, int limit, const BlockRounding& rounding,
                    int8_t* codes, float* scales);

/// Quantizes x - code · scale of the blocks that have a slot, to nearest: together about 16 bits,
/// |error| <= max|x| / 64516.
void QuantizeResiduals(const float* x, const BlockGrid& grid, int limit, ResidualScale choice,
                       const int8_t* codes, const float* scales, const int32_t* slots,
                       int8_t* residuals, float* residual_scales);

/// values [rows, cols] that the codes stand for.
void DecodeBlocks(const BlockCodes& codes, float* values);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_BLOCK_CODE_H_
