// Norm weights, and LayerNorm over rows.
#ifndef TERSOR_RUNTIME_NORM_H_
#define TERSOR_RUNTIME_NORM_H_

#include <cstdint>
#include <vector>

#include "tersor/kernel/layer_norm.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {

struct Norm {
  std::vector<float> weight, bias;  // empty: none
};

/// out = LayerNorm of each row; x and out [rows, dim] may be the same.
inline void NormalizeRows(const Norm& norm, float eps, int64_t rows, int64_t dim, const float* x,
                          float* out) {
  ParallelFor(0, rows, 64, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      kernel::LayerNorm(dim, x + r * dim, norm.weight.empty() ? nullptr : norm.weight.data(),
                        norm.bias.empty() ? nullptr : norm.bias.data(), eps, out + r * dim);
    }
  });
}

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_NORM_H_
