#include "tersor/kernel/int8_vnni.h"

#include "tersor/kernel/vnni.h"

#if defined(__x86_64__)

#include <cstring>
#include <utility>

// vpdpbusd adds four products of an unsigned and a signed byte to each 32-bit lane, with nothing
// saturating in between. b is made unsigned by adding 128; 128 · (sum of the row of a) comes off at
// the start. The tile is as in int8_kernel.cc.
namespace tersor::kernel {
namespace {

constexpr int32_t kOffset = 128;

inline int32_t Group(const int8_t* codes) {
  int32_t group;
  std::memcpy(&group, codes, sizeof group);
  return group;
}

template <int kRows, int64_t kBlock>
TERSOR_VNNI_512 inline void Tile512(const BlockProduct& p, int64_t row, int64_t col) {
  const int8_t* __restrict a = static_cast<const int8_t*>(p.a) + row * kBlock;
  const uint8_t* __restrict b = static_cast<const uint8_t*>(p.b) + col * kBlock;
  __m512i even[kRows], odd[kRows];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
    even[r] = odd[r] = _mm512_set1_epi32(-kOffset * p.a_sums[row + r]);
  }
  for (int64_t k = 0; k < kBlock; k += 4) {
    const __m512i b0 = _mm512_load_si512(b), b1 = _mm512_load_si512(b + 64);
    b += 128;
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const __m512i group = _mm512_set1_epi32(Group(a + r * kBlock + k));
      even[r] = _mm512_dpbusd_epi32(even[r], b0, group);
      odd[r] = _mm512_dpbusd_epi32(odd[r], b1, group);
      asm volatile("" : "+v"(even[r]), "+v"(odd[r]));
    }
  }
  const __m512 scale = _mm512_set1_ps(p.scale);
  float* __restrict out = p.sums + row * kBlock + col;
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r, out += kBlock) {
    _mm512_store_ps(out, _mm512_fmadd_ps(_mm512_cvtepi32_ps(even[r]), scale, _mm512_load_ps(out)));
    _mm512_store_ps(out + 16,
                    _mm512_fmadd_ps(_mm512_cvtepi32_ps(odd[r]), scale, _mm512_load_ps(out + 16)));
  }
}

template <int64_t kBlock>
TERSOR_VNNI_512 void MultiplyBlock512(const BlockProduct& p) {
  for (int64_t col = 0; col < p.cols; col += 32) {
    int64_t row = 0;
    for (; row + 12 <= p.rows; row += 12) {
      Tile512<12, kBlock>(p, row, col);
    }
    for (; row + 4 <= p.rows; row += 4) {
      Tile512<4, kBlock>(p, row, col);
    }
    for (; row < p.rows; ++row) {
      Tile512<1, kBlock>(p, row, col);
    }
  }
}

void Multiply512(const BlockProduct& p) {
  switch (p.block) {
    case 32:
      return MultiplyBlock512<32>(p);
    case 64:
      return MultiplyBlock512<64>(p);
    default:
      return MultiplyBlock512<128>(p);
  }
}

template <int kRows, int64_t kBlock>
TERSOR_VNNI_256 inline void Tile256(const BlockProduct& p, int64_t row, int64_t col) {
  const int8_t* __restrict a = static_cast<const int8_t*>(p.a) + row * kBlock;
  const uint8_t* __restrict b = static_cast<const uint8_t*>(p.b) + col * kBlock;
  __m256i even[kRows], odd[kRows];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    even[r] = odd[r] = _mm256_set1_epi32(-kOffset * p.a_sums[row + r]);
  }
  for (int64_t k = 0; k < kBlock; k += 4) {
    const __m256i b0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(b));
    const __m256i b1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(b + 32));
    b += 64;
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256i group = _mm256_set1_epi32(Group(a + r * kBlock + k));
      even[r] = _mm256_dpbusd_avx_epi32(even[r], b0, group);
      odd[r] = _mm256_dpbusd_avx_epi32(odd[r], b1, group);
    }
  }
  const __m256 scale = _mm256_set1_ps(p.scale);
  float* __restrict out = p.sums + row * kBlock + col;
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r, out += kBlock) {
    _mm256_store_ps(out, _mm256_fmadd_ps(_mm256_cvtepi32_ps(even[r]), scale, _mm256_load_ps(out)));
    _mm256_store_ps(out + 8,
                    _mm256_fmadd_ps(_mm256_cvtepi32_ps(odd[r]), scale, _mm256_load_ps(out + 8)));
  }
}

template <int64_t kBlock>
TERSOR_VNNI_256 void MultiplyBlock256(const BlockProduct& p) {
  for (int64_t col = 0; col < p.cols; col += 16) {
    int64_t row = 0;
    for (; row + 6 <= p.rows; row += 6) {
      Tile256<6, kBlock>(p, row, col);
    }
    for (; row < p.rows; ++row) {
      Tile256<1, kBlock>(p, row, col);
    }
  }
}

void Multiply256(const BlockProduct& p) {
  switch (p.block) {
    case 32:
      return MultiplyBlock256<32>(p);
    case 64:
      return MultiplyBlock256<64>(p);
    default:
      return MultiplyBlock256<128>(p);
  }
}

}  // namespace

void AddVnni512(std::vector<Int8Kernel>& kernels) {
  if (HasAvx512Vnni()) {
    kernels.push_back({"avx512vnni", Int8Layout::kQuads, 32, kOffset, 127, Multiply512});
  }
}

void AddVnni256(std::vector<Int8Kernel>& kernels) {
  if (HasAvxVnni()) {
    kernels.push_back({"avxvnni", Int8Layout::kQuads, 16, kOffset, 127, Multiply256});
  }
}

}  // namespace tersor::kernel

#else  // not x86

namespace tersor::kernel {

void AddVnni512(std::vector<Int8Kernel>&) {}
void AddVnni256(std::vector<Int8Kernel>&) {}

}  // namespace tersor::kernel

#endif
