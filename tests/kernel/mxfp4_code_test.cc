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
    EXPECT_EQ(Codes(away), "6E544B3322A2211111900080080085D6");
    EXPECT_EQ(Hex(away.codes.data()), "E645B433222A1211110900088000586D");
    const Mxfp4Matrix even = Quantized(kBlock, 1, 32, {free, MxTies::kEven});
    EXPECT_EQ(even.scales[0], 130);
    EXPECT_EQ(Codes(even), "6E544B3222A2211110800080080084C6");
    const Mxfp4Matrix clipped = Quantized(kBlock, 1, 32, {floor, MxTies::kAway});
    EXPECT_EQ(clipped.scales[0], 129);
    EXPECT_EQ(Codes(clipped), "7F766D5544C4332211911190080087F7");
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
  EXPECT_EQ(Hex(ggml), "161E9504040B830302820A028251D161");
  Mxfp4GroupFromGgml(ggml, back);
  EXPECT_EQ(Hex(back), Hex(q.codes.data()));
}

constexpr MxScaleRule kRules[] = {MxScaleRule::kTruncationFree, MxScaleRule::kFloor,
                                  MxScaleRule::kEven, MxScaleRule::kCeil};

std::vector<MxRounding> EveryRounding() {
  std::vector<MxRounding> list;
  for (const MxScaleRule rule : kRules) {
    for (const MxTies ties : {MxTies::kEven, MxTies::kAway, MxTies::kLarger, MxTies::kTowardZero}) {
      list.push_back({rule, ties});
    }
    list.push_back({rule, MxTies::kEven, true, 77});
  }
  return list;
}

/// Values of all sizes: rows of each magnitude that a float has, numbers on the grid, on the
/// middles, zeros of both signs, subnormal ones, and groups of zeros.
std::vector<float> Hostile(size_t n, uint64_t stream) {
  const Rng rng(3, stream);
  std::vector<float> x(n);
  for (size_t i = 0; i < n; ++i) {
    const uint64_t kind = rng.Below(4 * i, 8), group = i / 32;
    const int size = static_cast<int>(rng.Below(4 * group + 1, 250)) - 124;
    const double sign = rng.Below(4 * i + 2, 2) == 0 ? 1 : -1;
    const double uniform = rng.Uniform(4 * i + 3);
    double value = 0;
    if (kind == 0) {
      value = std::floor(uniform * 25) / 4;  // middles and the grid
    } else if (kind == 1) {
      value = std::ldexp(uniform, -static_cast<int>(rng.Below(4 * i, 60)));
    } else if (kind < 7) {
      value = 7 * uniform;
    }
    x[i] = static_cast<float>(group % 13 == 5 ? sign * 0.0 : std::ldexp(sign * value, size));
  }
  return x;
}

struct Shape {
  int64_t rows, cols;
};
constexpr Shape kShapes[] = {{1, 1}, {1, 32}, {3, 33}, {8, 64}, {33, 31}, {70, 100}, {129, 72}};

void ExpectSame(const Mxfp4Matrix& got, const Mxfp4Matrix& wanted) {
  ASSERT_EQ(got.scales, wanted.scales);
  for (int64_t r = 0; r < got.rows; ++r) {
    for (int64_t c = 0; c < got.cols; ++c) {
      ASSERT_EQ(got.Code(r, c), wanted.Code(r, c)) << r << " " << c;
    }
  }
  ASSERT_EQ(got.codes, wanted.codes);  // what pads a row, too
}

TEST(Mxfp4Code, AgreesWithItsDefinition) {
  for (const auto& [rows, cols] : kShapes) {
    const int64_t stride = cols + 5;
    const std::vector<float> x = Hostile(static_cast<size_t>(rows * stride), 1);
    const FloatRows view = View(x, rows, cols, stride);
    for (const MxRounding& rounding : EveryRounding()) {
      Mxfp4Matrix plain, turned, again;
      ASSERT_TRUE(QuantizeMxfp4Reference(view, rounding, plain));
      ASSERT_TRUE(QuantizeMxfp4TransposedReference(view, rounding, turned));
      // Near float32's limit a value that was rounded up is infinite.
      const bool finite = RequantizeMxfp4TransposedReference(plain, rounding, again);
      ForEachTarget([&] {
        Mxfp4Matrix got(rows, cols), got_turned(cols, rows);
        EXPECT_TRUE(QuantizeMxfp4(view, rounding, got.Out()));
        ExpectSame(got, plain);
        EXPECT_TRUE(QuantizeMxfp4Transposed(view, rounding, got_turned.Out()));
        ExpectSame(got_turned, turned);
        EXPECT_EQ(RequantizeMxfp4Transposed(plain.View(), rounding, got_turned.Out()), finite);
        ExpectSame(got_turned, again);
      });
    }
  }
}

