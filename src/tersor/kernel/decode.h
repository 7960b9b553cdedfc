// Stored weights as floats.
#ifndef TERSOR_KERNEL_DECODE_H_
#define TERSOR_KERNEL_DECODE_H_

#include <cstddef>
#include <cstdint>

#include "tersor/kernel/matvec.h"

namespace tersor::kernel {

/// `count` elements of `type` at any address.
void DecodeFloats(FloatType type, const std::byte* from, int64_t count, float* out);

/// The first `count` weights of consecutive Int8Blocks.
void DecodeInt8(const std::byte* blocks, int64_t count, float* out);

/// Blocks of a row of `cols` weights: scale = largest / 127, values rounded to nearest; the last
/// block is filled up with zeros. What is not finite makes the block's scale NaN.
void EncodeInt8(const float* weights, int64_t cols, std::byte* blocks);

/// The first `count` weights of consecutive Mxfp4Blocks; exact.
void DecodeMxfp4(const std::byte* blocks, int64_t count, float* out);

/// Blocks of a row of `cols` weights (mxfp4_block.h); the last is filled up with zeros, which
/// change no scale. What is not finite makes the block's scale NaN.
void EncodeMxfp4(const float* weights, int64_t cols, std::byte* blocks);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_DECODE_H_
