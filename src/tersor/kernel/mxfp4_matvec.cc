#include "tersor/kernel/mxfp4_matvec.h"

#include <algorithm>
#include <array>

#include "tersor/kernel/prefetch.h"
#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/mxfp4_matvec.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/mxfp4_unpack-inl.h"

// A block takes 17 bytes, so that already four cycles for its 32 products would leave memory
// waiting. What keeps them few: four rows are walked at once, which share the loads of x and, being
// streams of their own, read faster (matvec.cc); the blocks of two rows lie in the halves of a
// vector; a table turns codes into doubled values plus 12, which are unsigned as vpmaddubsw wants
// them, and what the 12 adds depends on x alone (ByteGroups::offsets). 16-bit sums cannot overflow:
// four products of at most 24 · 12, or of 24 · 128.
#ifndef TERSOR_KERNEL_MXFP4_MATVEC_ONCE_
#define TERSOR_KERNEL_MXFP4_MATVEC_ONCE_
namespace tersor::kernel {

constexpr int64_t kRowsAtOnce = 4;
constexpr int64_t kBlockBytes = sizeof(GgmlMxfp4Block);
constexpr int64_t kAheadBytes = 1024;  // that are asked for before they are used

/// x of one token.
struct TokenGroups {
  const int8_t* values;
  const float* scales;
  const int32_t* offsets;
};

/// Doubled values plus 12.
constexpr int8_t kUnsignedE2m1[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};

/// HalfScale() of every byte, twice in a row.
constexpr auto kHalfScales = [] {
  std::array<std::array<float, 2>, 256> scales{};
  for (int i = 0; i < 256; ++i) {
    scales[static_cast<size_t>(i)].fill(HalfScale(static_cast<uint8_t>(i)));
  }
  return scales;
}();

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_MXFP4_MATVEC_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// FourRows<kPlanes> sums four rows: Add() one group of each, Store() the four results.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
HWY_INLINE __m128i Load16(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
#endif

#if HWY_TARGET == HWY_AVX2

HWY_INLINE __m256i LoadTwice(const void* from) { return _mm256_broadcastsi128_si256(Load16(from)); }

/// The codes of two rows' blocks, unpacked: those of the low halves and of the high ones.
struct TwoBlocks {
  HWY_INLINE TwoBlocks(const uint8_t* a, const uint8_t* b) {
    const __m256i table = LoadTwice(kUnsignedE2m1), mask = _mm256_set1_epi8(15);
    const __m256i codes =
        _mm256_inserti128_si256(_mm256_castsi128_si256(Load16(a + 1)), Load16(b + 1), 1);
    low = _mm256_shuffle_epi8(table, _mm256_and_si256(codes, mask));
    high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(codes, 4), mask));
  }
  /// Eight 16-bit sums a row with the group at x.
  HWY_INLINE __m256i Dot(const int8_t* x) const {
    return _mm256_add_epi16(_mm256_maddubs_epi16(low, LoadTwice(x)),
                            _mm256_maddubs_epi16(high, LoadTwice(x + 16)));
  }
  __m256i low, high;
};

HWY_INLINE float SumOfFour(__m128 v) {
  v = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}

template <int kPlanes>
class FourRows;

