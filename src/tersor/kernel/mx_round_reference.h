// Rounding of a float matrix to the values of any MX format, as plain loops.
#ifndef TERSOR_KERNEL_MX_ROUND_REFERENCE_H_
#define TERSOR_KERNEL_MX_ROUND_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tersor/kernel/mx_format.h"

namespace tersor::kernel {

/// One group of MxRound; `index` is that of its first element.
inline bool RoundMxGroup(const float* x, int64_t count, int64_t index, MxElement element,
                         const MxRounding& rounding, uint64_t key, float* values) {
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float magnitude = std::fabs(x[i]);
    if (!(magnitude <= largest)) {  // NaN too
      largest = magnitude;
    }
    if (!std::isfinite(magnitude)) {
      break;
    }
  }
  const uint8_t byte = MxScaleByte(element, rounding.scale, largest);
  if (byte == kMxNanScale) {
    std::fill_n(values, count, std::numeric_limits<float>::quiet_NaN());
    return false;
  }
  const int scale = byte - 127;
  for (int64_t i = 0; i < count; ++i) {
    const float scaled = std::ldexp(x[i], -scale);
    const uint8_t code =
        rounding.stochastic
            ? EncodeMxStochastic(element, scaled, MxRandom(static_cast<uint32_t>(index + i), key))
            : EncodeMx(element, scaled, rounding.ties);
    values[i] = std::ldexp(DecodeMx(element, code), scale);
  }
  return true;
}

/// values [rows, cols] of x [rows, cols], groups of 32 along the columns, the last one of a row
/// shorter. `values` may be x. A group with a value that is not finite becomes NaN, and the result
/// is false.
inline bool MxRound(const float* x, int64_t rows, int64_t cols, MxElement element,
                    const MxRounding& rounding, float* values) {
  const uint64_t key = MixMxKey(rounding.key);
  bool finite = true;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; c += kMxGroup) {
      const int64_t i = r * cols + c;
      finite &=
          RoundMxGroup(x + i, std::min(kMxGroup, cols - c), i, element, rounding, key, values + i);
    }
  }
  return finite;
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MX_ROUND_REFERENCE_H_
