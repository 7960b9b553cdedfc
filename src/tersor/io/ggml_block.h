// Blocks of quantized weights as GGUF files store them. All numbers are little-endian; the scales
// are half floats kept as their bits, so that a block may lie at any even address.
#ifndef TERSOR_IO_GGML_BLOCK_H_
#define TERSOR_IO_GGML_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "tersor/io/ggml_type.h"

namespace tersor::io {

/// w = scale * q with q in -127 .. 127.
struct BlockQ8_0 {
  static constexpr int kSize = 32;
  uint16_t scale;
  int8_t q[32];
};
static_assert(sizeof(BlockQ8_0) == 34);

/// w = scale * (q - 8): weight i in the low half of byte i, weight i + 16 in its high half.
struct BlockQ4_0 {
  static constexpr int kSize = 32;
  uint16_t scale;
  uint8_t q[16];
};
static_assert(sizeof(BlockQ4_0) == 18);

/// Eight groups of 32, w = (scale * s) * q - (min_scale * m), with s and m of six bits a group.
/// Groups 2c and 2c + 1 share bytes 32c .. 32c + 31 of `q`: low halves, then high halves.
struct BlockQ4K {
  static constexpr int kSize = 256;
  uint16_t scale, min_scale;
  // Groups 0-3: s in the low six bits of bytes 0-3, m of bytes 4-7. Groups 4-7: their low four bits
  // in the halves of bytes 8-11 (s low, m high), the upper two on top of bytes 0-3 and 4-7.
  uint8_t packed[12];
  uint8_t q[128];
};
static_assert(sizeof(BlockQ4K) == 144);

/// Sixteen groups of 16, w = (scale * s) * (q - 32), q of six bits: four in `low`, two in `high`.
struct BlockQ6K {
  static constexpr int kSize = 256;
  uint8_t low[128];
  uint8_t high[64];
  int8_t s[16];
  uint16_t scale;
};
static_assert(sizeof(BlockQ6K) == 210);

/// True for F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K and MXFP4 (kernel/ggml_mxfp4.h).
bool CanDequantize(GgmlType type);

/// True for F32, F16, BF16, Q8_0 and MXFP4.
bool CanQuantize(GgmlType type);

/// Converts whole blocks; `to` holds one float for each weight. Throws Error for other types.
void Dequantize(GgmlType type, std::span<const std::byte> from, std::span<float> to);

/// Converts floats to whole blocks. Q8_0: the scale is the largest magnitude / 127, and q is the
/// nearest whole number. MXFP4: the smallest scale that cuts nothing off, nearest values, ties to
/// the even code. Throws Error: another type, no whole blocks, values that are not finite or, for
/// Q8_0, beyond what a half-float scale reaches.
void Quantize(GgmlType type, std::span<const float> from, std::span<std::byte> to);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGML_BLOCK_H_