/// MXFP4 by MXFP4. Sums of eight products still fit 16 bits, so all four rows go into one vector
/// before they are widened, scaled and added: rows 0, 2 | 1, 3, two sums each.
template <>
class FourRows<1> {
 public:
  HWY_INLINE FourRows() : sums_(_mm256_setzero_ps()) {}
  HWY_INLINE void Add(const uint8_t* const* HWY_RESTRICT rows, int64_t at, const int8_t* x,
                      float scale, const int32_t* offsets) {
    const uint8_t *a = rows[0] + at, *b = rows[1] + at, *c = rows[2] + at, *d = rows[3] + at;
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i ab = _mm256_madd_epi16(TwoBlocks(a, b).Dot(x), ones);
    const __m256i cd = _mm256_madd_epi16(TwoBlocks(c, d).Dot(x), ones);
    __m256i four = _mm256_packs_epi32(ab, cd);
    four = _mm256_add_epi16(four, _mm256_packs_epi32(LoadTwice(offsets), LoadTwice(offsets)));
    const __m256i sums = _mm256_madd_epi16(four, ones);
    const __m256 scales =
        _mm256_insertf128_ps(_mm256_castps128_ps256(ScalesOf(a, c)), ScalesOf(b, d), 1);
    sums_ = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), _mm256_mul_ps(scales, _mm256_set1_ps(scale)),
                            sums_);
  }
  HWY_INLINE void Store(float* out) const {
    const __m128 even = _mm256_castps256_ps128(sums_), odd = _mm256_extractf128_ps(sums_, 1);
    _mm_storeu_ps(out,
                  _mm_hadd_ps(_mm_shuffle_ps(even, odd, 0x44), _mm_shuffle_ps(even, odd, 0xee)));
  }

 private:
  /// Those of two blocks, each twice.
  static HWY_INLINE __m128 ScalesOf(const uint8_t* a, const uint8_t* b) {
    const __m128 first = _mm_castsi128_ps(_mm_loadu_si64(kHalfScales[*a].data()));
    return _mm_loadh_pi(first, reinterpret_cast<const __m64*>(kHalfScales[*b].data()));
  }
  __m256 sums_;
};

/// MXFP4 by 16 bits. Two rows a vector, four sums each.
template <>
class FourRows<2> {
 public:
  HWY_INLINE FourRows() : first_(_mm256_setzero_ps()), second_(_mm256_setzero_ps()) {}
  HWY_INLINE void Add(const uint8_t* const* HWY_RESTRICT rows, int64_t at, const int8_t* x,
                      float scale, const int32_t* offsets) {
    const __m256i offset = LoadTwice(offsets);
    const __m256 scale_x = _mm256_set1_ps(scale);
    AddTwo(rows[0] + at, rows[1] + at, x, scale_x, offset, first_);
    AddTwo(rows[2] + at, rows[3] + at, x, scale_x, offset, second_);
  }
  HWY_INLINE void Store(float* out) const {
    out[0] = SumOfFour(_mm256_castps256_ps128(first_));
    out[1] = SumOfFour(_mm256_extractf128_ps(first_, 1));
    out[2] = SumOfFour(_mm256_castps256_ps128(second_));
    out[3] = SumOfFour(_mm256_extractf128_ps(second_, 1));
  }

 private:
  static HWY_INLINE void AddTwo(const uint8_t* a, const uint8_t* b, const int8_t* x, __m256 scale_x,
                                __m256i offset, __m256& sums) {
    const TwoBlocks weights(a, b);
    const __m256i high = _mm256_madd_epi16(weights.Dot(x), _mm256_set1_epi16(256));
    const __m256i low = _mm256_madd_epi16(weights.Dot(x + kGroup), _mm256_set1_epi16(1));
    const __m256i products = _mm256_add_epi32(_mm256_add_epi32(high, offset), low);
    const __m256 scales = _mm256_blend_ps(_mm256_broadcast_ss(kHalfScales[*a].data()),
                                          _mm256_broadcast_ss(kHalfScales[*b].data()), 0xf0);
    sums = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), _mm256_mul_ps(scales, scale_x), sums);
  }
  __m256 first_, second_;
};

#elif HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3

