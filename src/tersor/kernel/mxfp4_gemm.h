// y = a bᵀ of MXFP4 matrices. Twice an E2M1 value is an integer of at most 12, so sums of products
// are exact in 16 bits, across neighbouring groups too where their scales are near. Operands are
// quantized and brought into the kernels' layout in one pass. For Chen et al. 2025,
// "Oscillation-Reduced MXFP4 Training for Vision Transformers", arXiv:2502.20853.
#ifndef TERSOR_KERNEL_MXFP4_GEMM_H_
#define TERSOR_KERNEL_MXFP4_GEMM_H_

#include <cstdint>

#include "tersor/kernel/mxfp4_code.h"
#include "tersor/kernel/mxfp4_kernel.h"
#include "tersor/kernel/mxfp4_pack.h"
#include "tersor/kernel/operand_side.h"
#include "tersor/kernel/workspace.h"

namespace tersor::kernel {

/// An operand in the kernels' layout; a view of the workspace. mxfp4_pack.h describes its parts.
struct Mxfp4Operand {
  int64_t rows = 0, depth = 0;
  OperandSide side = OperandSide::kRows;
  bool finite = true;  // false: some value was not; what its group is multiplied with is NaN
  int64_t blocks = 0;  // of 8 rows
  const uint8_t* codes = nullptr;        // [blocks][groups][8][8 rows][4]
  const int16_t* sums = nullptr;         // [blocks][groups][8 rows][2], columns side
  const uint8_t* scales = nullptr;       // [blocks][groups][8 rows]
  const Mxfp4GroupInfo* info = nullptr;  // [blocks][groups]

  int64_t groups() const { return MxGroups(depth); }
};

/// Quantizes and packs in one pass. Threads do not change the result. The operand lies in
/// `workspace`; the source is not needed any more.
Mxfp4Operand PackMxfp4(const Mxfp4Source& source, OperandSide side, Workspace& workspace);

/// y [a.rows, b.rows] (+)= a bᵀ, rows `stride` floats apart; a of the rows side, b of the columns
/// side, of equal depth. Integer sums are exact; they run over as many groups as one scale for each
/// row serves, and are added in float32 in the order of the groups, in blocks of 1024 along the
/// depth. The result depends neither on the number of threads nor on the kernel. Scales may be
/// anything a byte holds.
void MatmulMxfp4(const Mxfp4Operand& a, const Mxfp4Operand& b, bool accumulate, float* y,
                 int64_t stride);

/// The same by a kernel of Mxfp4Kernels().
void MatmulMxfp4(const Mxfp4Operand& a, const Mxfp4Operand& b, const Mxfp4Kernel& kernel,
                 bool accumulate, float* y, int64_t stride);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_GEMM_H_
