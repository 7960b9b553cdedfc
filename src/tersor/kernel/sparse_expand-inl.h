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
    for (size_t mask = 0; mask < 256; ++mask) {
      int next = 0;
      for (size_t i = 0; i < 32; ++i) {
        const bool stored = (mask >> (i / 4) & 1) != 0 && static_cast<int>(i % 4) >= 4 - bytes;
        lanes[mask][i] = static_cast<uint8_t>(stored ? next++ : 0x80);
      }
    }
  }
  std::array<std::array<uint8_t, 32>, 256> lanes{};
};
inline constexpr SparseShuffles kSparseShuffles1(1), kSparseShuffles2(2);

template <SparseType kType>
constexpr const SparseShuffles& ShufflesOf() {
  return kType == SparseType::kBF16 ? kSparseShuffles2 : kSparseShuffles1;
}

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_SPARSE_EXPAND_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {

// SparseInOrder<type> places the values of a step, which are those of one mask: Expand() gives the
// weights of its columns in kParts vectors, kUnit times too large. SparseInAnyOrder<type> is the
// fastest there is for that; where it is kInterleaved, part p holds columns p, p + kParts, ... of
// the step, otherwise parts follow each other.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
using SparseD = hwy::HWY_NAMESPACE::CappedTag<float, 16>;
using SparseVec = hwy::HWY_NAMESPACE::Vec<SparseD>;

/// To merge into: an expansion that zeroes by its mask waits for what its register held before
/// (Zen 5: five cycles instead of one), and compilers would turn a plain zero into that.
HWY_INLINE __m512i FreshZeros() {
  __m512i zeros;
  asm("vpxord %0, %0, %0" : "=v"(zeros));
  return zeros;
}

/// 64 bytes at any address, which stay a load: vpexpand from memory is half as fast.
HWY_INLINE __m512i LoadValues(const uint8_t* values) {
  __m512i loaded = _mm512_loadu_si512(values);
  asm("" : "+v"(loaded));
  return loaded;
}

template <SparseType kType>
struct SparseInOrder {
  using Mask = uint16_t;
  static constexpr int kParts = 1;
  static constexpr bool kInterleaved = false;
  static constexpr float kUnit = 1;

  static HWY_INLINE void Expand(const uint8_t* values, Mask mask, SparseVec (&out)[kParts]) {
    const void* from = values;
    if constexpr (kType == SparseType::kF32) {
      out[0] = SparseVec{
          _mm512_castsi512_ps(_mm512_mask_expand_epi32(FreshZeros(), mask, LoadValues(values)))};
    } else if constexpr (kType == SparseType::kBF16) {
      // To the upper halves of 32-bit lanes.
      const __m512i upper = _mm512_slli_epi32(
          _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), 16);
      const __m512i loaded =
          _mm512_castsi256_si512(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
      const __m512i wide = _mm512_maskz_permutexvar_epi16(0xaaaaaaaau, upper, loaded);
      out[0] = SparseVec{_mm512_castsi512_ps(_mm512_mask_expand_epi32(FreshZeros(), mask, wide))};
    } else {
      const __m512i wide = _mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from)));
      out[0] = SparseVec{_mm512_cvtepi32_ps(_mm512_mask_expand_epi32(FreshZeros(), mask, wide))};
    }
  }
};

#if HWY_TARGET == HWY_AVX3_DL  // VBMI2: 32 or 64 values at once
template <SparseType kType>
struct SparseInAnyOrder : SparseInOrder<kType> {};

template <>
struct SparseInAnyOrder<SparseType::kBF16> {
  using Mask = uint32_t;
  static constexpr int kParts = 2;
  static constexpr bool kInterleaved = true;
  static constexpr float kUnit = 1;

  static HWY_INLINE void Expand(const uint8_t* values, Mask mask, SparseVec (&out)[kParts]) {
    const __m512i placed = _mm512_mask_expand_epi16(FreshZeros(), mask, LoadValues(values));
    const __m512i high = _mm512_set1_epi32(static_cast<int>(0xffff0000));
    out[0] = SparseVec{_mm512_castsi512_ps(_mm512_slli_epi32(placed, 16))};
    out[1] = SparseVec{_mm512_castsi512_ps(_mm512_and_si512(placed, high))};
  }
};

template <>
struct SparseInAnyOrder<SparseType::kInt8> {
  using Mask = uint64_t;
  static constexpr int kParts = 4;
  static constexpr bool kInterleaved = true;
  static constexpr float kUnit = 0x1p24f;

  static HWY_INLINE void Expand(const uint8_t* values, Mask mask, SparseVec (&out)[kParts]) {
    const __m512i placed = _mm512_mask_expand_epi8(FreshZeros(), mask, LoadValues(values));
    const __m512i high = _mm512_set1_epi32(static_cast<int>(0xff000000));
    out[0] = SparseVec{_mm512_cvtepi32_ps(_mm512_slli_epi32(placed, 24))};
    out[1] = SparseVec{_mm512_cvtepi32_ps(_mm512_and_si512(_mm512_slli_epi32(placed, 16), high))};
    out[2] = SparseVec{_mm512_cvtepi32_ps(_mm512_and_si512(_mm512_slli_epi32(placed, 8), high))};
    out[3] = SparseVec{_mm512_cvtepi32_ps(_mm512_and_si512(placed, high))};
  }
};
#endif  // HWY_AVX3_DL

