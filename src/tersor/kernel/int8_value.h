// Values weighted by probabilities in INT8: attention's second product where the processor has
// products of bytes. SageAttention2 (Zhang et al., arXiv:2411.10958) takes FP8 for it;
// a CPU has bytes.
#ifndef TERSOR_KERNEL_INT8_VALUE_H_
#define TERSOR_KERNEL_INT8_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tersor/kernel/flash_block.h"
#include "tersor/kernel/matvec.h"

namespace tersor::kernel {

/// The code of a row's largest weight in a block of keys.
inline constexpr float kLargestWeightCode = 255;

/// Products of a row group's weights with columns [begin, end) of a key block, both multiples of 4:
/// out[r, i] += weight_scales[r] · value_scales[i] · Σ_c weights[r, c] values[c, i], the integer
/// sum exact.
struct Int8ValueInput {
  const uint8_t* weights;      // [rows, kKeyBlock]
  const float* weight_scales;  // [rows]
  const int8_t* values;        // [padded / 16, kKeyBlock / 4, 16, 4]
  const float* value_scales;   // [padded]
  int64_t rows, padded;        // padded: PaddedDim()
  int64_t begin, end;
  float* out;  // [rows, padded]
};

struct Int8ValueKernel {
  std::string_view name;
  void (*run)(const Int8ValueInput&);
};

/// Those that run on this machine, the best first; the last one, "plain", is the definition in
/// loops. Follows Highway's choice of target, so that tests reach each.
std::span<const Int8ValueKernel> Int8ValueKernels();

/// The best of them where it is faster than float32, that is by vpdpbusd; else null.
const Int8ValueKernel* FastInt8Values();

/// At most kKeyBlock values [count, dim], `stride` elements apart, to the codes of a block as
/// Int8ValueInput::values says, rounding half to even, and a scale for each channel: its largest
/// absolute value over 127. Values and channels that fill up are zero; so is a channel below 1e-30.
/// A channel with a value that is not finite has the scale NaN.
void QuantizeValues(FloatType type, const std::byte* from, int64_t stride, int64_t count,
                    int64_t dim, int8_t* codes, float* scales);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_INT8_VALUE_H_
