// The activation of OPT's and Vision Transformers' MLPs.
#ifndef TERSOR_KERNEL_GELU_H_
#define TERSOR_KERNEL_GELU_H_

#include <cstdint>

namespace tersor::kernel {

/// out = x · Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel 2016, arXiv:1606.08415,
/// the exact form), elementwise over n and within 1e-6 (1 + |x|); `out` may be `x`. Parallel.
void Gelu(int64_t n, const float* x, float* out);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_GELU_H_
