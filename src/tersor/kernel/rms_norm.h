// RMSNorm of rows and its gradient.
#ifndef TERSOR_KERNEL_RMS_NORM_H_
#define TERSOR_KERNEL_RMS_NORM_H_

#include <cstdint>

namespace tersor::kernel {

/// For each row of x [rows, dim]: scale[row] = 1 / sqrt(mean(x²) + eps); out = x · scale · weight.
/// `scale` may be null. Parallel over rows.
void RmsNorm(int64_t rows, int64_t dim, const float* x, const float* weight, float eps, float* out,
             float* scale);

/// grad_x = scale · (weight · grad - x · scale² · mean(weight · grad · x)); grad_weight (which is
/// added to) += sum over rows of grad · x · scale, over fixed blocks of rows added in order, so
/// that the result does not depend on the number of threads.
void RmsNormBackward(int64_t rows, int64_t dim, const float* x, const float* weight,
                     const float* scale, const float* grad, float* grad_x, float* grad_weight);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_RMS_NORM_H_
