// MXFP4 as GGUF stores it: 32 numbers of four bits (E2M1) that share a power of two (E8M0).
#ifndef TERSOR_KERNEL_GGML_MXFP4_H_
#define TERSOR_KERNEL_GGML_MXFP4_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tersor/kernel/mx_format.h"

namespace tersor::kernel {

/// value = 2^(scale - 127) · E2M1: number j is the low half of codes[j], number j + 16 its high
/// half. A scale of 255 makes all numbers NaN.
struct GgmlMxfp4Block {
  static constexpr int kSize = 32;
  uint8_t scale;
  uint8_t codes[16];
};
static_assert(sizeof(GgmlMxfp4Block) == 17);

/// Twice the value of each code: whole numbers.
inline constexpr int8_t kDoubledE2m1[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                            0, -1, -2, -3, -4, -6, -8, -12};

/// What a doubled value is multiplied with: 2^(scale - 128), exact (subnormal for 0 and 1).
constexpr float HalfScale(uint8_t scale) {
  if (scale == 255) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  return std::bit_cast<float>(scale > 1 ? (uint32_t{scale} - 1) << 23 : 0x00200000u << scale);
}

/// The scale with which no magnitude up to `largest` is cut off.
constexpr uint8_t TruncationFreeScale(float largest) {
  return MxScaleByte(MxElement::kE2M1, MxScaleRule::kTruncationFree, largest);
}

/// 2^(127 - scale) for the scales that TruncationFreeScale gives to finite numbers.
constexpr float InverseScale(uint8_t scale) { return std::bit_cast<float>((254u - scale) << 23); }

/// Numbers rounded to nearest, ties to the even code. Numbers that lie on the grid of some block
/// keep their value, though perhaps with another scale.
inline GgmlMxfp4Block EncodeGgmlMxfp4(const float* x) {
  float largest = 0, poison = 0;
  for (int i = 0; i < GgmlMxfp4Block::kSize; ++i) {
    largest = std::max(largest, std::abs(x[i]));
    poison += x[i] * 0;  // NaN for what is not finite
  }
  GgmlMxfp4Block block{TruncationFreeScale(poison == 0 ? largest : INFINITY), {}};
  if (block.scale == 255) {
    return block;
  }
  const float inverse = InverseScale(block.scale);
  const auto code = [&](float value) {
    const float doubled = 2 * (std::abs(value) * inverse);
    // Adding 2^23 times the step of the grid rounds to its multiples, nearest even.
    const float step = doubled < 4 ? 1.0f : doubled < 8 ? 2.0f : 4.0f;
    const float rounded = doubled + step * 0x1p23f - step * 0x1p23f;
    const int n = static_cast<int>(rounded);
    const int magnitude = n < 4 ? n : n < 8 ? 2 + n / 2 : 4 + n / 4;
    return static_cast<uint8_t>(magnitude | (std::signbit(value) ? 8 : 0));
  };
  for (int i = 0; i < 16; ++i) {
    block.codes[i] = static_cast<uint8_t>(code(x[i]) | code(x[i + 16]) << 4);
  }
  return block;
}

/// Exact; zeros keep their sign.
inline void DecodeGgmlMxfp4(const GgmlMxfp4Block& block, float* out) {
  const float half = HalfScale(block.scale);
  const auto value = [&](int code) {
    const float magnitude = half * static_cast<float>(kDoubledE2m1[code & 7]);
    return (code & 8) != 0 ? -magnitude : magnitude;
  };
  for (int i = 0; i < 16; ++i) {
    out[i] = value(block.codes[i] & 15);
    out[i + 16] = value(block.codes[i] >> 4);
  }
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_GGML_MXFP4_H_
