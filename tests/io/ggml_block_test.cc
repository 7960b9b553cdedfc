#include "tersor/io/ggml_block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tersor/io/dtype.h"
#include "tersor/kernel/ggml_mxfp4.h"
#include "tersor/util/error.h"
#include "tersor/util/half.h"
#include "tersor/util/rng.h"

namespace tersor::io {
namespace {

template <typename Block>
std::vector<float> Floats(GgmlType type, const Block& block) {
  std::vector<float> values(Block::kSize);
  Dequantize(type, std::as_bytes(std::span(&block, 1)), values);
  return values;
}

TEST(GgmlType, SizesFitTheBlocks) {
  EXPECT_EQ(Traits(GgmlType::kQ8_0).block_bytes, int64_t{sizeof(BlockQ8_0)});
  EXPECT_EQ(Traits(GgmlType::kQ4_0).block_bytes, int64_t{sizeof(BlockQ4_0)});
  EXPECT_EQ(Traits(GgmlType::kQ4K).block_bytes, int64_t{sizeof(BlockQ4K)});
  EXPECT_EQ(Traits(GgmlType::kQ6K).block_bytes, int64_t{sizeof(BlockQ6K)});
  EXPECT_EQ(Name(GgmlType::kQ4K), "Q4_K");
  EXPECT_EQ(FindGgmlType(4), nullptr);  // withdrawn
  EXPECT_EQ(FindGgmlType(1000), nullptr);
}

TEST(GgmlBlock, Q8_0) {
  BlockQ8_0 block{FloatToF16(0.5F), {}};
  block.q[0] = -127;
  block.q[31] = 3;
  const std::vector<float> values = Floats(GgmlType::kQ8_0, block);
  EXPECT_EQ(values[0], -63.5F);
  EXPECT_EQ(values[1], 0);
  EXPECT_EQ(values[31], 1.5F);
}

TEST(GgmlBlock, Q4_0HoldsTheSecondHalfInTheHighBits) {
  BlockQ4_0 block{FloatToF16(2), {}};
  for (int i = 0; i < 16; ++i) {
    block.q[i] = static_cast<uint8_t>(i | (15 - i) << 4);
  }
  const std::vector<float> values = Floats(GgmlType::kQ4_0, block);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values[static_cast<size_t>(i)], 2.0F * static_cast<float>(i - 8));
    EXPECT_EQ(values[static_cast<size_t>(i + 16)], 2.0F * static_cast<float>(7 - i));
  }
}

// Six-bit scales and minima of all eight groups, packed here bit by bit as the layout is described.
TEST(GgmlBlock, Q4K) {
  const int scales[8] = {1, 2, 63, 31, 5, 46, 17, 60}, mins[8] = {0, 63, 7, 32, 33, 50, 16, 3};
  BlockQ4K block{FloatToF16(0.25F), FloatToF16(0.5F), {}, {}};
  for (int g = 0; g < 4; ++g) {
    block.packed[g] = static_cast<uint8_t>(scales[g] | (scales[g + 4] >> 4) << 6);
    block.packed[g + 4] = static_cast<uint8_t>(mins[g] | (mins[g + 4] >> 4) << 6);
    block.packed[g + 8] = static_cast<uint8_t>((scales[g + 4] & 15) | (mins[g + 4] & 15) << 4);
  }
  const auto q_of = [](int i) { return (7 * i + i / 32) % 16; };
  for (int c = 0; c < 4; ++c) {
    for (int i = 0; i < 32; ++i) {
      block.q[32 * c + i] = static_cast<uint8_t>(q_of(64 * c + i) | q_of(64 * c + 32 + i) << 4);
    }
  }
  const std::vector<float> values = Floats(GgmlType::kQ4K, block);
  for (int i = 0; i < 256; ++i) {
    const float expected = 0.25F * static_cast<float>(scales[i / 32] * q_of(i)) -
                           0.5F * static_cast<float>(mins[i / 32]);
    ASSERT_EQ(values[static_cast<size_t>(i)], expected) << i;
  }
}

