// y = a bᵀ of MXFP4 matrices. Twice an E2M1 value is an integer of at most 12, so the sum of a
// group is exact in 16 bits; groups are summed in float32. Operands are quantized and brought into
// the kernel's layout in one pass. Chen et al. 2025, arXiv:2502.20853.
#ifndef TERSOR_KERNEL_MXFP4_GEMM_H_
#define TERSOR_KERNEL_MXFP4_GEMM_H_

#include <cstdint>

#include "tersor/kernel/mxfp4_code.h"
#include "tersor/kernel/operand_side.h"
#include "tersor/kernel/workspace.h"

namespace tersor::kernel {

/// An operand in the kernel's layout; a view of the workspace.
struct Mxfp4Operand {
  int64_t rows = 0, depth = 0;
  OperandSide side = OperandSide::kRows;
  bool finite = true;  // false: some value was not; products with its group are NaN
  Mxfp4Codes codes;
};

/// Quantizes and packs. Threads do not change the result. The operand lies in `workspace`.
Mxfp4Operand PackMxfp4(const Mxfp4Source& source, OperandSide side, Workspace& workspace);

/// y [a.rows, b.rows] (+)= a bᵀ, rows `stride` floats apart; a of the rows side, b of the columns
/// side, of equal depth. Each group's exact sum is added to a float32 sum in the order of the
/// groups with one rounding, starting from y where it accumulates: the result depends neither on
/// the number of threads nor on the instruction set. Scales may be anything a byte holds.
void MatmulMxfp4(const Mxfp4Operand& a, const Mxfp4Operand& b, bool accumulate, float* y,
                 int64_t stride);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_GEMM_H_
