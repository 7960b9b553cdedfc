// Values put into the places that a mask names, included once for each Highway target.
#if defined(TERSOR_KERNEL_SPARSE_EXPAND_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_SPARSE_EXPAND_INL_H_
#undef TERSOR_KERNEL_SPARSE_EXPAND_INL_H_
#else
#define TERSOR_KERNEL_SPARSE_EXPAND_INL_H_
#endif

#include <hwy/highway.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tersor/kernel/load_float-inl.h"
#include "tersor/kernel/sparse_matrix.h"

#ifndef TERSOR_KERNEL_SPARSE_EXPAND_ONCE_
#define TERSOR_KERNEL_SPARSE_EXPAND_ONCE_
namespace tersor::kernel {

/// Byte shuffles for each mask of eight columns: value k of those that follow each other goes into
/// the highest `bytes` bytes of the 32-bit lane of the k-th set bit; all else becomes zero. The
/// highest bytes of a lane are where bfloat16 is a float32, and int8 a number times 2^24.
struct alignas(64) SparseShuffles {
  constexpr explicit SparseShuffles(int bytes) {
    for (int mask = 0; mask < 256; ++mask) {
      int next = 0;
      for (int i = 0; i < 8; ++i) {
        const bool set = (mask >> i & 1) != 0;
        for (int b = 0; b < 4; ++b) {
          const int from = set && b >= 4 - bytes ? next++ : 0x80;
          lanes[static_cast<size_t>(mask)][static_cast<size_t>(4 * i + b)] =
              static_cast<uint8_t>(from);
        }
      }
    }
  }
  std::array<std::array<uint8_t, 32>, 256> lanes{};
};
inline constexpr SparseShuffles kSparseShuffles1(1), kSparseShuffles2(2);

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_SPARSE_EXPAND_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {

// A step is what one mask selects, in kSparseParts vectors. SparseExpand<type>(values, mask, part)
// gives one of them: weights, except that those of kInt8 are kSparseUnit times too large.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
using SparseMask = uint16_t;
using SparseD = hwy::HWY_NAMESPACE::CappedTag<float, 16>;
constexpr int kSparseParts = 1;
constexpr float kSparseUnit = 1;

// vpexpandd in registers: from memory it is half as fast. vpexpandw and vpexpandb (VBMI2) would
// place 32 or 64 values at once, but splitting those into floats costs more than it saves.
template <SparseType kType>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<SparseD> SparseExpand(const uint8_t* values, uint32_t mask,
                                                         int /*part*/) {
  const auto k = static_cast<__mmask16>(mask);
  if constexpr (kType == SparseType::kF32) {
    __m512 loaded = _mm512_loadu_ps(values);
    asm("" : "+v"(loaded));  // keeps the load out of vexpandps
    return hwy::HWY_NAMESPACE::Vec<SparseD>{_mm512_maskz_expand_ps(k, loaded)};
  } else if constexpr (kType == SparseType::kBF16) {
    // To the upper halves of the 32-bit lanes.
    const __m512i upper = _mm512_slli_epi32(
        _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), 16);
    const __m512i loaded = _mm512_castsi256_si512(
        _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(values))));
    const __m512i wide = _mm512_maskz_permutexvar_epi16(0xaaaaaaaau, upper, loaded);
    return hwy::HWY_NAMESPACE::Vec<SparseD>{
        _mm512_castsi512_ps(_mm512_maskz_expand_epi32(k, wide))};
  } else {
    const __m512i wide = _mm512_cvtepi8_epi32(
        _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(values))));
    return hwy::HWY_NAMESPACE::Vec<SparseD>{_mm512_cvtepi32_ps(_mm512_maskz_expand_epi32(k, wide))};
  }
}

#else
using SparseMask = uint8_t;
using SparseD = hwy::HWY_NAMESPACE::CappedTag<float, 8>;
constexpr int kSparseParts = 8 / static_cast<int>(hwy::HWY_NAMESPACE::MaxLanes(SparseD()));

#if HWY_TARGET == HWY_AVX2
constexpr float kSparseUnit = 0x1p24f;

