// y = x Wᵀ for many tokens over a matrix W that is stored in any format: the product of prefill.
#ifndef TERSOR_KERNEL_GEMM_H_
#define TERSOR_KERNEL_GEMM_H_

#include <cstddef>
#include <cstdint>

#include "tersor/kernel/activations.h"

namespace tersor::kernel {

/// A matrix [rows, cols] that can write out parts of its rows as floats. What a new weight format
/// must offer to be multiplied at full speed.
class RowSource {
 public:
  virtual ~RowSource() = default;

  /// Weights [row, first .. first + count) to `out`; first is a multiple of 256.
  virtual void Decode(int64_t row, int64_t first, int64_t count, float* out) const = 0;
};

/// y[tokens, rows] = x[tokens, cols] Wᵀ in float32. Parallel over blocks of rows: a block of W is
/// decoded into the second cache once and multiplied with all tokens from there. The result does
/// not depend on the number of threads.
void Matmul(const RowSource& weights, int64_t rows, const Activations& x, float* y);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_GEMM_H_
