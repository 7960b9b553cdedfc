// Codes as bytes, nibbles and words, included once for each Highway target.
#if defined(TERSOR_KERNEL_MXFP4_BYTES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_MXFP4_BYTES_INL_H_
#undef TERSOR_KERNEL_MXFP4_BYTES_INL_H_
#else
#define TERSOR_KERNEL_MXFP4_BYTES_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>

#include "tersor/kernel/mxfp4_block.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A vector covers the rows of a block or a part of them, on any instruction set.
using DF = hn::CappedTag<float, kMxfp4BlockRows>;
using DI = hn::RebindToSigned<DF>;
using DU = hn::RebindToUnsigned<DF>;
using D8 = hn::Rebind<uint8_t, DF>;
using VF = hn::Vec<DF>;
using VU = hn::Vec<DU>;

HWY_INLINE VU Const(uint32_t value) { return hn::Set(DU(), value); }

#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
/// to[c][r] = from[r][c] of 8 x 8 words.
HWY_INLINE void TransposeWords(const uint8_t* from, uint8_t* to) {
  const auto load = [&](int r) {
    const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(from + r * 32));
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(low),
        _mm_load_si128(reinterpret_cast<const __m128i*>(from + (r + 4) * 32)), 1);
  };
  const auto load_high = [&](int r) {
    const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(from + r * 32 + 16));
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(low),
        _mm_load_si128(reinterpret_cast<const __m128i*>(from + (r + 4) * 32 + 16)), 1);
  };
  const auto store = [&](int c, __m256i v) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to + c * 32), v);
  };
  const auto turn = [&](__m256i r0, __m256i r1, __m256i r2, __m256i r3, int c) {
    const __m256i t0 = _mm256_unpacklo_epi32(r0, r1), t1 = _mm256_unpackhi_epi32(r0, r1);
    const __m256i t2 = _mm256_unpacklo_epi32(r2, r3), t3 = _mm256_unpackhi_epi32(r2, r3);
    store(c, _mm256_unpacklo_epi64(t0, t2));
    store(c + 1, _mm256_unpackhi_epi64(t0, t2));
    store(c + 2, _mm256_unpacklo_epi64(t1, t3));
    store(c + 3, _mm256_unpackhi_epi64(t1, t3));
  };
  turn(load(0), load(1), load(2), load(3), 0);
  turn(load_high(0), load_high(1), load_high(2), load_high(3), 4);
}
#else
inline void TransposeWords(const uint8_t* from, uint8_t* to) {
  for (int r = 0; r < 8; ++r) {
    for (int c = 0; c < 8; ++c) {
      std::memcpy(to + (c * 8 + r) * 4, from + (r * 8 + c) * 4, 4);
    }
  }
}
#endif

/// The 16 bytes of a group from 32 codes.
HWY_INLINE void PackNibbles(const uint8_t* codes, uint8_t* packed) {
  const hn::CappedTag<uint16_t, 8> d16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d16));
  for (int64_t i = 0; i < kMxfp4GroupBytes; i += lanes) {
    const auto pairs = hn::LoadU(d16, reinterpret_cast<const uint16_t*>(codes + 2 * i));
    const auto joined = hn::And(hn::Or(pairs, hn::ShiftRight<4>(pairs)), hn::Set(d16, 0xFF));
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(hn::RebindToSigned<decltype(d16)>(), joined)), d8,
               packed + i);
  }
}

/// 32 codes from the 16 bytes of a group.
HWY_INLINE void UnpackNibbles(const uint8_t* packed, uint8_t* codes) {
  const hn::CappedTag<uint16_t, 8> d16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d16));
  for (int64_t i = 0; i < kMxfp4GroupBytes; i += lanes) {
    const auto wide = hn::PromoteTo(d16, hn::LoadU(d8, packed + i));
    const auto pairs =
        hn::And(hn::Or(wide, hn::ShiftLeft<4>(wide)), hn::Set(d16, uint16_t{0x0F0F}));
    hn::StoreU(pairs, d16, reinterpret_cast<uint16_t*>(codes + 2 * i));
  }
}

/// Stores the bytes of a group, of which encode(c) gives a vector from element c on. In one piece,
/// because reading back what was stored in several stalls.
template <typename Encode>
HWY_INLINE void StoreBytes(const Encode& encode, uint8_t* bytes) {
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
  const VU v0 = encode(0), v1 = encode(8), v2 = encode(16), v3 = encode(24);
  const __m256i words =
      _mm256_packus_epi16(_mm256_packus_epi32(v0.raw, v1.raw), _mm256_packus_epi32(v2.raw, v3.raw));
  // Each half has one half of every vector.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_store_si256(reinterpret_cast<__m256i*>(bytes), _mm256_permutevar8x32_epi32(words, order));
#else
  const D8 d8;
  for (int64_t c = 0; c < kMxGroup; c += static_cast<int64_t>(hn::Lanes(d8))) {
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(DI(), encode(c))), d8, bytes + c);
  }
#endif
}

/// Values of a group times the scale; NaN where the scale is 255.
HWY_INLINE void DecodeGroup(const uint8_t* packed, uint8_t scale, float* values) {
  alignas(32) uint8_t codes[kMxGroup];
  UnpackNibbles(packed, codes);
  const DF d;
  const DU du;
  const D8 d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // Magnitude 2..7 as a float: its three bits are the last of the exponent and the first of the
  // mantissa. 0 and 1 would be subnormal; there the value is half the code.
  const VF step = hn::Set(d, MxScaleValue(scale));
  for (int64_t c = 0; c < kMxGroup; c += lanes) {
    const VU code = hn::PromoteTo(du, hn::LoadU(d8, codes + c));
    const VU magnitude = hn::And(code, Const(7));
    const VF normal = hn::BitCast(d, hn::Add(hn::ShiftLeft<22>(magnitude), Const(126u << 23)));
    const VF half = hn::Mul(hn::ConvertTo(d, hn::BitCast(DI(), magnitude)), hn::Set(d, 0.5f));
    const VF value = hn::IfThenElse(hn::RebindMask(d, hn::Gt(magnitude, Const(1))), normal, half);
    const VU sign = hn::ShiftLeft<31>(hn::ShiftRight<3>(code));
    const VF with_sign = hn::BitCast(d, hn::Or(hn::BitCast(du, value), sign));
    hn::StoreU(hn::Mul(with_sign, step), d, values + c);
  }
}

}  // namespace
}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
