#include "tersor/kernel/int8_score.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/int8_score_vnni.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/int8_score.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/load_float-inl.h"
#include "tersor/kernel/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The definition, for instruction sets without products of bytes.
void RunPlain(const Int8ScoreInput& in) {
  for (int64_t r = 0; r < in.rows; ++r) {
    for (int64_t c = in.begin; c < in.end; ++c) {
      int32_t sum = -128 * in.sums[r];
      for (int64_t k = 0; k < in.depth; ++k) {
        const int64_t at = c / kKeyPanel * kKeyPanel * in.depth + k / 4 * 4 * kKeyPanel;
        sum += in.query[r * in.depth + k] * in.keys[at + c % kKeyPanel * 4 + k % 4];
      }
      in.scores[r * kKeyBlock + c] = static_cast<float>(sum) * in.scale;
    }
  }
}

#undef TERSOR_HAVE_MADDUBS
#if HWY_TARGET == HWY_AVX2 || (HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86)
#define TERSOR_HAVE_MADDUBS 1
// vpmaddubsw: a key's code plus 64 is at most 127, so a pair of products stays within 127 · 127 · 2
// = 32258 and the 16-bit sums do not saturate.
using DI = hn::CappedTag<int32_t, 16>;
using VI = hn::Vec<DI>;
constexpr int64_t kIntLanes = static_cast<int64_t>(hn::MaxLanes(DI()));
constexpr int32_t kMaddubsOffset = 64;

HWY_INLINE VI Dot(VI keys, VI query, VI sum) {
#if HWY_TARGET == HWY_AVX2
  const __m256i pairs = _mm256_maddubs_epi16(keys.raw, query.raw);
  return VI{_mm256_add_epi32(sum.raw, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))};
#else
  const __m512i pairs = _mm512_maddubs_epi16(keys.raw, query.raw);
  return VI{_mm512_add_epi32(sum.raw, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
#endif
}

// One vector of keys leaves registers for the products of pairs, which sums of two would not.
template <int kRows>
HWY_NOINLINE void ByteTile(const Int8ScoreInput& in, int64_t row, int64_t col) {
  const DI d;
  const hn::RebindToFloat<DI> df;
  const int8_t* HWY_RESTRICT query = in.query + row * in.depth;
  const uint8_t* HWY_RESTRICT keys =
      in.keys + col / kKeyPanel * kKeyPanel * in.depth + col % kKeyPanel * 4;
  VI sums[kRows];
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    sums[r] = hn::Set(d, -kMaddubsOffset * in.sums[row + r]);
  }
  for (int64_t k = 0; k < in.depth; k += 4) {
    const VI x = hn::LoadU(d, reinterpret_cast<const int32_t*>(keys));
    keys += 4 * kKeyPanel;
    HWY_UNROLL(12)
    for (int r = 0; r < kRows; ++r) {
      int32_t quad;
      std::memcpy(&quad, query + r * in.depth + k, sizeof quad);
      sums[r] = Dot(x, hn::Set(d, quad), sums[r]);
      asm volatile("" : "+v"(sums[r].raw));  // row by row, or GCC runs out of registers
    }
  }
  const auto scale = hn::Set(df, in.scale);
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    hn::StoreU(hn::Mul(hn::ConvertTo(df, sums[r]), scale), df,
               in.scores + (row + r) * kKeyBlock + col);
  }
}

void RunMaddubs(const Int8ScoreInput& in) {
  for (int64_t c = in.begin; c < in.end; c += kIntLanes) {
    int64_t r = 0;
    const auto run = [&]<int kRows>(std::integral_constant<int, kRows>) {
      for (; r + kRows <= in.rows; r += kRows) {
        ByteTile<kRows>(in, r, c);
      }
    };
    run(std::integral_constant<int, 8>());
    run(std::integral_constant<int, 4>());
    run(std::integral_constant<int, 1>());
  }
}
#else
#define TERSOR_HAVE_MADDUBS 0
#endif

std::span<const Int8ScoreKernel> ScoreKernels() {
  static const std::vector<Int8ScoreKernel> kernels = [] {
    std::vector<Int8ScoreKernel> list;
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
    AddScoreVnni512(list);
#elif HWY_TARGET == HWY_AVX2
    AddScoreVnni256(list);
#endif
#if TERSOR_HAVE_MADDUBS
    list.push_back({"maddubs", kMaddubsOffset, 63, RunMaddubs});
#endif
    list.push_back({"plain", 128, 127, RunPlain});
    return list;
  }();
  return kernels;
}

