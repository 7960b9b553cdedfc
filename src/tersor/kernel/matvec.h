// y = W x for one or a few tokens: the product of decoding, bound by how fast W is read.
#ifndef TERSOR_KERNEL_MATVEC_H_
#define TERSOR_KERNEL_MATVEC_H_

#include <cstddef>
#include <cstdint>

#include "tersor/kernel/activations.h"

namespace tersor::kernel {

enum class FloatType { kF32, kBF16, kF16 };

constexpr int64_t BytesOf(FloatType type) { return type == FloatType::kF32 ? 4 : 2; }

/// Tokens up to which W is better multiplied row by row than in tiles (gemm.h). Each token's result
/// is the same bit for bit, however many there are.
inline constexpr int64_t kMatvecTokens = 8;

/// y[tokens, rows] = x[tokens, cols] Wᵀ, W [rows, cols] row-major at any address. Parallel over
/// rows; W is read once, from `kStreams` places at a time, because one stream does not fill the
/// memory's bandwidth.
void MatvecFloat(FloatType type, int64_t rows, const std::byte* weights, const Activations& x,
                 float* y);

/// 32 weights of a row: weight = scale · value. The layout is Q8_0 of GGUF, so that such files are
/// served where they lie.
struct Int8Block {
  uint16_t scale;  // IEEE half precision
  int8_t values[32];
};
static_assert(sizeof(Int8Block) == 34);

/// y[tokens, rows] = x[tokens, cols] Wᵀ, W in blocks [rows, ceil(cols / 32)] at any address. The
/// products of a block are exact: x is taken in 16-bit integers (Activations::Int16), whose
/// products with 8-bit weights add up in 32 bits.
void MatvecInt8(int64_t rows, const std::byte* blocks, const Activations& x, float* y);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MATVEC_H_