#else  // steps of eight columns
using SparseD = hwy::HWY_NAMESPACE::CappedTag<float, 8>;
using SparseVec = hwy::HWY_NAMESPACE::Vec<SparseD>;

template <SparseType kType>
struct SparseInOrder {
  using Mask = uint8_t;
  static constexpr int kLanes = static_cast<int>(hwy::HWY_NAMESPACE::MaxLanes(SparseD()));
  static constexpr int kParts = 8 / kLanes;
  static constexpr bool kInterleaved = false;

#if HWY_TARGET == HWY_AVX2
  static constexpr float kUnit = kType == SparseType::kInt8 ? 0x1p24f : 1;

  // The values are loaded into both halves of a vector, so that one vpshufb places them.
  static HWY_INLINE void Expand(const uint8_t* values, Mask mask, SparseVec (&out)[kParts]) {
    const void* table = ShufflesOf<kType>().lanes[mask].data();
    const __m256i lanes = _mm256_load_si256(static_cast<const __m256i*>(table));
    const void* from = values;
    if constexpr (kType == SparseType::kF32) {
      const __m256 placed = _mm256_permutevar8x32_ps(
          _mm256_loadu_ps(static_cast<const float*>(from)), _mm256_srli_epi32(lanes, 24));
      // Lanes without a value have the sign bit set.
      out[0] = SparseVec{_mm256_blendv_ps(placed, _mm256_setzero_ps(), _mm256_castsi256_ps(lanes))};
    } else if constexpr (kType == SparseType::kBF16) {
      const __m256i twice =
          _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(from)));
      out[0] = SparseVec{_mm256_castsi256_ps(_mm256_shuffle_epi8(twice, lanes))};
    } else {
      int64_t eight;
      std::memcpy(&eight, values, sizeof(eight));
      const __m256i placed = _mm256_shuffle_epi8(_mm256_set1_epi64x(eight), lanes);
      out[0] = SparseVec{_mm256_cvtepi32_ps(placed)};
    }
  }

#elif HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  static constexpr float kUnit = 1;

  static HWY_INLINE void Expand(const uint8_t* values, Mask mask, SparseVec (&out)[kParts]) {
    HWY_ALIGN float weights[8] = {};
    for (int i = 0; i < 8; ++i) {
      if ((mask >> i & 1) == 0) {
        continue;
      }
      if constexpr (kType == SparseType::kInt8) {
        weights[i] = static_cast<float>(static_cast<int8_t>(*values));
      } else {
        using Stored = std::conditional_t<kType == SparseType::kF32, float, hwy::bfloat16_t>;
        weights[i] = LoadFloat<Stored>(values);
      }
      values += BytesOf(kType);
    }
    for (int part = 0; part < kParts; ++part) {
      out[part] = hwy::HWY_NAMESPACE::Load(SparseD(), weights + part * kLanes);
    }
  }

#else  // vectors of 16 bytes
  static constexpr float kUnit = kType == SparseType::kInt8 ? 0x1p24f : 1;

  static HWY_INLINE void Expand(const uint8_t* values, Mask mask, SparseVec (&out)[kParts]) {
    namespace hn = hwy::HWY_NAMESPACE;
    const SparseD d;
    const hn::Repartition<uint8_t, SparseD> d8;
    for (int part = 0; part < kParts; ++part) {
      if constexpr (kType == SparseType::kF32) {
        const uint32_t half = part == 0 ? mask & 15u : mask >> 4;
        const uint8_t* from = values + (part == 0 ? 0 : 4 * std::popcount(mask & 15u));
        out[part] = hn::BitCast(
            d, hn::TableLookupBytesOr0(hn::LoadU(d8, from), hn::Load(d8, Shuffle4(half).data())));
      } else {
        const auto lanes = hn::Load(d8, ShufflesOf<kType>().lanes[mask].data() + 16 * part);
        const auto placed = hn::TableLookupBytesOr0(hn::LoadU(d8, values), lanes);
        if constexpr (kType == SparseType::kBF16) {
          out[part] = hn::BitCast(d, placed);
        } else {
          out[part] = hn::ConvertTo(d, hn::BitCast(hn::RebindToSigned<SparseD>(), placed));
        }
      }
    }
  }

  /// The shuffle of one byte, repeated for the four of a float.
  static const std::array<uint8_t, 16>& Shuffle4(uint32_t mask) {
    struct alignas(16) Shuffle {
      std::array<uint8_t, 16> bytes;
    };
    static constexpr auto kShuffles = [] {
      std::array<Shuffle, 16> all{};
      for (size_t m = 0; m < 16; ++m) {
        for (size_t i = 0; i < 16; ++i) {
          const int from = kSparseShuffles1.lanes[m][i / 4 * 4 + 3];
          all[m].bytes[i] = static_cast<uint8_t>(from == 0x80 ? from : 4 * from + static_cast<int>(i % 4));
        }
      }
      return all;
    }();
    return kShuffles[mask].bytes;
  }
#endif
};
#endif  // steps of eight columns

#if HWY_TARGET != HWY_AVX3_DL
template <SparseType kType>
using SparseInAnyOrder = SparseInOrder<kType>;
#endif

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