/// row = a stored row minus shift; returns its largest absolute value. `poison` becomes NaN where a
/// value is not finite: a comparison loses that, a product with zero does not.
template <class T>
HWY_INLINE float LoadRow(const uint8_t* stored, const float* HWY_RESTRICT shift, int64_t dim,
                         float* HWY_RESTRICT row, float& poison) {
  float largest = 0;
  for (int64_t i = 0; i < dim; ++i) {
    row[i] = LoadFloat<T>(stored + i * static_cast<int64_t>(sizeof(T))) -
             (shift == nullptr ? 0 : shift[i]);
    largest = std::max(largest, std::abs(row[i]));
    poison += row[i] * 0;
  }
  return largest;
}

/// values [rows, dim] = stored rows minus shift; returns the largest absolute value, NaN where one
/// is not finite.
float LoadRows(FloatType type, const std::byte* from, int64_t stride, int64_t rows, int64_t dim,
               const float* shift, float* values) {
  const auto* stored = reinterpret_cast<const uint8_t*>(from);
  float largest = 0, poison = 0;
  for (int64_t r = 0; r < rows; ++r, stored += stride * BytesOf(type), values += dim) {
    largest = std::max(largest, type == FloatType::kF32
                                    ? LoadRow<float>(stored, shift, dim, values, poison)
                                    : LoadRow<hwy::bfloat16_t>(stored, shift, dim, values, poison));
  }
  return largest + poison;
}

/// Rounds x, half away from zero.
HWY_INLINE int32_t Round(float x) { return static_cast<int32_t>(x + std::copysign(0.5f, x)); }

void EncodeQueries(const float* values, int64_t rows, int64_t dim, float inverse,
                   int8_t* HWY_RESTRICT codes, int32_t* HWY_RESTRICT sums) {
  const int64_t depth = Int8Depth(dim);
  for (int64_t r = 0; r < rows; ++r, values += dim, codes += depth) {
    int32_t sum = 0;
    for (int64_t i = 0; i < dim; ++i) {
      const int32_t code = Round(values[i] * inverse);
      codes[i] = static_cast<int8_t>(code);
      sum += code;
    }
    std::fill(codes + dim, codes + depth, int8_t{0});
    sums[r] = sum;
  }
}

void EncodeKeys(const float* values, int64_t count, int64_t dim, float inverse, int32_t offset,
                uint8_t* HWY_RESTRICT codes) {
  const int64_t depth = Int8Depth(dim);
  std::memset(codes, offset, static_cast<size_t>(kKeyBlock * depth));
  for (int64_t c = 0; c < count; ++c) {
    uint8_t* to = codes + c / kKeyPanel * kKeyPanel * depth + c % kKeyPanel * 4;
    for (int64_t i = 0; i < dim; ++i) {
      to[i / 4 * 4 * kKeyPanel + i % 4] =
          static_cast<uint8_t>(Round(values[c * dim + i] * inverse) + offset);
    }
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(ScoreKernels);
HWY_EXPORT(LoadRows);
HWY_EXPORT(EncodeQueries);
HWY_EXPORT(EncodeKeys);

/// As SageAttention's code does: never zero.
float ScaleOf(float largest, int limit) { return largest / static_cast<float>(limit) + 1e-7f; }

/// What the values [count] are multiplied with. Where they are not all finite, and the scale says
/// so, they become zeros, which have codes.
float InverseOf(float scale, int64_t count, float* values) {
  if (std::isnan(scale)) {
    std::fill_n(values, count, 0.0f);
    return 0;
  }
  return 1 / scale;
}

}  // namespace

std::span<const Int8ScoreKernel> Int8ScoreKernels() { return HWY_DYNAMIC_DISPATCH(ScoreKernels)(); }

float QuantizeQueries(FloatType type, const std::byte* from, int64_t stride, int64_t rows,
                      int64_t dim, int8_t* codes, int32_t* sums) {
  float values[kRowGroup * kMaxHeadDim];
  const float scale =
      ScaleOf(HWY_DYNAMIC_DISPATCH(LoadRows)(type, from, stride, rows, dim, nullptr, values), 127);
  HWY_DYNAMIC_DISPATCH(EncodeQueries)
  (values, rows, dim, InverseOf(scale, rows * dim, values), codes, sums);
  return scale;
}

float QuantizeKeys(const Int8ScoreKernel& kernel, FloatType type, const std::byte* from,
                   int64_t stride, int64_t count, int64_t dim, const float* shift, uint8_t* codes) {
  float values[kKeyBlock * kMaxHeadDim];
  const float scale = ScaleOf(
      HWY_DYNAMIC_DISPATCH(LoadRows)(type, from, stride, count, dim, shift, values), kernel.limit);
  HWY_DYNAMIC_DISPATCH(EncodeKeys)
  (values, count, dim, InverseOf(scale, count * dim, values), kernel.offset, codes);
  return scale;
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
