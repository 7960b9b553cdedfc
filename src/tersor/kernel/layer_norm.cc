#include "tersor/kernel/layer_norm.h"

#include <cmath>

namespace tersor::kernel {

void LayerNorm(int64_t dim, const float* x, const float* weight, const float* bias, float eps,
               float* out) {
  // Two passes in double: a mean far from zero must not eat the variance's digits.
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < dim; ++i) {
    sum += x[i];
  }
  const double mean = sum / static_cast<double>(dim);
  for (int64_t i = 0; i < dim; ++i) {
    squares += (x[i] - mean) * (x[i] - mean);
  }
  const double scale = 1 / std::sqrt(squares / static_cast<double>(dim) + eps);
  for (int64_t i = 0; i < dim; ++i) {
    const auto normal = static_cast<float>((x[i] - mean) * scale);
    out[i] = normal * (weight != nullptr ? weight[i] : 1) + (bias != nullptr ? bias[i] : 0);
  }
}

}  // namespace tersor::kernel
