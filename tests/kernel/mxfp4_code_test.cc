#include "tersor/kernel/mxfp4_code.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "kernel/each_target.h"
#include "tersor/kernel/mxfp4_reference.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

FloatRows View(const std::vector<float>& x, int64_t rows, int64_t cols, int64_t stride = 0) {
  return {x.data(), rows, cols, stride == 0 ? cols : stride};
}

Mxfp4Matrix Quantized(const std::vector<float>& x, int64_t rows, int64_t cols,
                      const MxRounding& rounding = {}) {
  Mxfp4Matrix q(rows, cols);
  EXPECT_TRUE(QuantizeMxfp4(View(x, rows, cols), rounding, q.Out()));
  return q;
}

std::string Codes(const Mxfp4Matrix& q, int64_t row = 0) {
  std::string text;
  for (int64_t c = 0; c < q.cols; ++c) {
    text += "0123456789ABCDEF"[q.Code(row, c)];
  }
  return text;
}

std::string Hex(const uint8_t* bytes) {
  std::string text;
  for (int i = 0; i < kMxfp4GroupBytes; ++i) {
    text += "0123456789ABCDEF"[bytes[i] >> 4];
    text += "0123456789ABCDEF"[bytes[i] & 15];
  }
  return text;
}

double SquaredError(const std::vector<float>& x, const Mxfp4Matrix& q) {
  std::vector<float> values(x.size());
  DecodeMxfp4(q.View(), values.data(), q.cols);
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    sum += std::pow(double{x[i]} - double{values[i]}, 2);
  }
  return sum;
}

const std::vector<float> kBlock = {31, -31,  24,  16,    15,  -12.5f, 12,    10, 9.9f,  8,    -8,
                                   7,  6,    5,   4,     3,   2.5f,   2,     -2, 1.75f, 1.5f, 1,
                                   -1, .75f, .5f, -.25f, .1f, 0,      -0.0f, 20, -20,   28};

TEST(Mxfp4Code, KnownGroup) {
  ForEachTarget([] {
    const auto free = MxScaleRule::kTruncationFree, floor = MxScaleRule::kFloor;
    const Mxfp4Matrix away = Quantized(kBlock, 1, 32, {free, MxTies::kAway});
    EXPECT_EQ(away.scales[0], 130);
    EXPECT_EQ(Codes(away),
              "6E544B3322A221111190008008008"
              "5D6");
    EXPECT_EQ(Hex(away.codes.data()), "E645B433222A1211110900088000586D");
    const Mxfp4Matrix even = Quantized(kBlock, 1, 32, {free, MxTies::kEven});
    EXPECT_EQ(even.scales[0], 130);
    EXPECT_EQ(Codes(even),
              "6E544B3222A221111080008008008"
              "4C6");
    const Mxfp4Matrix clipped = Quantized(kBlock, 1, 32, {floor, MxTies::kAway});
    EXPECT_EQ(clipped.scales[0], 129);
    EXPECT_EQ(Codes(clipped),
              "7F766D5544C433221191119008008"
              "7F7");
    for (const MxTies ties : {MxTies::kEven, MxTies::kAway, MxTies::kLarger, MxTies::kTowardZero}) {
      EXPECT_NEAR(SquaredError(kBlock, Quantized(kBlock, 1, 32, {free, ties})), 84.3075, 1e-4);
      EXPECT_NEAR(SquaredError(kBlock, Quantized(kBlock, 1, 32, {floor, ties})), 161.3075, 1e-4);
    }
  });
}

TEST(Mxfp4Code, GgmlOrder) {
  const Mxfp4Matrix q = Quantized(kBlock, 1, 32, {MxScaleRule::kTruncationFree, MxTies::kAway});
  uint8_t ggml[16], back[16];
  Mxfp4GroupToGgml(q.codes.data(), ggml);
  EXPECT_EQ(Hex(ggml),
            "161E9504040B830302820A0282"
            "51D161");
  Mxfp4GroupFromGgml(ggml, back);
  EXPECT_EQ(Hex(back), Hex(q.codes.data()));
}

}  // namespace
}  // namespace tersor::kernel