// The values are loaded into both halves of a vector, so that one vpshufb places them.
template <SparseType kType>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<SparseD> SparseExpand(const uint8_t* values, uint32_t mask,
                                                         int /*part*/) {
  const SparseShuffles& table = kType == SparseType::kBF16 ? kSparseShuffles2 : kSparseShuffles1;
  const __m256i lanes = _mm256_load_si256(
      static_cast<const __m256i*>(static_cast<const void*>(table.lanes[mask].data())));
  if constexpr (kType == SparseType::kF32) {
    const __m256 loaded =
        _mm256_loadu_ps(static_cast<const float*>(static_cast<const void*>(values)));
    const __m256 placed = _mm256_permutevar8x32_ps(loaded, _mm256_srli_epi32(lanes, 24));
    // Lanes without a value have the sign bit set.
    return hwy::HWY_NAMESPACE::Vec<SparseD>{
        _mm256_blendv_ps(placed, _mm256_setzero_ps(), _mm256_castsi256_ps(lanes))};
  } else if constexpr (kType == SparseType::kBF16) {
    const __m256i twice = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(values))));
    return hwy::HWY_NAMESPACE::Vec<SparseD>{_mm256_castsi256_ps(_mm256_shuffle_epi8(twice, lanes))};
  } else {
    int64_t eight;
    std::memcpy(&eight, values, sizeof(eight));
    return hwy::HWY_NAMESPACE::Vec<SparseD>{
        _mm256_cvtepi32_ps(_mm256_shuffle_epi8(_mm256_set1_epi64x(eight), lanes))};
  }
}

#elif HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
constexpr float kSparseUnit = 1;

template <SparseType kType>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<SparseD> SparseExpand(const uint8_t* values, uint32_t mask,
                                                         int part) {
  constexpr int kLanes = 8 / kSparseParts;
  HWY_ALIGN float lanes[kLanes] = {};
  for (int i = 0; i < kLanes; ++i) {
    const int bit = part * kLanes + i;
    if ((mask >> bit & 1) != 0) {
      const uint8_t* from =
          values + std::popcount(mask & ((1u << bit) - 1)) * static_cast<int>(BytesOf(kType));
      if constexpr (kType == SparseType::kInt8) {
        lanes[i] = static_cast<float>(static_cast<int8_t>(*from));
      } else {
        lanes[i] =
            LoadFloat<std::conditional_t<kType == SparseType::kF32, float, hwy::bfloat16_t>>(from);
      }
    }
  }
  return hwy::HWY_NAMESPACE::Load(SparseD(), lanes);
}

#else  // vectors of 16 bytes
constexpr float kSparseUnit = 0x1p24f;

template <SparseType kType>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<SparseD> SparseExpand(const uint8_t* values, uint32_t mask,
                                                         int part) {
  namespace hn = hwy::HWY_NAMESPACE;
  const SparseD d;
  const hn::Repartition<uint8_t, SparseD> d8;
  if constexpr (kType == SparseType::kF32) {
    // The shuffle of one byte, repeated for the four of a float.
    const uint32_t half = part == 0 ? mask & 15 : mask >> 4;
    const int before = part == 0 ? 0 : std::popcount(mask & 15);
    HWY_ALIGN uint32_t lanes[4];
    std::memcpy(lanes, kSparseShuffles1.lanes[half].data(), sizeof(lanes));
    for (uint32_t& lane : lanes) {
      lane = (lane >> 31) != 0 ? 0x80808080u : (lane >> 24) * 0x04040404u + 0x03020100u;
    }
    const auto from = hn::Load(d8, reinterpret_cast<const uint8_t*>(lanes));
    return hn::BitCast(d, hn::TableLookupBytesOr0(hn::LoadU(d8, values + 4 * before), from));
  } else {
    const SparseShuffles& table = kType == SparseType::kBF16 ? kSparseShuffles2 : kSparseShuffles1;
    const auto placed = hn::TableLookupBytesOr0(hn::LoadU(d8, values),
                                                hn::Load(d8, table.lanes[mask].data() + 16 * part));
    if constexpr (kType == SparseType::kBF16) {
      return hn::BitCast(d, placed);
    } else {
      return hn::ConvertTo(d, hn::BitCast(hn::RebindToSigned<SparseD>(), placed));
    }
  }
}
#endif
#endif

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
