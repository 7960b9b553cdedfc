// Rounding of vectors to E2M1 codes, included once for each Highway target.
#if defined(TERSOR_KERNEL_MXFP4_ENCODE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_MXFP4_ENCODE_INL_H_
#undef TERSOR_KERNEL_MXFP4_ENCODE_INL_H_
#else
#define TERSOR_KERNEL_MXFP4_ENCODE_INL_H_
#endif

#include <hwy/highway.h>

#include <bit>

#include "tersor/kernel/mxfp4_bytes-inl.h"

// A scaled magnitude a = |x| / S below 8 becomes a code by integer arithmetic. Neighbours of the
// grid lie g = 2^(E - 1) apart, E = max(0, exponent of a), so t = a / g in units of 2^-24 has the
// lower neighbour in its upper bits and the distance from it in the lower 24. One addition there,
// of about a half or of a random number, rounds; 2 E more is the code. Steps before the addition
// are exact but for bits below 2^-24, so that all paths, and the plain definition, agree.

#ifndef TERSOR_KERNEL_MXFP4_MODE_
#define TERSOR_KERNEL_MXFP4_MODE_
namespace tersor::kernel {

/// How values between two codes are rounded.
enum class Mxfp4Mode { kEven, kAway, kLarger, kTowardZero, kStochastic, kEma };

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_MXFP4_MODE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace {

HWY_INLINE VU Magnitude(const float* x) {
  return hn::And(hn::BitCast(DU(), hn::LoadU(DF(), x)), Const(0x7FFFFFFFu));
}

/// As MxRandom.
HWY_INLINE VU Random(VU index, uint64_t key) {
  VU h = hn::Add(hn::Mul(index, Const(0x9E3779B9u)), Const(static_cast<uint32_t>(key)));
  h = hn::Xor(h, hn::ShiftRight<16>(h));
  h = hn::Mul(h, Const(0x7FEB352Du));
  h = hn::Xor(hn::Xor(h, hn::ShiftRight<15>(h)), Const(static_cast<uint32_t>(key >> 32)));
  h = hn::Mul(h, Const(0x846CA68Bu));
  h = hn::Xor(h, hn::ShiftRight<16>(h));
  return hn::ShiftRight<8>(h);
}

/// Toward zero, of values that fit.
HWY_INLINE VU Truncate(VF x) {
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
  return VU{_mm256_cvttps_epi32(x.raw)};
#else
  return hn::BitCast(DU(), hn::ConvertTo(DI(), x));
#endif
}

/// Codes, sign included, of scaled values below 8 in magnitude.
template <Mxfp4Mode kMode>
HWY_INLINE VU Encode(VF scaled, VF scaled_ema, VU index, uint64_t key) {
  const DF d;
  const DU du;
  const VU bits = hn::BitCast(du, scaled);
  const VU magnitude = hn::And(bits, Const(0x7FFFFFFFu));
  const VU exponent = hn::Max(hn::And(magnitude, Const(0x7F800000u)), Const(127u << 23));
  const VF per_gap = hn::BitCast(d, hn::Sub(Const(279u << 23), exponent));  // 2^24 / g
  const VU t = Truncate(hn::Mul(hn::BitCast(d, magnitude), per_gap));
  const VU sign = hn::ShiftRight<31>(bits);
  // 2 E in the bits above 24: the bias of the exponent, 127, wraps to -1.
  VU code = hn::Add(t, hn::Add(hn::ShiftLeft<2>(exponent), Const(1u << 25)));
  if constexpr (kMode == Mxfp4Mode::kEven) {
    const VU odd = hn::And(hn::ShiftRight<24>(t), Const(1));
    code = hn::Add(code, hn::Add(odd, Const((1u << 23) - 1)));
  } else if constexpr (kMode == Mxfp4Mode::kAway) {
    code = hn::Add(code, Const(1u << 23));
  } else if constexpr (kMode == Mxfp4Mode::kLarger) {
    code = hn::Add(code, hn::Sub(Const(1u << 23), sign));
  } else if constexpr (kMode == Mxfp4Mode::kTowardZero) {
    code = hn::Add(code, Const((1u << 23) - 1));
  } else if constexpr (kMode == Mxfp4Mode::kStochastic) {
    code = hn::Add(code, Random(index, key));
  } else {
    // (lower + upper) / 2 = (whole gaps + 1/2) · g; both factors are exact.
    const VF gap = hn::BitCast(d, hn::Sub(exponent, Const(1u << 23)));
    const VF gaps = hn::ConvertTo(d, hn::BitCast(DI(), hn::ShiftRight<24>(t)));
    const VF middle = hn::Mul(hn::Add(gaps, hn::Set(d, 0.5f)), gap);
    const VF e = hn::BitCast(d, hn::Xor(hn::BitCast(du, scaled_ema), hn::ShiftLeft<31>(sign)));
    code = hn::Add(
        code, hn::And(hn::BitCast(du, hn::VecFromMask(d, hn::Ge(e, middle))), Const(1u << 24)));
  }
  code = hn::Min(hn::ShiftRight<24>(code), Const(7));
  return hn::Or(code, hn::ShiftLeft<3>(sign));
}

/// MxScaleByte for E2M1, of the bits of magnitudes.
HWY_INLINE VU ScaleBytes(VU bits, MxScaleRule rule) {
  const DU du;
  const VU mantissa = hn::And(bits, Const(0x7FFFFFu));
  const auto add_if_above = [&](VU field, uint32_t limit) {
    return hn::Sub(field, hn::VecFromMask(du, hn::Gt(mantissa, Const(limit))));
  };
  VU field = hn::ShiftRight<23>(bits);
  switch (rule) {
    case MxScaleRule::kTruncationFree:
      field = add_if_above(field, 0x400000u);
      break;
    case MxScaleRule::kEven:
      field = hn::ShiftRight<23>(hn::Add(bits, Const(1u << 21)));
      break;
    case MxScaleRule::kCeil:
      field = add_if_above(field, 0);
      break;
    case MxScaleRule::kFloor:
      break;
  }
  field = hn::Sub(hn::Max(field, Const(2)), Const(2));
  const uint32_t zero = rule == MxScaleRule::kTruncationFree ? 127 - 29 : 0;
  field = hn::IfThenElse(hn::Eq(bits, Const(0)), Const(zero), field);
  return hn::IfThenElse(hn::Gt(bits, Const(0x7F7FFFFFu)), Const(kMxNanScale), field);
}

/// Scales of a block's rows from the bits of their largest magnitudes, and 1 / S, which is never
/// subnormal. False where one is not finite.
HWY_INLINE bool FindScales(const uint32_t* largest, MxScaleRule rule, uint8_t* scales,
                           float* inverse) {
  const DF d;
  const DU du;
  const D8 d8;
  bool finite = true;
  for (int64_t v = 0; v < kMxfp4BlockRows; v += static_cast<int64_t>(hn::Lanes(d))) {
    const VU bits = hn::Load(du, largest + v);
    const VU bytes = ScaleBytes(bits, rule);
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(DI(), bytes)), d8, scales + v);
    const VU field = hn::ShiftLeft<23>(hn::Sub(Const(254), bytes));
    hn::Store(hn::BitCast(d, field), d, inverse + v);
    finite &= hn::AllFalse(du, hn::Eq(bytes, Const(kMxNanScale)));
  }
  return finite;
}

}  // namespace
}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
