#include "tersor/kernel/mxfp4_vnni.h"

#include "tersor/kernel/vnni.h"

#if defined(__x86_64__)

// vpdpbusd adds four products of an unsigned and a signed byte to each 32-bit lane: one instruction
// where AVX2 takes two, and sums of any size.
namespace tersor::kernel {
namespace {

constexpr int kRows512 = 8, kRows256 = 4;

inline const int32_t* Words(const Mxfp4Product& p) { return reinterpret_cast<const int32_t*>(p.a); }

TERSOR_VNNI_512 inline __m512i Join(const void* low, const void* high) {
  return _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_loadu_si256(static_cast<const __m256i*>(low))),
      _mm256_loadu_si256(static_cast<const __m256i*>(high)), 1);
}

TERSOR_VNNI_512 inline void SumRows512(const Mxfp4Product& p, __m512i (&sum)[kRows512]) {
  const __m512i surplus =
      _mm512_sub_epi16(Join(p.before[0], p.before[1]), Join(p.last[0], p.last[1]));
  const __m512i start = _mm512_madd_epi16(surplus, _mm512_set1_epi16(kMxfp4Offset));
  for (__m512i& s : sum) {
    s = start;
  }
  for (int64_t word = 0; word < p.groups * 8; ++word) {
    const __m512i columns = Join(p.b[0] + word * 32, p.b[1] + word * 32);
#pragma GCC unroll 8
    for (int r = 0; r < kRows512; ++r) {
      sum[r] = _mm512_dpbusd_epi32(sum[r], _mm512_set1_epi32(Words(p)[word * 8 + r]), columns);
    }
  }
}

TERSOR_VNNI_512 void Multiply512(const Mxfp4Product& p, float* out) {
  __m512i sum[kRows512];
  SumRows512(p, sum);
  const __m128i bytes =
      _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p.b_scales[0])),
                         _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p.b_scales[1])));
  const __m512i column_bytes = _mm512_cvtepu8_epi32(bytes);
  for (int r = 0; r < p.rows; ++r, out += kMxfp4TileCols) {
    const __m512i field = _mm512_add_epi32(column_bytes, _mm512_set1_epi32(p.a_scales[r] - 129));
    const __m512 scale = _mm512_castsi512_ps(_mm512_slli_epi32(field, 23));
    const __m512 old = p.add ? _mm512_load_ps(out) : _mm512_setzero_ps();
    _mm512_store_ps(out, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[r]), scale, old));
  }
}

TERSOR_VNNI_512 void Sum512(const Mxfp4Product& p, int32_t* sums) {
  __m512i sum[kRows512];
  SumRows512(p, sum);
  for (int r = 0; r < p.rows; ++r) {
    _mm512_store_si512(sums + r * kMxfp4TileCols, sum[r]);
  }
}

TERSOR_VNNI_256 inline __m256i Load256(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}

TERSOR_VNNI_256 inline void SumRows256(const Mxfp4Product& p, int64_t row,
                                       __m256i (&sum)[kRows256][2]) {
  for (int v = 0; v < 2; ++v) {
    const __m256i surplus = _mm256_sub_epi16(Load256(p.before[v]), Load256(p.last[v]));
    const __m256i start = _mm256_madd_epi16(surplus, _mm256_set1_epi16(kMxfp4Offset));
    for (int r = 0; r < kRows256; ++r) {
      sum[r][v] = start;
    }
  }
  const auto* b0 = reinterpret_cast<const __m256i*>(p.b[0]);
  const auto* b1 = reinterpret_cast<const __m256i*>(p.b[1]);
  for (int64_t word = 0; word < p.groups * 8; ++word) {
    const __m256i first = _mm256_load_si256(b0 + word), second = _mm256_load_si256(b1 + word);
#pragma GCC unroll 4
    for (int r = 0; r < kRows256; ++r) {
      const __m256i codes = _mm256_set1_epi32(Words(p)[word * 8 + row + r]);
      sum[r][0] = _mm256_dpbusd_avx_epi32(sum[r][0], codes, first);
      sum[r][1] = _mm256_dpbusd_avx_epi32(sum[r][1], codes, second);
    }
  }
}

TERSOR_VNNI_256 void Multiply256(const Mxfp4Product& p, float* out) {
  for (int64_t row = 0; row < p.rows; row += kRows256) {
    __m256i sum[kRows256][2];
    SumRows256(p, row, sum);
    for (int v = 0; v < 2; ++v) {
      const __m256i bytes =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p.b_scales[v])));
      for (int r = 0; r < kRows256; ++r) {
        const __m256i field = _mm256_add_epi32(bytes, _mm256_set1_epi32(p.a_scales[row + r] - 129));
        const __m256 scale = _mm256_castsi256_ps(_mm256_slli_epi32(field, 23));
        float* at = out + (row + r) * kMxfp4TileCols + v * 8;
        const __m256 old = p.add ? _mm256_load_ps(at) : _mm256_setzero_ps();
        _mm256_store_ps(at, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[r][v]), scale, old));
      }
    }
  }
}

TERSOR_VNNI_256 void Sum256(const Mxfp4Product& p, int32_t* sums) {
  for (int64_t row = 0; row < p.rows; row += kRows256) {
    __m256i sum[kRows256][2];
    SumRows256(p, row, sum);
    for (int r = 0; r < kRows256; ++r) {
      for (int v = 0; v < 2; ++v) {
        _mm256_store_si256(reinterpret_cast<__m256i*>(sums + (row + r) * kMxfp4TileCols + v * 8),
                           sum[r][v]);
      }
    }
  }
}

}  // namespace

void AddMxfp4Vnni512(std::vector<Mxfp4Kernel>& kernels) {
  if (HasAvx512Vnni()) {
    kernels.push_back({"avx512vnni", Multiply512, Sum512});
  }
}

void AddMxfp4Vnni256(std::vector<Mxfp4Kernel>& kernels) {
  if (HasAvxVnni()) {
    kernels.push_back({"avxvnni", Multiply256, Sum256});
  }
}

}  // namespace tersor::kernel

#else  // not x86

namespace tersor::kernel {

void AddMxfp4Vnni512(std::vector<Mxfp4Kernel>&) {}
void AddMxfp4Vnni256(std::vector<Mxfp4Kernel>&) {}

}  // namespace tersor::kernel

#endif
