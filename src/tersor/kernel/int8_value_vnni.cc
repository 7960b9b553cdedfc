#include "tersor/kernel/int8_value_vnni.h"

#include "tersor/kernel/vnni.h"

#if defined(__x86_64__)

#include <cstring>

// Weights are unsigned and values signed, as vpdpbusd wants them: no offset. Four positions of a
// row are one broadcast; a panel of 16 channels (1 KB a block) stays in the first cache while all
// rows pass by it.
namespace tersor::kernel {
namespace {

constexpr int64_t kPanel = 16;                       // channels
constexpr int64_t kPanelBytes = kPanel * kKeyBlock;  // of a block

inline int32_t WeightQuad(const uint8_t* codes) {
  int32_t quad;
  std::memcpy(&quad, codes, sizeof quad);
  return quad;
}

/// Codes of a panel of channels from column `begin` on.
inline const int8_t* ValuePanel(const Int8ValueInput& in, int64_t channel) {
  return in.values + channel * kKeyBlock + in.begin * kPanel;
}

/// kRows rows by kPanels panels of 16 channels.
template <int kRows, int kPanels>
TERSOR_VNNI_512 inline void ValueTile512(const Int8ValueInput& in, int64_t row, int64_t channel) {
  const uint8_t* __restrict weights = in.weights + row * kKeyBlock;
  const int8_t* __restrict values = ValuePanel(in, channel);
  __m512i sums[kRows][kPanels];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      sums[r][p] = _mm512_setzero_si512();
    }
  }
  for (int64_t c = in.begin; c < in.end; c += 4) {
    __m512i x[kPanels];
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      x[p] = _mm512_loadu_si512(values + p * kPanelBytes);
    }
    values += 4 * kPanel;
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const __m512i quad = _mm512_set1_epi32(WeightQuad(weights + r * kKeyBlock + c));
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) {
        sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], quad, x[p]);
        asm volatile("" : "+v"(sums[r][p]));  // row by row, or GCC runs out of registers
      }
    }
  }
  __m512 scales[kPanels];
#pragma GCC unroll 2
  for (int p = 0; p < kPanels; ++p) {
    scales[p] = _mm512_loadu_ps(in.value_scales + channel + p * kPanel);
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
    const __m512 scale = _mm512_set1_ps(in.weight_scales[row + r]);
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      float* out = in.out + (row + r) * in.padded + channel + p * kPanel;
      const __m512 sum = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r][p]), scale);
      _mm512_storeu_ps(out, _mm512_fmadd_ps(sum, scales[p], _mm512_loadu_ps(out)));
    }
  }
}

template <int kPanels>
TERSOR_VNNI_512 inline void Channels512(const Int8ValueInput& in, int64_t channel) {
  int64_t r = 0;
  for (; r + 12 <= in.rows; r += 12) {
    ValueTile512<12, kPanels>(in, r, channel);
  }
  for (; r + 8 <= in.rows; r += 8) {
    ValueTile512<8, kPanels>(in, r, channel);
  }
  for (; r + 4 <= in.rows; r += 4) {
    ValueTile512<4, kPanels>(in, r, channel);
  }
  for (; r < in.rows; ++r) {
    ValueTile512<1, kPanels>(in, r, channel);
  }
}

TERSOR_VNNI_512 void RunValues512(const Int8ValueInput& in) {
  int64_t i = 0;
  for (; i + 2 * kPanel <= in.padded; i += 2 * kPanel) {
    Channels512<2>(in, i);
  }
  if (i < in.padded) {
    Channels512<1>(in, i);
  }
}

/// kRows rows by one panel, two vectors of channels.
template <int kRows>
TERSOR_VNNI_256 inline void ValueTile256(const Int8ValueInput& in, int64_t row, int64_t channel) {
  const uint8_t* __restrict weights = in.weights + row * kKeyBlock;
  const int8_t* __restrict values = ValuePanel(in, channel);
  __m256i even[kRows], odd[kRows];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    even[r] = odd[r] = _mm256_setzero_si256();
  }
  for (int64_t c = in.begin; c < in.end; c += 4) {
    const __m256i x0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
    const __m256i x1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + 32));
    values += 4 * kPanel;
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256i quad = _mm256_set1_epi32(WeightQuad(weights + r * kKeyBlock + c));
      even[r] = _mm256_dpbusd_avx_epi32(even[r], quad, x0);
      odd[r] = _mm256_dpbusd_avx_epi32(odd[r], quad, x1);
      asm volatile("" : "+x"(even[r]), "+x"(odd[r]));
    }
  }
  const __m256 scale0 = _mm256_loadu_ps(in.value_scales + channel);
  const __m256 scale1 = _mm256_loadu_ps(in.value_scales + channel + 8);
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    const __m256 scale = _mm256_set1_ps(in.weight_scales[row + r]);
    float* out = in.out + (row + r) * in.padded + channel;
    const __m256 sum0 = _mm256_mul_ps(_mm256_cvtepi32_ps(even[r]), scale);
    const __m256 sum1 = _mm256_mul_ps(_mm256_cvtepi32_ps(odd[r]), scale);
    _mm256_storeu_ps(out, _mm256_fmadd_ps(sum0, scale0, _mm256_loadu_ps(out)));
    _mm256_storeu_ps(out + 8, _mm256_fmadd_ps(sum1, scale1, _mm256_loadu_ps(out + 8)));
  }
}

TERSOR_VNNI_256 void RunValues256(const Int8ValueInput& in) {
  for (int64_t i = 0; i < in.padded; i += kPanel) {
    int64_t r = 0;
    for (; r + 6 <= in.rows; r += 6) {
      ValueTile256<6>(in, r, i);
    }
    for (; r + 2 <= in.rows; r += 2) {
      ValueTile256<2>(in, r, i);
    }
    for (; r < in.rows; ++r) {
      ValueTile256<1>(in, r, i);
    }
  }
}

}  // namespace

void AddValueVnni512(std::vector<Int8ValueKernel>& kernels) {
  if (HasAvx512Vnni()) {
    kernels.push_back({"avx512vnni", RunValues512});
  }
}

void AddValueVnni256(std::vector<Int8ValueKernel>& kernels) {
  if (HasAvxVnni()) {
    kernels.push_back({"avxvnni", RunValues256});
  }
}

}  // namespace tersor::kernel

#else  // not x86

namespace tersor::kernel {

void AddValueVnni512(std::vector<Int8ValueKernel>&) {}
void AddValueVnni256(std::vector<Int8ValueKernel>&) {}

}  // namespace tersor::kernel

#endif
