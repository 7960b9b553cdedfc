#include "tersor/kernel/swiglu.h"

#include <cmath>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/swiglu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  const auto one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, Exp(d, hn::Neg(x))));
}

void SwiGluChunk(int64_t n, const float* HWY_RESTRICT gate, const float* HWY_RESTRICT up,
                 float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto g = hn::LoadU(d, gate + i);
    hn::StoreU(hn::Mul(hn::Mul(g, Sigmoid(d, g)), hn::LoadU(d, up + i)), d, out + i);
  }
  for (; i < n; ++i) {
    out[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
  }
}

void SwiGluBackwardChunk(int64_t n, const float* HWY_RESTRICT gate, const float* HWY_RESTRICT up,
                         const float* HWY_RESTRICT grad, float* HWY_RESTRICT grad_gate,
                         float* HWY_RESTRICT grad_up) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, 1.0f);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto g = hn::LoadU(d, gate + i), dy = hn::LoadU(d, grad + i);
    const auto s = Sigmoid(d, g);
    const auto ds = hn::Mul(dy, s);
    const auto slope = hn::MulAdd(g, hn::Sub(one, s), one);
    hn::StoreU(hn::Mul(ds, g), d, grad_up + i);
    hn::StoreU(hn::Mul(hn::Mul(ds, slope), hn::LoadU(d, up + i)), d, grad_gate + i);
  }
  for (; i < n; ++i) {
    const float s = 1 / (1 + std::exp(-gate[i]));
    grad_up[i] = grad[i] * gate[i] * s;
    grad_gate[i] = grad[i] * up[i] * s * (1 + gate[i] * (1 - s));
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kGrain = 1 << 14;

HWY_EXPORT(SwiGluChunk);
HWY_EXPORT(SwiGluBackwardChunk);

}  // namespace

void SwiGlu(int64_t n, const float* gate, const float* up, float* out) {
  ParallelFor(0, n, kGrain, [&](int64_t a, int64_t b) {
    HWY_DYNAMIC_DISPATCH(SwiGluChunk)(b - a, gate + a, up + a, out + a);
  });
}

void SwiGluBackward(int64_t n, const float* gate, const float* up, const float* grad,
                    float* grad_gate, float* grad_up) {
  ParallelFor(0, n, kGrain, [&](int64_t a, int64_t b) {
    HWY_DYNAMIC_DISPATCH(SwiGluBackwardChunk)
    (b - a, gate + a, up + a, grad + a, grad_gate + a, grad_up + a);
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
