// y = x Wᵀ as plain loops in double: what matvec.h and gemm.h are compared with.
#ifndef TERSOR_KERNEL_MATMUL_REFERENCE_H_
#define TERSOR_KERNEL_MATMUL_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tersor::kernel {

/// weights [rows, cols], x [tokens, cols] -> [tokens, rows].
inline std::vector<double> MatmulReference(const std::vector<float>& weights,
                                           const std::vector<float>& x, int64_t rows,
                                           int64_t cols) {
  const int64_t tokens = static_cast<int64_t>(x.size()) / cols;
  std::vector<double> y(static_cast<size_t>(tokens * rows));
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < cols; ++k) {
        y[static_cast<size_t>(t * rows + r)] +=
            static_cast<double>(weights[static_cast<size_t>(r * cols + k)]) *
            x[static_cast<size_t>(t * cols + k)];
      }
    }
  }
  return y;
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MATMUL_REFERENCE_H_
