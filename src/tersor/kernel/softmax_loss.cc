#include "tersor/kernel/softmax_loss.h"

#include <algorithm>
#include <cmath>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/softmax_loss.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// One row, which stays in L2 over the three passes (maximum, sum, gradient) at usual vocabularies.
void SoftmaxLossRow(int64_t vocab, float* HWY_RESTRICT row, int64_t target, bool gradient,
                    float* nll, float* correct) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t whole = vocab / lanes * lanes;
  *nll = *correct = 0;
  if (target < 0) {
    for (int64_t i = 0; gradient && i < vocab; ++i) {
      row[i] = 0;
    }
    return;
  }
  float top = row[0];
  if (whole > 0) {
    auto most = hn::LoadU(d, row);
    for (int64_t i = 0; i < whole; i += lanes) {
      most = hn::Max(most, hn::LoadU(d, row + i));
    }
    top = hn::GetLane(hn::MaxOfLanes(d, most));
  }
  for (int64_t i = whole; i < vocab; ++i) {
    top = row[i] > top ? row[i] : top;
  }
  const auto shift = hn::Set(d, top);
  auto sums = hn::Zero(d);
  for (int64_t i = 0; i < whole; i += lanes) {
    const auto e = Exp(d, hn::Sub(hn::LoadU(d, row + i), shift));
    sums = hn::Add(sums, e);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (int64_t i = whole; i < vocab; ++i) {
    sum += std::exp(row[i] - top);
  }
  const float chosen = row[target];
  *nll = top - chosen + std::log(sum);
  if (chosen == top) {
    *correct = std::find(row, row + target, top) == row + target ? 1 : 0;
  }
  if (gradient) {
    const float scale = 1 / sum;
    const auto scales = hn::Set(d, scale);
    for (int64_t i = 0; i < whole; i += lanes) {
      const auto e = Exp(d, hn::Sub(hn::LoadU(d, row + i), shift));
      hn::StoreU(hn::Mul(e, scales), d, row + i);
    }
    for (int64_t i = whole; i < vocab; ++i) {
      row[i] = std::exp(row[i] - top) * scale;
    }
    row[target] -= 1;
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(SoftmaxLossRow);

}  // namespace

void SoftmaxLoss(int64_t rows, int64_t vocab, float* logits, const int64_t* targets, float* nll,
                 float* correct, bool in_place_gradient) {
  ParallelFor(0, rows, 1, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      float hit = 0;
      HWY_DYNAMIC_DISPATCH(SoftmaxLossRow)
      (vocab, logits + r * vocab, targets[r], in_place_gradient, nll + r, &hit);
      if (correct != nullptr) {
        correct[r] = hit;
      }
    }
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
