// How MXFP4 operands lie in memory for the kernels, and their packing.
#ifndef TERSOR_KERNEL_MXFP4_PACK_H_
#define TERSOR_KERNEL_MXFP4_PACK_H_

#include <cstdint>

#include "tersor/kernel/mxfp4_block.h"
#include "tersor/kernel/operand_side.h"

namespace tersor::kernel {

/// Facts about one group of one block of rows. A run is a sequence of groups under one scale for
/// each row.
struct Mxfp4GroupInfo {
  int32_t norm;       // the largest of its rows' sums of squared codes
  int32_t run_norm;   // sum of norms from here to the end of the run
  int16_t low, high;  // the smallest and the largest scale; high 512 where one is NaN
  int16_t run;        // groups from here to the end of the run
};

/// Where a chunk of one block of rows goes.
struct Mxfp4ChunkOut {
  uint8_t* codes;        // [groups][8][8 rows][4]
  int16_t* sums;         // [groups][8 rows][2]; of the columns side, otherwise null
  uint8_t* scales;       // [groups][8 rows]
  Mxfp4GroupInfo* info;  // [groups]
};

/// Packs up to kMxfp4ChunkGroups groups of one block of rows. Neighbouring groups come to the
/// smallest of each row's scales, their codes doubled as often, as long as codes stay within 96
/// (rows) or 48 (columns): then integer sums run across them. `blocks`: `stride` apart.
void PackMxfp4Chunk(const Mxfp4Block* blocks, int64_t stride, int64_t groups, OperandSide side,
                    const Mxfp4ChunkOut& out);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_PACK_H_
