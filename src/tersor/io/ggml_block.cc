#include "tersor/io/ggml_block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "tersor/io/dtype.h"
#include "tersor/kernel/ggml_mxfp4.h"
#include "tersor/util/error.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::io {
namespace {

constexpr int64_t kGrainBlocks = 256;
constexpr int64_t kMxfp4Weights = kernel::GgmlMxfp4Block::kSize;

void DequantizeBlock(const BlockQ8_0& block, float* to) {
  const float scale = F16ToFloat(block.scale);
  for (int i = 0; i < 32; ++i) {
    to[i] = scale * static_cast<float>(block.q[i]);
  }
}

void DequantizeBlock(const BlockQ4_0& block, float* to) {
  const float scale = F16ToFloat(block.scale);
  for (int i = 0; i < 16; ++i) {
    to[i] = scale * static_cast<float>((block.q[i] & 15) - 8);
    to[i + 16] = scale * static_cast<float>((block.q[i] >> 4) - 8);
  }
}

struct ScaleAndMin {
  int scale, min;
};

ScaleAndMin GroupOf(const uint8_t* packed, int group) {
  if (group < 4) {
    return {packed[group] & 63, packed[group + 4] & 63};
  }
  return {(packed[group + 4] & 15) | (packed[group - 4] >> 6) << 4,
          (packed[group + 4] >> 4) | (packed[group] >> 6) << 4};
}

void DequantizeBlock(const BlockQ4K& block, float* to) {
  const float scale = F16ToFloat(block.scale), min_scale = F16ToFloat(block.min_scale);
  for (int group = 0; group < 8; ++group) {
    const ScaleAndMin packed = GroupOf(block.packed, group);
    const float s = scale * static_cast<float>(packed.scale);
    const float m = min_scale * static_cast<float>(packed.min);
    const uint8_t* q = block.q + 32 * (group / 2);
    const int shift = 4 * (group % 2);
    for (int i = 0; i < 32; ++i) {
      to[32 * group + i] = s * static_cast<float>((q[i] >> shift) & 15) - m;
    }
  }
}

/// Each half of 128 weights is four rows of 32: row r has its low bits in the halves of 64 bytes
/// (rows 0 and 1 the low ones) and its high bits at bit 2r of 32 bytes.
void DequantizeBlock(const BlockQ6K& block, float* to) {
  const float scale = F16ToFloat(block.scale);
  for (int row = 0; row < 8; ++row) {
    const int half = row / 4, r = row % 4;
    const uint8_t* low = block.low + 64 * half + 32 * (r % 2);
    const uint8_t* high = block.high + 32 * half;
    for (int i = 0; i < 32; ++i) {
      const int q = ((low[i] >> (4 * (r / 2))) & 15) | ((high[i] >> (2 * r)) & 3) << 4;
      const float s = scale * static_cast<float>(block.s[8 * half + 2 * r + i / 16]);
      to[32 * row + i] = s * static_cast<float>(q - 32);
    }
  }
}

template <typename Block>
void DequantizeAll(std::span<const std::byte> from, std::span<float> to) {
  ParallelFor(0, static_cast<int64_t>(from.size() / sizeof(Block)), kGrainBlocks,
              [&](int64_t first, int64_t last) {
                for (int64_t i = first; i < last; ++i) {
                  Block block;
                  std::memcpy(&block, from.data() + static_cast<size_t>(i) * sizeof(Block),
                              sizeof(Block));
                  DequantizeBlock(block, to.data() + i * Block::kSize);
                }
              });
}

BlockQ8_0 QuantizeBlock(const float* from) {
  constexpr float kLargest = 127 * 65504.0F;  // where the scale is the largest half float
  float largest = 0;
  for (int i = 0; i < BlockQ8_0::kSize; ++i) {
    TERSOR_CHECK(std::fabs(from[i]) <= kLargest, "value ", from[i], " does not fit Q8_0");
    largest = std::max(largest, std::fabs(from[i]));
  }
  // The scale divides before it is rounded to half precision: the same bytes as llama.cpp's.
  const float scale = largest / 127;
  const float inverse = scale > 0 ? 1 / scale : 0;
  BlockQ8_0 block{};
  block.scale = FloatToF16(scale);
  for (int i = 0; i < BlockQ8_0::kSize && std::isfinite(inverse); ++i) {
    block.q[i] = static_cast<int8_t>(std::round(from[i] * inverse));
  }
  return block;
}

void QuantizeQ8_0(std::span<const float> from, std::span<std::byte> to) {
  ParallelFor(0, static_cast<int64_t>(from.size() / BlockQ8_0::kSize), kGrainBlocks,
              [&](int64_t first, int64_t last) {
                for (int64_t i = first; i < last; ++i) {
                  const BlockQ8_0 block = QuantizeBlock(from.data() + i * BlockQ8_0::kSize);
                  std::memcpy(to.data() + static_cast<size_t>(i) * sizeof(block), &block,
                              sizeof(block));
                }
              });
}

void DequantizeMxfp4(std::span<const std::byte> from, std::span<float> to) {
  ParallelFor(0, std::ssize(to) / kMxfp4Weights, kGrainBlocks, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      kernel::GgmlMxfp4Block block;
      std::memcpy(&block, from.data() + static_cast<size_t>(i) * sizeof(block), sizeof(block));
      kernel::DecodeGgmlMxfp4(block, to.data() + i * kMxfp4Weights);
    }
  });
}

