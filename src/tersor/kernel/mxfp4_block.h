// The unit in which MXFP4 matrices are quantized and packed: one group of 8 rows at a time.
#ifndef TERSOR_KERNEL_MXFP4_BLOCK_H_
#define TERSOR_KERNEL_MXFP4_BLOCK_H_

#include <algorithm>
#include <cstdint>

#include "tersor/kernel/mxfp4_code.h"
#include "tersor/util/parallel_for.h"

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

/// Groups that are handled one after the other, before the next rows: their operands come to common
/// scales, and of a source that is read along its columns, the pages stay in reach.
constexpr int64_t kMxfp4ChunkGroups = 8;

/// A part of the result of a quantizer.
struct Mxfp4Chunk {
  int64_t block, blocks;  // of rows: at most kMxfp4BlockBatch
  int64_t group, groups;  // at most kMxfp4ChunkGroups
};

/// Calls body(chunk) for all chunks of `blocks` blocks of rows, in parallel. Neighbouring chunks
/// follow each other as the source lies in memory.
template <typename Body>
void ForEachMxfp4Chunk(const Mxfp4Source& source, int64_t blocks, const Body& body) {
  const int64_t batch = source.transposed ? kMxfp4BlockBatch : 1;
  const int64_t batches = (blocks + batch - 1) / batch;
  const int64_t groups = MxGroups(source.cols());
  const int64_t chunks = (groups + kMxfp4ChunkGroups - 1) / kMxfp4ChunkGroups;
  // A thread is worth its start from some 2^15 values on.
  const int64_t grain = std::max<int64_t>(1, 16 / batch);
  ParallelFor(0, batches * chunks, grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t block = (source.transposed ? i % batches : i / chunks) * batch;
      const int64_t group = (source.transposed ? i / batches : i % chunks) * kMxfp4ChunkGroups;
      body(Mxfp4Chunk{block, std::min(batch, blocks - block), group,
                      std::min(kMxfp4ChunkGroups, groups - group)});
    }
  });
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_BLOCK_H_
