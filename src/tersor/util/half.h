// Half-precision numbers, IEEE binary16 and bfloat16, from and to their bits.
#ifndef TERSOR_UTIL_HALF_H_
#define TERSOR_UTIL_HALF_H_

#include <bit>
#include <cstdint>

namespace tersor {

inline float F16ToFloat(uint16_t bits) {
  if ((bits & 0x7c00) == 0x7c00) {
    // Infinity and NaN keep sign and payload.
    return std::bit_cast<float>((uint32_t{bits} & 0x8000) << 16 | 0x7f800000 |
                                (uint32_t{bits} & 0x3ff) << 13);
  }
  // Exponent and mantissa in float's places stand for the value times 2^-112; subnormals too.
  const float magnitude = std::bit_cast<float>((uint32_t{bits} & 0x7fff) << 13) * 0x1.0p112f;
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

inline float BF16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

/// Rounds to nearest even; NaN stays NaN.
inline uint16_t FloatToF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  }
  if (magnitude >= 0x477ff000) {  // 65520 and above round to infinity.
    return static_cast<uint16_t>(sign | 0x7c00);
  }
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 lets the FPU round to a multiple of 2^-24, nearest even.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000));
  }
  const uint32_t rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1);
  return static_cast<uint16_t>(sign | (rounded >> 13));
}

/// Rounds to nearest even; NaN stays NaN.
inline uint16_t FloatToBF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) {
    return static_cast<uint16_t>((bits >> 16) | 0x40);  // Keeps NaN from rounding to infinity.
  }
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace tersor

#endif  // TERSOR_UTIL_HALF_H_
