#include "tersor/kernel/mxfp4_kernel.h"

#include <bit>
#include <utility>
#include <vector>

#include "tersor/kernel/mxfp4_vnni.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/mxfp4_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// AVX2: vpmaddubsw multiplies bytes and adds pairs, vpaddw sums: two instructions for 32 products,
// where vpmaddwd and 32-bit sums need three. The caller sees to it that every sum fits 16 bits in
// the end; what overflows on the way, and the offset, cancels modulo 2^16. A pair never saturates:
// 2 · (96 + 96) · 48 = 18432.
//
// Four rows by two vectors of columns leave registers for products in flight. One of the two
// vectors of b is read by each multiplication from the first cache: with both in registers, the
// additions crowd multiplications out of the ports that only they can use (measured on Zen 3).

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace {

#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86

constexpr int kRows = 4;

HWY_INLINE __m256i Load(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

/// sum += the products of a and b, kept in turn: GCC would otherwise form many products first and
/// then have no registers for the sums.
HWY_INLINE void Add(__m256i a, __m256i b, __m256i& sum) {
  __m256i pairs;
  asm volatile("vpmaddubsw %2, %1, %0" : "=x"(pairs) : "x"(a), "x"(b));
  asm volatile("vpaddw %1, %0, %0" : "+x"(sum) : "x"(pairs));
}
HWY_INLINE void AddFromMemory(__m256i a, const __m256i& b, __m256i& sum) {
  __m256i pairs;
  asm volatile("vpmaddubsw %2, %1, %0" : "=x"(pairs) : "x"(a), "m"(b));
  asm volatile("vpaddw %1, %0, %0" : "+x"(sum) : "x"(pairs));
}

/// 32-bit sums of kRows rows from `row` on.
HWY_INLINE void SumRows(const Mxfp4Product& p, int64_t row, __m256i (&sum)[kRows][2]) {
  for (int v = 0; v < 2; ++v) {
    const __m256i surplus = _mm256_sub_epi16(Load(p.before[v]), Load(p.last[v]));
    const __m256i start = _mm256_mullo_epi16(surplus, _mm256_set1_epi16(kMxfp4Offset));
    for (int r = 0; r < kRows; ++r) {
      sum[r][v] = start;
    }
  }
  const auto* HWY_RESTRICT a = reinterpret_cast<const int32_t*>(p.a) + row;
  const auto* HWY_RESTRICT b0 = reinterpret_cast<const __m256i*>(p.b[0]);
  const auto* HWY_RESTRICT b1 = reinterpret_cast<const __m256i*>(p.b[1]);
  for (int64_t g = 0; g < p.groups; ++g) {
    HWY_UNROLL(8)
    for (int q = 0; q < 8; ++q) {
      const __m256i first = _mm256_load_si256(b0 + q);
      HWY_UNROLL(4)
      for (int r = 0; r < kRows; ++r) {
        const __m256i word = _mm256_set1_epi32(a[q * 8 + r]);
        Add(word, first, sum[r][0]);
        AddFromMemory(word, b1[q], sum[r][1]);
      }
    }
    a += 64;
    b0 += 8;
    b1 += 8;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < 2; ++v) {
      sum[r][v] = _mm256_madd_epi16(sum[r][v], _mm256_set1_epi16(1));
    }
  }
}

void Multiply(const Mxfp4Product& p, float* out) {
  for (int64_t row = 0; row < p.rows; row += kRows) {
    __m256i sum[kRows][2];
    SumRows(p, row, sum);
    for (int v = 0; v < 2; ++v) {
      const __m256i bytes =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p.b_scales[v])));
      for (int r = 0; r < kRows; ++r) {
        // 2^(sa - 127 + sb - 127 - 2), the codes being doubled, by its exponent.
        const __m256i field = _mm256_add_epi32(bytes, _mm256_set1_epi32(p.a_scales[row + r] - 129));
        const __m256 scale = _mm256_castsi256_ps(_mm256_slli_epi32(field, 23));
        float* at = out + (row + r) * kMxfp4TileCols + v * 8;
        const __m256 old = p.add ? _mm256_load_ps(at) : _mm256_setzero_ps();
        _mm256_store_ps(at, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[r][v]), scale, old));
      }
    }
  }
}

void Sum(const Mxfp4Product& p, int32_t* sums) {
  for (int64_t row = 0; row < p.rows; row += kRows) {
    __m256i sum[kRows][2];
    SumRows(p, row, sum);
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < 2; ++v) {
        _mm256_store_si256(reinterpret_cast<__m256i*>(sums + (row + r) * kMxfp4TileCols + v * 8),
                           sum[r][v]);
      }
    }
  }
}

#else

void Sum(const Mxfp4Product& p, int32_t* sums) { SumMxfp4Plainly(p, sums); }

void Multiply(const Mxfp4Product& p, float* out) {
  alignas(64) int32_t sums[kMxfp4TileRows * kMxfp4TileCols];
  SumMxfp4Plainly(p, sums);
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t c = 0; c < kMxfp4TileCols; ++c) {
      const int64_t at = r * kMxfp4TileCols + c;
      const int field = p.a_scales[r] + p.b_scales[c / 8][c % 8] - 129;
      // The product is exact, so that a fused multiplication would give the same.
      const float term =
          static_cast<float>(sums[at]) * std::bit_cast<float>(static_cast<uint32_t>(field) << 23);
      out[at] = p.add ? out[at] + term : term;
    }
  }
}

#endif

std::span<const Mxfp4Kernel> Kernels() {
  static const std::vector<Mxfp4Kernel> kernels = [] {
    std::vector<Mxfp4Kernel> list;
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
    AddMxfp4Vnni512(list);
#endif
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
    AddMxfp4Vnni256(list);
    list.push_back({"maddubs", Multiply, Sum});
#else
    list.push_back({"plain", Multiply, Sum});
#endif
    return list;
  }();
  return kernels;
}

}  // namespace
}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(Kernels);

}  // namespace

std::span<const Mxfp4Kernel> Mxfp4Kernels() { return HWY_DYNAMIC_DISPATCH(Kernels)(); }

void SumMxfp4Plainly(const Mxfp4Product& p, int32_t* sums) {
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t c = 0; c < kMxfp4TileCols; ++c) {
      const uint8_t* a = p.a + r * 4;
      const int8_t* b = p.b[c / 8] + c % 8 * 4;
      int32_t sum = 0;
      for (int64_t word = 0; word < p.groups * 8; ++word) {
        for (int64_t i = word * 32; i < word * 32 + 4; ++i) {
          sum += (a[i] - kMxfp4Offset) * b[i];
        }
      }
      sums[r * kMxfp4TileCols + c] = sum;
    }
  }
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