void QuantizeMxfp4(std::span<const float> from, std::span<std::byte> to) {
  ParallelFor(0, std::ssize(from) / kMxfp4Weights, kGrainBlocks, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const float* weights = from.data() + i * kMxfp4Weights;
      const kernel::GgmlMxfp4Block block = kernel::EncodeGgmlMxfp4(weights);
      TERSOR_CHECK(block.scale != 255, "a value that is not finite does not fit MXFP4");
      std::memcpy(to.data() + static_cast<size_t>(i) * sizeof(block), &block, sizeof(block));
    }
  });
}

/// The plain float types, which io/dtype.h converts.
std::optional<Dtype> FloatType(GgmlType type) {
  switch (type) {
    case GgmlType::kF32:
      return Dtype::kF32;
    case GgmlType::kF16:
      return Dtype::kF16;
    case GgmlType::kBF16:
      return Dtype::kBF16;
    default:
      return std::nullopt;
  }
}

void CheckSizes(GgmlType type, size_t bytes, size_t weights) {
  const GgmlTypeTraits& traits = Traits(type);
  const auto block = static_cast<size_t>(traits.block_size);
  TERSOR_CHECK(
      weights % block == 0 && bytes == weights / block * static_cast<size_t>(traits.block_bytes),
      bytes, " bytes do not hold ", weights, " weights of ", traits.name);
}

}  // namespace

bool CanDequantize(GgmlType type) {
  return FloatType(type) || type == GgmlType::kQ8_0 || type == GgmlType::kQ4_0 ||
         type == GgmlType::kQ4K || type == GgmlType::kQ6K || type == GgmlType::kMxfp4;
}

bool CanQuantize(GgmlType type) {
  return FloatType(type) || type == GgmlType::kQ8_0 || type == GgmlType::kMxfp4;
}

void Dequantize(GgmlType type, std::span<const std::byte> from, std::span<float> to) {
  CheckSizes(type, from.size(), to.size());
  if (const std::optional<Dtype> dtype = FloatType(type)) {
    return ToFloat(*dtype, from, to);
  }
  switch (type) {
    case GgmlType::kQ8_0:
      return DequantizeAll<BlockQ8_0>(from, to);
    case GgmlType::kQ4_0:
      return DequantizeAll<BlockQ4_0>(from, to);
    case GgmlType::kQ4K:
      return DequantizeAll<BlockQ4K>(from, to);
    case GgmlType::kQ6K:
      return DequantizeAll<BlockQ6K>(from, to);
    case GgmlType::kMxfp4:
      return DequantizeMxfp4(from, to);
    default:
      Fail("weights of type ", Name(type),
           " cannot be read; supported: F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K, MXFP4");
  }
}

void Quantize(GgmlType type, std::span<const float> from, std::span<std::byte> to) {
  TERSOR_CHECK(CanQuantize(type), "weights cannot be stored as ", Name(type),
               "; supported: F32, F16, BF16, Q8_0, MXFP4");
  CheckSizes(type, to.size(), from.size());
  if (const std::optional<Dtype> dtype = FloatType(type)) {
    return FromFloat(*dtype, from, to);
  }
  type == GgmlType::kMxfp4 ? QuantizeMxfp4(from, to) : QuantizeQ8_0(from, to);
}

}  // namespace tersor::io
