// Vectorised exp, included once for each Highway target.
#if defined(TERSOR_KERNEL_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_EXP_INL_H_
#undef TERSOR_KERNEL_EXP_INL_H_
#else
#define TERSOR_KERNEL_EXP_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {

/// exp(x - k ln 2) for the whole number k next to x / ln 2, by the Taylor polynomial of degree 6,
/// whose remainder is below 1.3e-7.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ExpOfRemainder(D d, V x, V k) {
  namespace hn = hwy::HWY_NAMESPACE;
  // ln 2 in two parts: k times the first is exact.
  auto r = hn::NegMulAdd(k, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(k, hn::Set(d, -2.12194440e-4f), r);
  auto p = hn::Set(d, 1.0f / 720);
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 120));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 24));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f / 6));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  return hn::MulAdd(p, r, hn::Set(d, 1.0f));
}

/// exp(x) within 2 ulp for x in [-87, 88], 0 below -87, inf above 88.7, NaN for NaN. 2^k is put
/// together from exponent bits, in two factors so that the largest results do not overflow early.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> di;
  const auto clamped = hn::Min(hn::Max(x, hn::Set(d, -88.0f)), hn::Set(d, 89.0f));
  const auto k = hn::Round(hn::Mul(clamped, hn::Set(d, 1.44269504f)));
  const auto p = ExpOfRemainder(d, clamped, k);
  const auto whole = hn::ConvertTo(di, k);
  const auto half = hn::ShiftRight<1>(whole);
  const auto bias = hn::Set(di, 127);
  const auto low = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const auto high = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(whole, half), bias)));
  const auto y = hn::Mul(hn::Mul(p, low), high);
  const auto finite = hn::IfThenElseZero(hn::Ge(x, hn::Set(d, -87.0f)), y);
  // The clamps drop NaN, which must not vanish: a loss that is not finite stops the training.
  return hn::IfThenElse(hn::IsNaN(x), x, finite);
}

/// exp(x) of x <= 0, as for Exp() but with 0 below -87; fewer steps, since nothing can overflow.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ExpNonPositive(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> di;
  const auto clamped = hn::Max(x, hn::Set(d, -87.0f));
  const auto k = hn::Round(hn::Mul(clamped, hn::Set(d, 1.44269504f)));
  const auto p = ExpOfRemainder(d, clamped, k);
  const auto power =
      hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, k), hn::Set(di, 127))));
  const auto y = hn::IfThenElseZero(hn::Ge(x, hn::Set(d, -87.0f)), hn::Mul(p, power));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

/// 2^x of x up to about 0, within 2e-7 of its value for x above -126; exactly 1 at 0, exactly 0 at
/// -127 and below, NaN for NaN. The polynomial of degree 5 is the best one in [-0.5, 0.5] whose
/// value at 0 is 1, so that the bits of 2^-127 come out as zero without a comparison.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Exp2NonPositive(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> di;
  const auto lowest = hn::Set(d, -127.0f);
#if HWY_TARGET == HWY_SCALAR
  const auto clamped = hn::IfThenElse(hn::Lt(x, lowest), lowest, x);
#else
  const auto clamped = hn::Max(lowest, x);  // keeps a NaN on the right
#endif
  // Adding 1.5 * 2^23 rounds to a whole number, which is then in the low bits.
  const auto magic = hn::Set(d, 12582912.0f);
  const auto shifted = hn::Add(clamped, magic);
  const auto r = hn::Sub(clamped, hn::Sub(shifted, magic));
  auto p = hn::Set(d, 0.00132647272f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.00967151264f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.0555073374f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.240222421f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.693146978f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
