// LayerNorm of one row.
#ifndef TERSOR_KERNEL_LAYER_NORM_H_
#define TERSOR_KERNEL_LAYER_NORM_H_

#include <cstdint>

namespace tersor::kernel {

/// out = (x - mean(x)) / sqrt(var(x) + eps) · weight + bias over `dim` elements, with the biased
/// variance; weight and bias may be null (Ba et al. 2016, arXiv:1607.06450).
void LayerNorm(int64_t dim, const float* x, const float* weight, const float* bias, float eps,
               float* out);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_LAYER_NORM_H_
