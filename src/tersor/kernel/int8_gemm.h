// y = a bᵀ of block-quantized matrices: INT8 products inside blocks, float32 sums across them.
// Zhang et al. 2025, arXiv:2503.08040.
#ifndef TERSOR_KERNEL_INT8_GEMM_H_
#define TERSOR_KERNEL_INT8_GEMM_H_

#include <cstdint>

#include "tersor/kernel/block_code.h"
#include "tersor/kernel/int8_kernel.h"
#include "tersor/kernel/operand_side.h"
#include "tersor/kernel/workspace.h"

namespace tersor::kernel {

/// An operand in a kernel's layout; a view of the codes and of the workspace. Where the layout has
/// int16, a joined block is one step: it costs no more than a block that did not fall back.
struct Int8Operand {
  BlockGrid grid;  // of the operand: [rows of a or b, depth]
  bool transposed = false;
  const BlockCodes* source = nullptr;  // scales and slots, by the source's block numbers
  const std::byte* blocks = nullptr;   // [blocks] in the kernel's layout
  const int32_t* sums = nullptr;       // [blocks][block] of the rows side
  const std::byte* residuals = nullptr;
  const int32_t* residual_sums = nullptr;
  bool joins = false;  // Joined() blocks are one step, in `blocks`

  /// Number, in the source, of the block in block row `row` at block depth `depth`.
  int64_t Index(int64_t row, int64_t depth) const {
    return transposed ? depth * source->grid.col_blocks() + row : row * grid.col_blocks() + depth;
  }
};

/// Brings codes, or their transpose, into the layout of `kernel`. Both arguments must outlive the
/// operand; it lies in `workspace`, apart from what needs no change.
Int8Operand PackInt8(const BlockCodes& codes, bool transposed, OperandSide side,
                     const Int8Kernel& kernel, Workspace& workspace);

/// y [rows of a, rows of b] (+)= a bᵀ, residuals included. The order of the sums is fixed: the
/// result does not depend on the number of threads. Sums inside a block are exact integers, rounded
/// once to float32 where a joined block makes them longer. Throws Error where a joined block of a
/// meets one of b, whose products would overflow: only one operand may join.
void MatmulInt8(const Int8Operand& a, const Int8Operand& b, const Int8Kernel& kernel,
                bool accumulate, float* y);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_INT8_GEMM_H_
