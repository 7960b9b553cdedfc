// y = W x for one or a few tokens with W in MXFP4: decoding at 4.25 bits a weight.
#ifndef TERSOR_KERNEL_MXFP4_MATVEC_H_
#define TERSOR_KERNEL_MXFP4_MATVEC_H_

#include <cstddef>
#include <cstdint>

#include "tersor/kernel/activations.h"
#include "tersor/kernel/ggml_mxfp4.h"

namespace tersor::kernel {

/// y[tokens, rows] = x[tokens, cols] Wᵀ, W in Mxfp4Blocks [rows, ceil(cols / 32)] at any address;
/// `x` is Activations::Int16Bytes(), or Mxfp4() for a model that was trained so. Products are
/// whole numbers and exact within a group of 32 (Mxfp4: in 16 bits); groups add up in float32. Each
/// token's result is the same bit for bit, however many there are.
void MatvecMxfp4(int64_t rows, const std::byte* blocks, const ByteGroups& x, int64_t tokens,
                 float* y);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_MATVEC_H_
