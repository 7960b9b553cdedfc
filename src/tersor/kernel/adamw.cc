#include "tersor/kernel/adamw.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/adamw.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Elements [0, n) of one chunk. Seven streams of memory limit it, not arithmetic.
void AdamWChunk(const AdamWStep& s, int64_t n, float* HWY_RESTRICT w, float* HWY_RESTRICT g,
                float* HWY_RESTRICT m, float* HWY_RESTRICT v) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto scale = hn::Set(d, s.grad_scale), eps = hn::Set(d, s.eps), keep = hn::Set(d, s.keep);
  const auto beta1 = hn::Set(d, s.beta1), rest1 = hn::Set(d, 1 - s.beta1);
  const auto beta2 = hn::Set(d, s.beta2), rest2 = hn::Set(d, 1 - s.beta2);
  const auto size = hn::Set(d, s.step_size), second_scale = hn::Set(d, s.second_scale);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto grad = hn::Mul(hn::LoadU(d, g + i), scale);
    const auto first = hn::MulAdd(beta1, hn::LoadU(d, m + i), hn::Mul(rest1, grad));
    const auto second = hn::MulAdd(beta2, hn::LoadU(d, v + i), hn::Mul(rest2, hn::Mul(grad, grad)));
    const auto root = hn::Add(hn::Sqrt(hn::Mul(second, second_scale)), eps);
    const auto change = hn::Div(hn::Mul(size, first), root);
    hn::StoreU(first, d, m + i);
    hn::StoreU(second, d, v + i);
    hn::StoreU(hn::MulSub(keep, hn::LoadU(d, w + i), change), d, w + i);
    hn::StoreU(hn::Zero(d), d, g + i);
  }
  for (; i < n; ++i) {
    const float grad = g[i] * s.grad_scale;
    m[i] = s.beta1 * m[i] + (1 - s.beta1) * grad;
    v[i] = s.beta2 * v[i] + (1 - s.beta2) * grad * grad;
    w[i] = s.keep * w[i] - s.step_size * m[i] / (std::sqrt(v[i] * s.second_scale) + s.eps);
    g[i] = 0;
  }
}

/// As AdamWChunk, and equal to it where all periods are 1. Ten streams.
void RampingAdamWChunk(const AdamWStep& s, const AdamWPeriods& periods, int64_t n,
                       float* HWY_RESTRICT w, float* HWY_RESTRICT g, float* HWY_RESTRICT m,
                       float* HWY_RESTRICT v) {
  float* HWY_RESTRICT sums = periods.sums;
  float* HWY_RESTRICT counts = periods.counts;
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto scale = hn::Set(d, s.grad_scale), eps = hn::Set(d, s.eps), keep = hn::Set(d, s.keep);
  const auto beta1 = hn::Set(d, s.beta1), rest1 = hn::Set(d, 1 - s.beta1);
  const auto beta2 = hn::Set(d, s.beta2), rest2 = hn::Set(d, 1 - s.beta2);
  const auto size = hn::Set(d, s.step_size), second_scale = hn::Set(d, s.second_scale);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto sum = hn::Add(hn::LoadU(d, sums + i), hn::Mul(hn::LoadU(d, g + i), scale));
    const auto count = hn::Add(hn::LoadU(d, counts + i), hn::Set(d, 1.0f));
    const auto due = hn::Ge(count, hn::LoadU(d, periods.period + i));
    const auto grad = hn::Div(sum, count);
    const auto first0 = hn::LoadU(d, m + i), second0 = hn::LoadU(d, v + i);
    const auto first = hn::MulAdd(beta1, first0, hn::Mul(rest1, grad));
    const auto second = hn::MulAdd(beta2, second0, hn::Mul(rest2, hn::Mul(grad, grad)));
    const auto root = hn::Add(hn::Sqrt(hn::Mul(second, second_scale)), eps);
    const auto change = hn::Div(hn::Mul(hn::Mul(size, count), first), root);
    hn::StoreU(hn::IfThenElse(due, first, first0), d, m + i);
    hn::StoreU(hn::IfThenElse(due, second, second0), d, v + i);
    hn::StoreU(hn::MulSub(keep, hn::LoadU(d, w + i), hn::IfThenElseZero(due, change)), d, w + i);
    hn::StoreU(hn::IfThenZeroElse(due, sum), d, sums + i);
    hn::StoreU(hn::IfThenZeroElse(due, count), d, counts + i);
    hn::StoreU(hn::Zero(d), d, g + i);
  }
  for (; i < n; ++i) {
    sums[i] += g[i] * s.grad_scale;
    counts[i] += 1;
    g[i] = 0;
    if (counts[i] < periods.period[i]) {
      w[i] = s.keep * w[i];
      continue;
    }
    const float grad = sums[i] / counts[i];
    m[i] = s.beta1 * m[i] + (1 - s.beta1) * grad;
    v[i] = s.beta2 * v[i] + (1 - s.beta2) * grad * grad;
    w[i] =
        s.keep * w[i] - s.step_size * counts[i] * m[i] / (std::sqrt(v[i] * s.second_scale) + s.eps);
    sums[i] = counts[i] = 0;
  }
}

/// Double accumulation: float would lose the small terms of a sum over millions.
double SumSquaresChunk(const float* HWY_RESTRICT x, int64_t n) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto value = hn::PromoteTo(d, hn::LoadU(df, x + i));
    sum = hn::MulAdd(value, value, sum);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) {
    total += static_cast<double>(x[i]) * x[i];
  }
  return total;
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kChunk = 1 << 16;  // elements; fixed, so that sums do not depend on threads

HWY_EXPORT(AdamWChunk);
HWY_EXPORT(RampingAdamWChunk);
HWY_EXPORT(SumSquaresChunk);

}  // namespace

void AdamW(const AdamWStep& step, int64_t n, float* weights, float* grad, float* first,
           float* second) {
  ParallelFor(0, n, kChunk, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(AdamWChunk)
    (step, end - begin, weights + begin, grad + begin, first + begin, second + begin);
  });
}

void RampingAdamW(const AdamWStep& step, const AdamWPeriods& periods, int64_t n, float* weights,
                  float* grad, float* first, float* second) {
  ParallelFor(0, n, kChunk, [&](int64_t begin, int64_t end) {
    const AdamWPeriods part{periods.sums + begin, periods.counts + begin, periods.period + begin};
    HWY_DYNAMIC_DISPATCH(RampingAdamWChunk)
    (step, part, end - begin, weights + begin, grad + begin, first + begin, second + begin);
  });
}

double SumSquares(const float* x, int64_t n) {
  const int64_t chunks = (n + kChunk - 1) / kChunk;
  std::vector<double> sums(static_cast<size_t>(chunks));
  ParallelFor(0, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      sums[static_cast<size_t>(c)] =
          HWY_DYNAMIC_DISPATCH(SumSquaresChunk)(x + c * kChunk, std::min(kChunk, n - c * kChunk));
    }
  });
  double total = 0;
  for (const double sum : sums) {
    total += sum;
  }
  return total;
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
