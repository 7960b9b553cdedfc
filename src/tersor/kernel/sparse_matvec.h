// y = W x for one or a few tokens, and rows of W as floats, with W as mask and values.
#ifndef TERSOR_KERNEL_SPARSE_MATVEC_H_
#define TERSOR_KERNEL_SPARSE_MATVEC_H_

#include <cstdint>

#include "tersor/kernel/activations.h"
#include "tersor/kernel/sparse_matrix.h"

namespace tersor::kernel {

/// y[tokens, rows] = x[tokens, cols] Wᵀ for up to kMatvecTokens tokens. Every weight is multiplied,
/// the zeros too, so that an x that is not finite gives what the dense product gives. Each token's
/// result is the same bit for bit, however many there are. Parallel over rows.
void MatvecSparse(const SparseMatrix& w, const Activations& x, float* y);

/// Weights [row, first .. first + count) as floats; `first` is a multiple of 256.
void DecodeSparse(const SparseMatrix& w, int64_t row, int64_t first, int64_t count, float* out);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_SPARSE_MATVEC_H_
