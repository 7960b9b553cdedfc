#include "tersor/kernel/mx_round.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// One group; `index` is that of its first element.
bool RoundGroup(const float* x, int64_t count, int64_t index, MxElement element,
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

}  // namespace

bool MxRound(const float* x, int64_t rows, int64_t cols, MxElement element,
             const MxRounding& rounding, float* values) {
  const uint64_t key = MixMxKey(rounding.key);
  std::atomic<bool> finite = true;
  ParallelFor(0, rows, 1, [&](int64_t first, int64_t last) {
    bool mine = true;
    for (int64_t r = first; r < last; ++r) {
      for (int64_t c = 0; c < cols; c += kMxGroup) {
        const int64_t i = r * cols + c;
        mine &=
            RoundGroup(x + i, std::min(kMxGroup, cols - c), i, element, rounding, key, values + i);
      }
    }
    if (!mine) {
      finite = false;
    }
  });
  return finite;
}

}  // namespace tersor::kernel
