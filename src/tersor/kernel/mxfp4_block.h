// The unit in which MXFP4 matrices are quantized and packed: one group of 8 rows at a time.
#ifndef TERSOR_KERNEL_MXFP4_BLOCK_H_
#define TERSOR_KERNEL_MXFP4_BLOCK_H_

#include <algorithm>
#include <cstdint>

#include "tersor/kernel/mxfp4_code.h"

namespace tersor::kernel {

/// Rows of a block: lanes of 32 bits in an AVX2 vector.
constexpr int64_t kMxfp4BlockRows = 8;
/// Blocks side by side that are encoded in one call: two cache lines of floats where the source is
/// read along its columns, so that what is fetched is used.
constexpr int64_t kMxfp4BlockBatch = 8;

/// Codes of 8 rows and 32 columns, a byte each. Four neighbours of a row form a word, as byte
/// products sum them, and a vector holds the words of all rows.
struct alignas(64) Mxfp4Block {
  uint8_t codes[8][kMxfp4BlockRows][4];  // [column / 4][row][column % 4]
  uint8_t scales[kMxfp4BlockRows];
};

/// Quantizes `count` blocks of the result of `source`: its rows from `row` on, and one group.
/// Beyond the edge of the source they hold zeros. `blocks` may be null; where `out` is not, the
/// codes are stored there as a whole matrix has them. Returns false where a value is not finite.
/// `mixed_key`: MixMxKey(source.rounding.key).
bool EncodeMxfp4Blocks(const Mxfp4Source& source, uint64_t mixed_key, int64_t row, int64_t count,
                       int64_t group, Mxfp4Block* blocks, const Mxfp4Out& out);

/// The values of one row.
void DecodeMxfp4Row(const Mxfp4Codes& q, int64_t row, float* values);

/// Blocks that one call of EncodeMxfp4Blocks should get where the rest of the matrix has `left`.
inline int64_t Mxfp4BatchSize(const Mxfp4Source& source, int64_t left) {
  return source.transposed ? std::min(left, kMxfp4BlockBatch) : 1;
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_BLOCK_H_
