#include "tersor/io/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/half.h"

namespace tersor::io {
namespace {

float Read(Dtype dtype, std::vector<unsigned char> bytes) {
  float value = 0;
  ToFloat(dtype, std::as_bytes(std::span(bytes)), {&value, 1});
  return value;
}

TEST(Dtype, NamesComeBack) {
  for (int i = 0; i <= static_cast<int>(Dtype::kU64); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    EXPECT_EQ(ParseDtype(Name(dtype)), dtype) << Name(dtype);
  }
  EXPECT_FALSE(ParseDtype("F33"));
}

TEST(Dtype, HalfKnownAnswers) {
  EXPECT_EQ(F16ToFloat(0x3c00), 1);
  EXPECT_EQ(F16ToFloat(0xc000), -2);
  EXPECT_EQ(F16ToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(F16ToFloat(0x7bff), 65504);
  EXPECT_TRUE(std::isinf(F16ToFloat(0x7c00)));
  EXPECT_TRUE(std::isnan(F16ToFloat(0x7e01)));
  EXPECT_EQ(FloatToF16(65519.9f), 0x7bff);
  EXPECT_EQ(FloatToF16(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToF16(0x1p-25f), 0);           // tie to even
  EXPECT_EQ(FloatToF16(0x1.8p-24f), 2);         // tie to even
  EXPECT_EQ(FloatToF16(1 + 0x1p-11f), 0x3c00);  // tie to even
  EXPECT_TRUE(std::isnan(F16ToFloat(FloatToF16(NAN))));
}

TEST(Dtype, EveryHalfAndBfloatComesBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if (!std::isnan(F16ToFloat(half))) {
      ASSERT_EQ(FloatToF16(F16ToFloat(half)), half);
    }
    if (!std::isnan(BF16ToFloat(half))) {
      ASSERT_EQ(FloatToBF16(BF16ToFloat(half)), half);
    }
  }
  EXPECT_EQ(FloatToBF16(1 + 0x1p-8f), 0x3f80);  // tie to even
  EXPECT_EQ(FloatToBF16(1 + 0x1.8p-7f), 0x3f82);
  EXPECT_TRUE(std::isnan(BF16ToFloat(FloatToBF16(std::bit_cast<float>(0x7f800001)))));
}

TEST(Dtype, SmallFloatsKnownAnswers) {
  EXPECT_EQ(Read(Dtype::kF8E4M3, {0x7e}), 448);
  EXPECT_TRUE(std::isnan(Read(Dtype::kF8E4M3, {0x7f})));
  EXPECT_EQ(Read(Dtype::kF8E4M3, {0x01}), 0x1p-9f);
  EXPECT_EQ(Read(Dtype::kF8E4M3, {0xb8}), -1);
  EXPECT_EQ(Read(Dtype::kF8E5M2, {0x7b}), 57344);
  EXPECT_TRUE(std::isinf(Read(Dtype::kF8E5M2, {0x7c})));
  EXPECT_EQ(Read(Dtype::kF8E8M0, {127}), 1);
  EXPECT_TRUE(std::isnan(Read(Dtype::kF8E8M0, {255})));
  EXPECT_EQ(Read(Dtype::kI16, {0xfe, 0xff}), -2);
  EXPECT_EQ(Read(Dtype::kF64, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}), 1.5f);
}

TEST(Dtype, RefusesWhatHasNoNumbers) {
  float value = 0;
  const std::byte byte{};
  EXPECT_THROW(ToFloat(Dtype::kF4, {&byte, 1}, {&value, 1}), Error);
  EXPECT_THROW(ToFloat(Dtype::kF32, {&byte, 1}, {&value, 1}), Error);
}

}  // namespace
}  // namespace tersor::io
