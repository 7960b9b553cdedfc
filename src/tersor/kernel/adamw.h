// One AdamW update in a single pass over memory.
#ifndef TERSOR_KERNEL_ADAMW_H_
#define TERSOR_KERNEL_ADAMW_H_

#include <cstdint>

namespace tersor::kernel {

/// Scalars of one update, bias corrections included.
struct AdamWStep {
  float grad_scale = 1;  // multiplies the gradient first (clipping, averaging)
  float beta1 = 0.9f, beta2 = 0.95f;
  float step_size = 0;     // learning rate / (1 - beta1^t)
  float second_scale = 1;  // 1 / (1 - beta2^t)
  float eps = 1e-8f;
  float keep = 1;  // 1 - learning rate · weight decay
};

/// For each of n elements: g = grad · grad_scale; m = β1 m + (1 - β1) g; v = β2 v + (1 - β2) g²;
/// w = keep · w - step_size · m / (sqrt(v · second_scale) + eps); grad = 0. Parallel.
void AdamW(const AdamWStep& step, int64_t n, float* weights, float* grad, float* first,
           float* second);

/// What elements of different periods keep: float32 whole numbers, apart from the sums.
struct AdamWPeriods {
  float* sums;          // of gradients since an element's last update
  float* counts;        // how many
  const float* period;  // an element is updated when it has so many
};

/// The same for elements of different periods: due ones are updated with the mean of their
/// gradients and step_size times their number, others only shrink by `keep`. Parallel.
void RampingAdamW(const AdamWStep& step, const AdamWPeriods& periods, int64_t n, float* weights,
                  float* grad, float* first, float* second);

/// Sum of the squares of n elements, in double over fixed chunks added in order: the same for any
/// number of threads. Parallel.
double SumSquares(const float* x, int64_t n);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ADAMW_H_