TEST(Mxfp4Code, EmaAgreesWithItsDefinition) {
  for (const auto& [rows, cols] : kShapes) {
    const std::vector<float> w = Hostile(static_cast<size_t>(rows * (cols + 5)), 1);
    std::vector<float> ema = Hostile(static_cast<size_t>(rows * (cols + 2)), 2);
    for (int64_t i = 0; i < rows * cols; i += 2) {  // near, and by the grid in the very middle
      ema[static_cast<size_t>(i / cols * (cols + 2) + i % cols)] =
          w[static_cast<size_t>(i / cols * (cols + 5) + i % cols)];
    }
    const FloatRows weights = View(w, rows, cols, cols + 5);
    const FloatRows averages = View(ema, rows, cols, cols + 2);
    for (const MxScaleRule rule : kRules) {
      Mxfp4Matrix wanted;
      ASSERT_TRUE(QuantizeMxfp4ByEmaReference(weights, averages, rule, wanted));
      ForEachTarget([&] {
        Mxfp4Matrix got(rows, cols);
        EXPECT_TRUE(QuantizeMxfp4ByEma(weights, averages, rule, got.Out()));
        ExpectSame(got, wanted);
      });
    }
  }
}

TEST(Mxfp4Code, DecodesExactly) {
  ForEachTarget([] {
    Mxfp4Matrix q(256, 40);
    for (int64_t r = 0; r < 256; ++r) {
      for (int64_t c = 0; c < 40; ++c) {
        q.SetCode(r, c, static_cast<uint8_t>((r + c) & 15));
      }
      q.scales[static_cast<size_t>(2 * r)] = q.scales[static_cast<size_t>(2 * r + 1)] =
          static_cast<uint8_t>(r);
    }
    std::vector<float> values(256 * 43);
    DecodeMxfp4(q.View(), values.data(), 43);
    for (int64_t r = 0; r < 255; ++r) {
      for (int64_t c = 0; c < 40; ++c) {
        const float value = values[static_cast<size_t>(r * 43 + c)];
        const double wanted =
            std::ldexp(double{DecodeMx(MxElement::kE2M1, q.Code(r, c))}, static_cast<int>(r) - 127);
        ASSERT_EQ(value, static_cast<float>(wanted)) << r << " " << c;
        ASSERT_EQ(std::signbit(value), q.Code(r, c) >= 8);
      }
      EXPECT_EQ(values[static_cast<size_t>(r * 43 + 40)], 0);  // what lies between rows stays
    }
    for (int64_t c = 0; c < 40; ++c) {
      EXPECT_TRUE(std::isnan(values[static_cast<size_t>(255 * 43 + c)]));
    }
  });
}

TEST(Mxfp4Code, FindsWhatIsNotFinite) {
  ForEachTarget([] {
    const float kBad[] = {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()};
    for (const float bad : kBad) {
      for (const size_t at : {size_t{0}, size_t{35 * 70 + 33}, size_t{70 * 70 - 1}}) {
        const std::vector<float> good = Noise(70 * 70, 6);
        std::vector<float> x = good;
        x[at] = bad;
        const auto row = static_cast<int64_t>(at / 70), col = static_cast<int64_t>(at % 70);
        const auto check = [](const Mxfp4Matrix& q, int64_t bad_row, int64_t bad_col) {
          for (int64_t r = 0; r < 70; ++r) {
            for (int64_t c = 0; c < 70; ++c) {
              const bool hit = r == bad_row && c / 32 == bad_col / 32;
              ASSERT_EQ(q.Scale(r, c) == kMxNanScale, hit);
              ASSERT_TRUE(!hit || q.Code(r, c) == 0);
            }
          }
        };
        for (const MxRounding& rounding : {MxRounding{}, {{}, {}, true, 1}}) {
          Mxfp4Matrix q(70, 70), turned(70, 70);
          EXPECT_FALSE(QuantizeMxfp4(View(x, 70, 70), rounding, q.Out()));
          check(q, row, col);
          EXPECT_FALSE(QuantizeMxfp4Transposed(View(x, 70, 70), rounding, turned.Out()));
          check(turned, col, row);
          // All 32 values of the group are NaN, which hits as many groups of the transpose.
          EXPECT_FALSE(RequantizeMxfp4Transposed(q.View(), rounding, turned.Out()));
          for (int64_t c = 0; c < 70; ++c) {
            ASSERT_EQ(turned.Scale(c, row) == kMxNanScale, c / 32 == col / 32);
          }
        }
        Mxfp4Matrix q(70, 70);
        EXPECT_FALSE(QuantizeMxfp4ByEma(View(x, 70, 70), View(good, 70, 70), {}, q.Out()));
        check(q, row, col);
        EXPECT_FALSE(QuantizeMxfp4ByEma(View(good, 70, 70), View(x, 70, 70), {}, q.Out()));
        check(q, row, col);
      }
    }
  });
}

