#include "tersor/kernel/int8_score_vnni.h"

#include "tersor/kernel/vnni.h"

#if defined(__x86_64__)

#include <cstring>
#include <utility>

#include "tersor/kernel/attend.h"

// vpdpbusd adds four products of an unsigned and a signed byte to each 32-bit lane, with nothing
// saturating in between: keys are unsigned by an offset of 128, whose share comes off at the start.
namespace tersor::kernel {
namespace {

constexpr int32_t kOffset = 128;

inline int32_t Quad(const int8_t* codes) {
  int32_t quad;
  std::memcpy(&quad, codes, sizeof quad);
  return quad;
}

/// The first key of a column's panel.
inline const uint8_t* Panel(const Int8ScoreInput& in, int64_t col) {
  return in.keys + col * in.depth;
}

/// kRows queries by kPanels panels of 16 keys.
template <int kRows, int kPanels>
TERSOR_VNNI_512 inline void Tile512(const Int8ScoreInput& in, int64_t row, int64_t col) {
  const int8_t* __restrict query = in.query + row * in.depth;
  const uint8_t* __restrict keys = Panel(in, col);
  const int64_t next = kKeyPanel * in.depth;  // from panel to panel
  __m512i sums[kRows][kPanels];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      sums[r][p] = _mm512_set1_epi32(-kOffset * in.sums[row + r]);
    }
  }
  for (int64_t k = 0; k < in.depth; k += 4) {
    __m512i x[kPanels];
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      x[p] = _mm512_loadu_si512(keys + p * next);
    }
    keys += 4 * kKeyPanel;
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const __m512i quad = _mm512_set1_epi32(Quad(query + r * in.depth + k));
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) {
        sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], x[p], quad);
        asm volatile("" : "+v"(sums[r][p]));  // row by row, or GCC runs out of registers
      }
    }
  }
  const __m512 scale = _mm512_set1_ps(in.scale);
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      _mm512_storeu_ps(in.scores + (row + r) * kKeyBlock + col + p * kKeyPanel,
                       _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r][p]), scale));
    }
  }
}

template <int kPanels>
TERSOR_VNNI_512 inline void Columns512(const Int8ScoreInput& in, int64_t col) {
  int64_t r = 0;
  for (; r + 12 <= in.rows; r += 12) {
    Tile512<12, kPanels>(in, r, col);
  }
  for (; r + 8 <= in.rows; r += 8) {
    Tile512<8, kPanels>(in, r, col);
  }
  for (; r + 4 <= in.rows; r += 4) {
    Tile512<4, kPanels>(in, r, col);
  }
  for (; r < in.rows; ++r) {
    Tile512<1, kPanels>(in, r, col);
  }
}

TERSOR_VNNI_512 void Run512(const Int8ScoreInput& in) {
  int64_t c = in.begin;
  for (; c + 2 * kKeyPanel <= in.end; c += 2 * kKeyPanel) {
    Columns512<2>(in, c);
  }
  if (c < in.end) {
    Columns512<1>(in, c);
  }
}

/// kRows queries by one panel, two vectors of keys.
template <int kRows>
TERSOR_VNNI_256 inline void Tile256(const Int8ScoreInput& in, int64_t row, int64_t col) {
  const int8_t* __restrict query = in.query + row * in.depth;
  const uint8_t* __restrict keys = Panel(in, col);
  __m256i even[kRows], odd[kRows];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    even[r] = odd[r] = _mm256_set1_epi32(-kOffset * in.sums[row + r]);
  }
  for (int64_t k = 0; k < in.depth; k += 4) {
    const __m256i x0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys));
    const __m256i x1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys + 32));
    keys += 4 * kKeyPanel;
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256i quad = _mm256_set1_epi32(Quad(query + r * in.depth + k));
      even[r] = _mm256_dpbusd_avx_epi32(even[r], x0, quad);
      odd[r] = _mm256_dpbusd_avx_epi32(odd[r], x1, quad);
      asm volatile("" : "+x"(even[r]), "+x"(odd[r]));
    }
  }
  const __m256 scale = _mm256_set1_ps(in.scale);
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    float* out = in.scores + (row + r) * kKeyBlock + col;
    _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_cvtepi32_ps(even[r]), scale));
    _mm256_storeu_ps(out + 8, _mm256_mul_ps(_mm256_cvtepi32_ps(odd[r]), scale));
  }
}

TERSOR_VNNI_256 void Run256(const Int8ScoreInput& in) {
  for (int64_t c = in.begin; c < in.end; c += kKeyPanel) {
    int64_t r = 0;
    for (; r + 6 <= in.rows; r += 6) {
      Tile256<6>(in, r, c);
    }
    for (; r + 2 <= in.rows; r += 2) {
      Tile256<2>(in, r, c);
    }
    for (; r < in.rows; ++r) {
      Tile256<1>(in, r, c);
    }
  }
}

}  // namespace

void AddScoreVnni512(std::vector<Int8ScoreKernel>& kernels) {
  if (HasAvx512Vnni()) {
    kernels.push_back({"avx512vnni", kOffset, 127, Run512});
  }
}

void AddScoreVnni256(std::vector<Int8ScoreKernel>& kernels) {
  if (HasAvxVnni()) {
    kernels.push_back({"avxvnni", kOffset, 127, Run256});
  }
}

}  // namespace tersor::kernel

#else  // not x86

namespace tersor::kernel {

void AddScoreVnni512(std::vector<Int8ScoreKernel>&) {}
void AddScoreVnni256(std::vector<Int8ScoreKernel>&) {}

}  // namespace tersor::kernel

#endif