TEST(GgmlBlock, Q6K) {
  BlockQ6K block{};
  block.scale = FloatToF16(0.125F);
  const auto q_of = [](int i) { return (11 * i + i / 64) % 64; };
  for (int g = 0; g < 16; ++g) {
    block.s[g] = static_cast<int8_t>(9 * g - 70);
  }
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, row = i % 128 / 32, column = i % 32, q = q_of(i);
    block.low[64 * half + 32 * (row % 2) + column] |=
        static_cast<uint8_t>((q & 15) << 4 * (row / 2));
    block.high[32 * half + column] |= static_cast<uint8_t>((q >> 4) << 2 * row);
  }
  const std::vector<float> values = Floats(GgmlType::kQ6K, block);
  for (int i = 0; i < 256; ++i) {
    ASSERT_EQ(values[static_cast<size_t>(i)],
              0.125F * static_cast<float>(block.s[i / 16] * (q_of(i) - 32)))
        << i;
  }
}

TEST(GgmlBlock, QuantizingToQ8_0ErrsByHalfAStep) {
  const Rng rng(1);
  std::vector<float> values(32 * 600);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(rng.Normal(i));
  }
  std::vector<std::byte> blocks(values.size() / 32 * 34);
  Quantize(GgmlType::kQ8_0, values, blocks);
  std::vector<float> back(values.size());
  Dequantize(GgmlType::kQ8_0, blocks, back);
  for (size_t block = 0; block < values.size(); block += 32) {
    float largest = 0;
    for (size_t i = block; i < block + 32; ++i) {
      largest = std::max(largest, std::fabs(values[i]));
    }
    for (size_t i = block; i < block + 32; ++i) {
      // Half a step, and the scale's own rounding to 11 bits.
      ASSERT_NEAR(back[i], values[i], largest / 254 * 1.001F + largest / 2048);
    }
  }
}

TEST(GgmlBlock, QuantizingToQ8_0KnownAnswer) {
  std::vector<float> values(64);
  values[0] = -254;
  values[1] = 3;       // 1.5 steps round away from zero
  values[2] = -2.99F;  // 1.495 steps
  std::vector<std::byte> bytes(68);
  Quantize(GgmlType::kQ8_0, values, bytes);
  BlockQ8_0 block;
  std::memcpy(&block, bytes.data(), sizeof(block));
  EXPECT_EQ(F16ToFloat(block.scale), 2);
  EXPECT_EQ(block.q[0], -127);
  EXPECT_EQ(block.q[1], 2);
  EXPECT_EQ(block.q[2], -1);
  for (size_t i = 34; i < 68; ++i) {
    EXPECT_EQ(bytes[i], std::byte{0});  // all zero: scale 0
  }
}

TEST(GgmlBlock, Mxfp4) {
  EXPECT_EQ(Traits(GgmlType::kMxfp4).block_bytes, int64_t{sizeof(kernel::GgmlMxfp4Block)});
  EXPECT_EQ(static_cast<uint32_t>(GgmlType::kMxfp4), 39u);
  const float grid[16] = {0, .5F, 1, 1.5F, 2, 3, 4, 6, -0.0F, -.5F, -1, -1.5F, -2, -3, -4, -6};
  std::vector<float> values(64), back(64);
  for (size_t i = 0; i < 32; ++i) {
    values[i] = 4 * grid[i % 16];
  }
  std::vector<std::byte> bytes(34);
  Quantize(GgmlType::kMxfp4, values, bytes);
  Dequantize(GgmlType::kMxfp4, bytes, back);
  EXPECT_EQ(back, values);
  EXPECT_EQ(bytes[0], std::byte{129});
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(bytes[static_cast<size_t>(1 + i)], std::byte(i * 17));  // weights i and i + 16
  }
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF}) {
    values[40] = bad;
    EXPECT_THROW(Quantize(GgmlType::kMxfp4, values, bytes), Error);
  }
}

TEST(GgmlBlock, Refusals) {
  std::vector<float> values(32);
  std::vector<std::byte> bytes(34);
  EXPECT_THROW(Quantize(GgmlType::kQ4K, values, bytes), Error);
  EXPECT_THROW(Dequantize(GgmlType::kQ5_0, std::span(bytes).first(22), values), Error);
  EXPECT_THROW(Dequantize(GgmlType::kQ8_0, std::span(bytes).first(33), values), Error);
  EXPECT_THROW(Quantize(GgmlType::kQ8_0, std::span(values).first(31), bytes), Error);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e7F}) {
    values[5] = bad;
    EXPECT_THROW(Quantize(GgmlType::kQ8_0, values, bytes), Error) << bad;
  }
  values[5] = 1e-44F;  // its scale is no half float but zero
  Quantize(GgmlType::kQ8_0, values, bytes);
  std::vector<float> back(32);
  Dequantize(GgmlType::kQ8_0, bytes, back);
  EXPECT_EQ(back, std::vector<float>(32));
}

}  // namespace
}  // namespace tersor::io