/// All four rows in one vector, four sums each.
template <int kPlanes>
class FourRows {
 public:
  HWY_INLINE FourRows() : sums_(_mm512_setzero_ps()) {}
  HWY_INLINE void Add(const uint8_t* const* HWY_RESTRICT rows, int64_t at, const int8_t* x,
                      float scale, const int32_t* offsets) {
    const uint8_t *a = rows[0] + at, *b = rows[1] + at, *c = rows[2] + at, *d = rows[3] + at;
    __m512i codes = _mm512_castsi128_si512(Load16(a + 1));
    codes = _mm512_inserti32x4(codes, Load16(b + 1), 1);
    codes = _mm512_inserti32x4(codes, Load16(c + 1), 2);
    codes = _mm512_inserti32x4(codes, Load16(d + 1), 3);
    const __m512i table = LoadFour(kUnsignedE2m1), mask = _mm512_set1_epi8(15);
    const __m512i low = _mm512_shuffle_epi8(table, _mm512_and_si512(codes, mask));
    const __m512i high =
        _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(codes, 4), mask));
    __m512i products = LoadFour(offsets);
    for (int plane = 0; plane < kPlanes; ++plane, x += kGroup) {
      const __m512i pairs = _mm512_add_epi16(_mm512_maddubs_epi16(low, LoadFour(x)),
                                             _mm512_maddubs_epi16(high, LoadFour(x + 16)));
      const __m512i weight = _mm512_set1_epi16(plane + 1 < kPlanes ? 256 : 1);
      products = _mm512_add_epi32(products, _mm512_madd_epi16(pairs, weight));
    }
    __m512 scales = _mm512_set1_ps(kHalfScales[*a][0]);
    scales = _mm512_mask_mov_ps(scales, 0x00f0, _mm512_set1_ps(kHalfScales[*b][0]));
    scales = _mm512_mask_mov_ps(scales, 0x0f00, _mm512_set1_ps(kHalfScales[*c][0]));
    scales = _mm512_mask_mov_ps(scales, 0xf000, _mm512_set1_ps(kHalfScales[*d][0]));
    sums_ = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products),
                            _mm512_mul_ps(scales, _mm512_set1_ps(scale)), sums_);
  }
  HWY_INLINE void Store(float* out) const {
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, sums_);
    for (int r = 0; r < 4; ++r) {
      out[r] = (lanes[4 * r] + lanes[4 * r + 2]) + (lanes[4 * r + 1] + lanes[4 * r + 3]);
    }
  }

 private:
  static HWY_INLINE __m512i LoadFour(const void* from) {
    return _mm512_broadcast_i32x4(Load16(from));
  }
  __m512 sums_;
};

#else

#if HWY_TARGET == HWY_SCALAR
using D16 = hn::Sisd<int16_t>;
using D32 = hn::Sisd<int32_t>;
#else
using D16 = hn::Full128<int16_t>;
using D32 = hn::Full128<int32_t>;
#endif

/// Signed weights and x widened to 16 bits, one row after the other.
template <int kPlanes>
class FourRows {
 public:
  HWY_INLINE FourRows() {
    for (auto& sum : sums_) {
      sum = hn::Zero(hn::RebindToFloat<D32>());
    }
  }
  HWY_INLINE void Add(const uint8_t* const* HWY_RESTRICT rows, int64_t at, const int8_t* x,
                      float scale, const int32_t* /*offsets*/) {
    const hn::RebindToFloat<D32> d;
    HWY_ALIGN int8_t weights[kGroup];
    for (int r = 0; r < 4; ++r) {
      UnpackMxfp4(rows[r] + at, weights);
      auto products = Products(weights, x);
      if (kPlanes == 2) {
        products = hn::Add(hn::ShiftLeft<8>(products), Products(weights, x + kGroup));
      }
      const auto both = hn::Set(d, kHalfScales[*(rows[r] + at)][0] * scale);
      sums_[r] = hn::MulAdd(hn::ConvertTo(d, products), both, sums_[r]);
    }
  }
  HWY_INLINE void Store(float* out) const {
    for (int r = 0; r < 4; ++r) {
      out[r] = hn::GetLane(hn::SumOfLanes(hn::RebindToFloat<D32>(), sums_[r]));
    }
  }

