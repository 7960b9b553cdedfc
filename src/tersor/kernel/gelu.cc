#include "tersor/kernel/gelu.h"

#include <algorithm>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/gelu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// 2 Φ(-|x|) = erfc(|x| / √2) by the polynomial 7.1.26 of Abramowitz and Stegun, whose error is
/// below 1.5e-7; then the other side follows without cancellation.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluOf(D d, V x) {
  const auto z = hn::Mul(hn::Abs(x), hn::Set(d, 0.70710678f));
  const auto t = hn::Div(hn::Set(d, 1.0f), hn::MulAdd(z, hn::Set(d, 0.3275911f), hn::Set(d, 1.0f)));
  auto p = hn::Set(d, 1.061405429f);
  p = hn::MulAdd(p, t, hn::Set(d, -1.453152027f));
  p = hn::MulAdd(p, t, hn::Set(d, 1.421413741f));
  p = hn::MulAdd(p, t, hn::Set(d, -0.284496736f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.254829592f));
  const auto tail = hn::Mul(hn::Mul(p, t), ExpNonPositive(d, hn::Neg(hn::Mul(z, z))));
  const auto outer = hn::Mul(hn::Mul(hn::Set(d, 0.5f), x), tail);  // x Φ(-|x|)
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), outer, hn::Sub(x, outer));
}

void GeluChunk(int64_t n, const float* x, float* out) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(GeluOf(d, hn::LoadU(d, x + i)), d, out + i);
  }
  if (i < n) {
    HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)] = {};
    std::copy(x + i, x + n, rest);
    hn::Store(GeluOf(d, hn::Load(d, rest)), d, rest);
    std::copy(rest, rest + (n - i), out + i);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kGrain = 1 << 14;

HWY_EXPORT(GeluChunk);

}  // namespace

void Gelu(int64_t n, const float* x, float* out) {
  ParallelFor(0, n, kGrain, [&](int64_t first, int64_t last) {
    HWY_DYNAMIC_DISPATCH(GeluChunk)(last - first, x + first, out + first);
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
