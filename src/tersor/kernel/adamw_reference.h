// The definition of kernel::AdamW as a plain loop.
#ifndef TERSOR_KERNEL_ADAMW_REFERENCE_H_
#define TERSOR_KERNEL_ADAMW_REFERENCE_H_

#include <cmath>
#include <cstdint>

#include "tersor/kernel/adamw.h"

namespace tersor::kernel {

inline void AdamWReference(const AdamWStep& step, int64_t n, float* weights, float* grad,
                           float* first, float* second) {
  for (int64_t i = 0; i < n; ++i) {
    const float g = grad[i] * step.grad_scale;
    first[i] = step.beta1 * first[i] + (1 - step.beta1) * g;
    second[i] = step.beta2 * second[i] + (1 - step.beta2) * g * g;
    const float root = std::sqrt(second[i] * step.second_scale) + step.eps;
    weights[i] = step.keep * weights[i] - step.step_size * first[i] / root;
    grad[i] = 0;
  }
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ADAMW_REFERENCE_H_
