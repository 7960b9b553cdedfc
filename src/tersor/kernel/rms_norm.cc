#include "tersor/kernel/rms_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/rms_norm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

float RmsNormRow(int64_t dim, const float* HWY_RESTRICT x, const float* HWY_RESTRICT weight,
                 float eps, float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sums = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= dim; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    sums = hn::MulAdd(v, v, sums);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < dim; ++i) {
    sum += x[i] * x[i];
  }
  const float scale = 1 / std::sqrt(sum / static_cast<float>(dim) + eps);
  const auto factor = hn::Set(d, scale);
  for (i = 0; i + lanes <= dim; i += lanes) {
    const auto y = hn::Mul(hn::Mul(hn::LoadU(d, x + i), factor), hn::LoadU(d, weight + i));
    hn::StoreU(y, d, out + i);
  }
  for (; i < dim; ++i) {
    out[i] = x[i] * scale * weight[i];
  }
  return scale;
}

void RmsNormBackwardRow(int64_t dim, const float* HWY_RESTRICT x, const float* HWY_RESTRICT weight,
                        float scale, const float* HWY_RESTRICT grad, float* HWY_RESTRICT grad_x,
                        float* HWY_RESTRICT grad_weight) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, scale);
  auto sums = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= dim; i += lanes) {
    const auto gx = hn::Mul(hn::LoadU(d, grad + i), hn::LoadU(d, x + i));
    sums = hn::MulAdd(gx, hn::LoadU(d, weight + i), sums);
    hn::StoreU(hn::MulAdd(gx, factor, hn::LoadU(d, grad_weight + i)), d, grad_weight + i);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < dim; ++i) {
    sum += grad[i] * x[i] * weight[i];
    grad_weight[i] += grad[i] * x[i] * scale;
  }
  const float mean = sum * scale * scale / static_cast<float>(dim);
  const auto means = hn::Set(d, mean);
  for (i = 0; i + lanes <= dim; i += lanes) {
    const auto g = hn::Mul(hn::LoadU(d, grad + i), hn::LoadU(d, weight + i));
    hn::StoreU(hn::Mul(factor, hn::NegMulAdd(means, hn::LoadU(d, x + i), g)), d, grad_x + i);
  }
  for (; i < dim; ++i) {
    grad_x[i] = scale * (grad[i] * weight[i] - mean * x[i]);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kRows = 64;  // rows a block; fixed, so that sums do not depend on threads

HWY_EXPORT(RmsNormRow);
HWY_EXPORT(RmsNormBackwardRow);

}  // namespace

void RmsNorm(int64_t rows, int64_t dim, const float* x, const float* weight, float eps, float* out,
             float* scale) {
  ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      const float factor =
          HWY_DYNAMIC_DISPATCH(RmsNormRow)(dim, x + r * dim, weight, eps, out + r * dim);
      if (scale != nullptr) {
        scale[r] = factor;
      }
    }
  });
}

void RmsNormBackward(int64_t rows, int64_t dim, const float* x, const float* weight,
                     const float* scale, const float* grad, float* grad_x, float* grad_weight) {
  const int64_t blocks = (rows + kRows - 1) / kRows;
  std::vector<float> sums(static_cast<size_t>(blocks * dim));
  ParallelFor(0, blocks, 1, [&](int64_t first, int64_t last) {
    for (int64_t r = first * kRows; r < std::min(last * kRows, rows); ++r) {
      HWY_DYNAMIC_DISPATCH(RmsNormBackwardRow)
      (dim, x + r * dim, weight, scale[r], grad + r * dim, grad_x + r * dim,
       sums.data() + r / kRows * dim);
    }
  });
  for (int64_t b = 0; b < blocks; ++b) {
    for (int64_t i = 0; i < dim; ++i) {
      grad_weight[i] += sums[static_cast<size_t>(b * dim + i)];
    }
  }
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