TEST(Mxfp4Code, IgnoresThreads) {
  const std::vector<float> x = Noise(200 * 300, 7);
  Mxfp4Matrix first(200, 300), turned_first(300, 200);
  const MxRounding rounding{{}, {}, true, 5};
  for (const int threads : {1, 2, 3}) {
    SetNumThreads(threads);
    Mxfp4Matrix q(200, 300), turned(300, 200);
    QuantizeMxfp4(View(x, 200, 300), rounding, q.Out());
    QuantizeMxfp4Transposed(View(x, 200, 300), rounding, turned.Out());
    if (threads == 1) {
      first = q;
      turned_first = turned;
    }
    ExpectSame(q, first);
    ExpectSame(turned, turned_first);
  }
  SetNumThreads(0);
}

TEST(Mxfp4Code, SameAxisAgainKeepsValues) {
  ForEachTarget([] {
    std::vector<float> x = Noise(64 * 96, 8);
    x[0] = 3;  // a group whose largest code is 3: its scale halves
    std::fill(x.begin() + 1, x.begin() + 32, 2.9f);
    const Mxfp4Matrix q = Quantized(x, 64, 96);
    std::vector<float> values(x.size()), again(x.size());
    DecodeMxfp4(q.View(), values.data(), 96);
    DecodeMxfp4(Quantized(values, 64, 96).View(), again.data(), 96);
    EXPECT_EQ(again, values);
  });
}

TEST(Mxfp4Code, OneScaleMakesDoubleQuantizationLossless) {
  ForEachTarget([] {
    std::vector<float> x = Noise(64 * 64, 9);
    for (size_t i = 0; i < x.size(); i += 32) {
      x[i] = 5.5f;  // every group has S = 1, along either axis
    }
    for (size_t c = 0; c < 64; ++c) {
      x[c] = x[32 * 64 + c] = 5.5f;
    }
    const Mxfp4Matrix q = Quantized(x, 64, 64);
    Mxfp4Matrix turned(64, 64);
    EXPECT_TRUE(RequantizeMxfp4Transposed(q.View(), {{}, {}, true, 3}, turned.Out()));
    for (int64_t r = 0; r < 64; ++r) {
      for (int64_t c = 0; c < 64; ++c) {
        ASSERT_EQ(turned.Value(c, r), q.Value(r, c));
      }
    }
  });
}

TEST(Mxfp4Code, KnownEmaValues) {
  ForEachTarget([] {
    // The 6 makes S = 1.
    const std::vector<float> w = {6,    .76f, .76f, .76f, -.76f, 5.9f,
                                  1.5f, 1.5f, -.6f, 0,    -0.0f, .7f};
    const std::vector<float> ema = {0, .70f, 5, -3, -.70f, 4.6f, 0, 1.75f, -.75f, 9, -9, .75f};
    const std::vector<float> wanted = {6, .5f, 1, .5f, -.5f, 4, 1.5f, 2, -1, .5f, -.5f, 1};
    const auto n = static_cast<int64_t>(w.size());
    Mxfp4Matrix q(1, n);
    EXPECT_TRUE(QuantizeMxfp4ByEma(View(w, 1, n), View(ema, 1, n), {}, q.Out()));
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_EQ(q.Value(0, i), wanted[static_cast<size_t>(i)]) << i;
    }
    // An average equal to the weight is rounding to nearest.
    const std::vector<float> x = Noise(64 * 64, 10);
    Mxfp4Matrix same(64, 64);
    QuantizeMxfp4ByEma(View(x, 64, 64), View(x, 64, 64), {}, same.Out());
    ExpectSame(same, Quantized(x, 64, 64, {{}, MxTies::kAway}));
  });
}

/// Mean of the values over draws with different keys.
std::vector<double> MeanOfDraws(const std::vector<float>& x, const MxRounding& rounding,
                                int draws) {
  const auto n = static_cast<int64_t>(x.size());
  std::vector<double> mean(x.size());
  std::vector<float> values(x.size());
  for (int i = 0; i < draws; ++i) {
    MxRounding draw = rounding;
    draw.key += static_cast<uint64_t>(i);
    DecodeMxfp4(Quantized(x, 1, n, draw).View(), values.data(), n);
    for (size_t j = 0; j < x.size(); ++j) {
      mean[j] += double{values[j]} / draws;
    }
  }
  return mean;
}

TEST(StochasticMxfp4, IsUnbiasedUnlessItClips) {
  constexpr int kDraws = 20000;
  const auto free = MeanOfDraws(kBlock, {MxScaleRule::kTruncationFree, {}, true, 0}, kDraws);
  for (size_t i = 0; i < kBlock.size(); ++i) {
    // S = 8: gaps of 4 up to 16, 8 up to 32; a draw deviates by half a gap at most.
    const double gap = std::fabs(kBlock[i]) < 16 ? 4 : std::fabs(kBlock[i]) < 32 ? 8 : 16;
    EXPECT_NEAR(free[i], kBlock[i], 5 * gap / 2 / std::sqrt(kDraws)) << i;
  }
  const auto clipped = MeanOfDraws(kBlock, {MxScaleRule::kFloor, {}, true, 0}, 100);
  EXPECT_NEAR(clipped[0], 24, 1e-9);
}

}  // namespace
}  // namespace tersor::kernel