 private:
  /// Sums of the products of 32 bytes; together the lanes hold all of them.
  static HWY_INLINE hn::Vec<D32> Products(const int8_t* weights, const int8_t* x) {
    const D16 d16;
    const D32 d32;
    const hn::Rebind<int8_t, D16> d8;
    auto sum = hn::Zero(d32), more = hn::Zero(d32);
    for (size_t i = 0; i < kGroup; i += hn::Lanes(d16)) {
      sum = hn::ReorderWidenMulAccumulate(d32, hn::PromoteTo(d16, hn::LoadU(d8, weights + i)),
                                          hn::PromoteTo(d16, hn::LoadU(d8, x + i)), sum, more);
    }
    return hn::Add(sum, more);
  }
  hn::Vec<hn::RebindToFloat<D32>> sums_[4];
};

#endif

/// Sums of four rows with one token.
template <int kPlanes>
HWY_INLINE void DotFour(const uint8_t* const* HWY_RESTRICT rows, const TokenGroups& x,
                        int64_t groups, float* HWY_RESTRICT out) {
  FourRows<kPlanes> four;
  const auto add = [&](int64_t g) HWY_ATTR {
    four.Add(rows, g * kBlockBytes, x.values + g * kPlanes * kGroup, x.scales[g],
             x.offsets + g * 4);
  };
  int64_t g = 0;
  for (; g + 2 <= groups; g += 2) {
    for (int r = 0; r < 4; ++r) {
      PrefetchOnce(rows[r] + g * kBlockBytes + kAheadBytes);
    }
    add(g);
    add(g + 1);
  }
  if (g < groups) {
    add(g);
  }
  four.Store(out);
}

/// Rows [first, last) of y for every token. Each four rows are one of every quarter, so that a
/// thread reads four streams; where the last quarter has fewer, its last row is read again.
template <int kPlanes>
HWY_INLINE void MatvecRows(int64_t first, int64_t last, int64_t rows, const uint8_t* blocks,
                           const ByteGroups& x, int64_t tokens, float* y) {
  const int64_t quarter = (last - first + kRowsAtOnce - 1) / kRowsAtOnce;
  for (int64_t i = first; i < first + quarter; ++i) {
    int64_t index[kRowsAtOnce];
    const uint8_t* row[kRowsAtOnce];
    for (int64_t r = 0; r < kRowsAtOnce; ++r) {
      index[r] = std::min(i + r * quarter, last - 1);
      row[r] = blocks + index[r] * x.groups * kBlockBytes;
    }
    for (int64_t t = 0; t < tokens; ++t) {
      const int64_t g = t * x.groups;
      const TokenGroups token{x.values + g * kPlanes * kGroup, x.scales + g, x.offsets + g * 4};
      float sums[kRowsAtOnce];
      DotFour<kPlanes>(row, token, x.groups, sums);
      for (int64_t r = 0; r < kRowsAtOnce; ++r) {
        y[t * rows + index[r]] = sums[r];
      }
    }
  }
}

void MatvecInt16Rows(int64_t first, int64_t last, int64_t rows, const uint8_t* blocks,
                     const ByteGroups& x, int64_t tokens, float* y) {
  MatvecRows<2>(first, last, rows, blocks, x, tokens, y);
}
void MatvecMxfp4Rows(int64_t first, int64_t last, int64_t rows, const uint8_t* blocks,
                     const ByteGroups& x, int64_t tokens, float* y) {
  MatvecRows<1>(first, last, rows, blocks, x, tokens, y);
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kGrainBytes = 1 << 16;  // of W, below which a second thread does not pay

HWY_EXPORT(MatvecInt16Rows);
HWY_EXPORT(MatvecMxfp4Rows);

}  // namespace

void MatvecMxfp4(int64_t rows, const std::byte* blocks, const ByteGroups& x, int64_t tokens,
                 float* y) {
  const int64_t grain = std::max<int64_t>(1, kGrainBytes / (x.groups * kBlockBytes));
  ParallelFor(0, rows, grain, [&](int64_t first, int64_t last) {
    const auto run = x.planes == 1 ? HWY_DYNAMIC_DISPATCH(MatvecMxfp4Rows)
                                   : HWY_DYNAMIC_DISPATCH(MatvecInt16Rows);
    run(first, last, rows, reinterpret_cast<const uint8_t*>(blocks), x, tokens, y);
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
