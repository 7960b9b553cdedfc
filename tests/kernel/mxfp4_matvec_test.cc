// MXFP4 blocks and their products against the definition, on every target.
#include "tersor/kernel/mxfp4_matvec.h"

#include <cmath>
#include <cstring>

#include "each_target.h"
#include "tersor/kernel/decode.h"
#include "tersor/kernel/matmul_reference.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

constexpr double kGrid[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

/// The definition in double: the scale by logarithm, the nearest grid value by search, of two that
/// are as near the one with the even code.
std::vector<float> RoundedByDefinition(const std::vector<float>& x, int64_t cols) {
  std::vector<float> out(x.size());
  const int64_t size = std::ssize(x);
  for (int64_t first = 0; first < size;) {
    const int64_t last = std::min(first + 32, first - first % cols + cols);
    double largest = 0;
    for (int64_t i = first; i < last; ++i) {
      largest = std::max<double>(largest, std::abs(x[static_cast<size_t>(i)]));
    }
    const double exponent = largest == 0 ? 0 : std::ceil(std::log2(largest / 6));
    const double scale = std::ldexp(1.0, std::max(static_cast<int>(exponent), -127));
    for (int64_t i = first; i < last; ++i) {
      const double a = std::abs(x[static_cast<size_t>(i)]) / scale;
      int best = 0;
      for (int code = 1; code < 8; ++code) {
        const double gain = std::abs(a - kGrid[best]) - std::abs(a - kGrid[code]);
        if (gain > 0 || (gain == 0 && code % 2 == 0)) {
          best = code;
        }
      }
      out[static_cast<size_t>(i)] =
          std::copysign(static_cast<float>(kGrid[best] * scale), x[static_cast<size_t>(i)]);
    }
    first = last;
  }
  return out;
}

/// Packed rows, one byte off any alignment, and their values.
struct Packed {
  std::vector<std::byte> bytes;
  std::vector<float> values;
  const std::byte* data() const { return bytes.data() + 1; }
};

Packed Pack(const std::vector<float>& weights, int64_t cols) {
  const int64_t rows = std::ssize(weights) / cols;
  const int64_t row_bytes = (cols + 31) / 32 * static_cast<int64_t>(sizeof(GgmlMxfp4Block));
  Packed packed{std::vector<std::byte>(1 + static_cast<size_t>(rows * row_bytes)),
                std::vector<float>(weights.size())};
  for (int64_t r = 0; r < rows; ++r) {
    std::byte* row = packed.bytes.data() + 1 + r * row_bytes;
    EncodeMxfp4(weights.data() + r * cols, cols, row);
    DecodeMxfp4(row, cols, packed.values.data() + r * cols);
  }
  return packed;
}

struct Shape {
  int64_t rows, cols, tokens;
};

const Shape kShapes[] = {{1, 1, 1},   {3, 31, 1},    {5, 32, 2},   {9, 64, 2},
                         {67, 96, 3}, {130, 300, 1}, {48, 256, 8}, {1000, 128, 1}};

std::vector<float> Matvec(const Packed& w, const ByteGroups& x, const Shape& s) {
  std::vector<float> y(static_cast<size_t>(s.tokens * s.rows));
  MatvecMxfp4(s.rows, w.data(), x, s.tokens, y.data());
  return y;
}

void Compare(const std::vector<float>& y, const std::vector<double>& expected, double bound) {
  double square = 0;
  for (const double value : expected) {
    square += value * value;
  }
  const double size = std::sqrt(square / static_cast<double>(expected.size())) + 1e-30;
  for (size_t i = 0; i < y.size(); ++i) {
    ASSERT_NEAR(y[i], expected[i], bound * size) << "element " << i;
  }
}

/// The block of the specification's worked example, in the order of the elements.
const std::vector<float> kExample = {31, -31, 24, 16,   15,  -12.5, 12,    10, 9.9,  8,   -8,
                                     7,  6,   5,  4,    3,   2.5,   2,     -2, 1.75, 1.5, 1,
                                     -1, .75, .5, -.25, .1f, 0,     -0.0f, 20, -20,  28};

TEST(GgmlMxfp4Block, KnownAnswers) {
  const GgmlMxfp4Block block = EncodeGgmlMxfp4(kExample.data());
  EXPECT_EQ(block.scale, 130);
  const uint8_t expected[16] = {0x16, 0x0e, 0x85, 0x04, 0x04, 0x0b, 0x83, 0x02,
                                0x02, 0x82, 0x0a, 0x02, 0x82, 0x41, 0xc1, 0x61};
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(block.codes[i], expected[i]) << i;
  }
  // The same numbers rounded half away from zero, as another program would store them.
  const GgmlMxfp4Block stored{130,
                              {0x16, 0x1e, 0x95, 0x04, 0x04, 0x0b, 0x83, 0x03, 0x02, 0x82, 0x0a,
                               0x02, 0x82, 0x51, 0xd1, 0x61}};
  const std::vector<float> values = {32,    -32, 24, 16,    16, -12, 12,    12, 8,   8, -8,
                                     8,     8,   4,  4,     4,  4,   4,     -4, 0,   0, 0,
                                     -0.0f, 0,   0,  -0.0f, 0,  0,   -0.0f, 24, -24, 32};
  std::vector<float> decoded(32), plain(32);
  DecodeGgmlMxfp4(stored, plain.data());
  ForEachTarget([&] {
    DecodeMxfp4(reinterpret_cast<const std::byte*>(&stored), 32, decoded.data());
    EXPECT_EQ(decoded, plain);
  });
  double error = 0;
  for (size_t i = 0; i < 32; ++i) {
    error += std::pow(plain[i] - kExample[i], 2);
  }
  EXPECT_NEAR(error, 84.3075, 1e-4);
}

TEST(GgmlMxfp4Block, EveryCodeComesBack) {
  for (int scale : {0, 1, 2, 3, 127, 200, 253, 254}) {
    GgmlMxfp4Block block{static_cast<uint8_t>(scale), {}};
    for (int i = 0; i < 16; ++i) {
      block.codes[i] = static_cast<uint8_t>(i | (15 - i) << 4);
    }
    std::vector<float> values(32);
    DecodeGgmlMxfp4(block, values.data());
    for (int i = 0; i < 16; ++i) {
      const double magnitude = std::ldexp(kGrid[i % 8], scale - 127);
      if (magnitude < 3.4e38) {
        EXPECT_EQ(values[static_cast<size_t>(i)], i < 8 ? magnitude : -magnitude) << scale;
      }
    }
    if (scale <= 252) {
      const GgmlMxfp4Block again = EncodeGgmlMxfp4(values.data());
      EXPECT_EQ(std::memcmp(&again, &block, sizeof(block)), 0) << scale;
    }
  }
}

TEST(GgmlMxfp4Block, TiesGoToTheEvenCode) {
  const float ties[] = {.25f, .75f, 1.25f, 1.75f, 2.5f, 3.5f, 5, 0.25000006f};
  const float even[] = {0, 1, 1, 2, 2, 4, 4, .5f};
  std::vector<float> x(32);
  for (size_t i = 0; i < 8; ++i) {
    x[i] = ties[i];
    x[i + 8] = -ties[i];
  }
  x[20] = 6;  // scale 1
  const Packed packed = Pack(x, 32);
  ForEachTarget([&] {
    Workspace workspace;
    const Activations in(x.data(), 1, 32, workspace);
    for (size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(packed.values[i], even[i]);
      EXPECT_EQ(packed.values[i + 8], -even[i]);
      EXPECT_EQ(in.Mxfp4Floats().floats()[i], even[i]);
      EXPECT_EQ(in.Mxfp4Floats().floats()[i + 8], -even[i]);
    }
  });
}

/// Values of many sizes, zeros, groups of equal and of tiny numbers.
std::vector<float> Hostile(int64_t rows, int64_t cols) {
  std::vector<float> x = Noise(static_cast<size_t>(rows * cols), 3);
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t group = i / 32 % 7;
    x[i] = group == 0 ? 0 : std::ldexp(x[i], static_cast<int>(group * 5) - 15);
    x[i] = i % 11 == 0 ? 0 : i % 13 == 0 ? std::ldexp(1.0f, static_cast<int>(i % 5)) : x[i];
  }
  return x;
}

TEST(Mxfp4, RoundingIsTheDefinitions) {
  for (const int64_t cols : {1, 32, 100, 256}) {
    std::vector<float> x = Hostile(9, cols);
    for (const double size : {1.0, 1e-30, 1e-37, 0x1p-132, 1e30}) {
      SCOPED_TRACE(testing::Message() << cols << " columns, size " << size);
      std::vector<float> scaled(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        scaled[i] = static_cast<float>(x[i] * size);
      }
      const std::vector<float> expected = RoundedByDefinition(scaled, cols);
      EXPECT_EQ(Pack(scaled, cols).values, expected);
      ForEachTarget([&] {
        Workspace workspace;
        const Activations in(scaled.data(), 9, cols, workspace);
        const float* rounded = in.Mxfp4Floats().floats();
        EXPECT_EQ(std::vector<float>(rounded, rounded + x.size()), expected);
      });
    }
  }
}

// Values on the grid keep their value, though a block whose largest is 3.0 gets another scale.
TEST(Mxfp4, PackingAgainChangesNothing) {
  const Rng rng(3);
  constexpr size_t kBlocks = 64, kOnlyThrees = 5;
  std::vector<float> x(kBlocks * 32);
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t block = i / 32, most = block % 8;
    const size_t code = i % 32 == 7 ? most : static_cast<size_t>(rng.Below(i, most + 1));
    const bool negative = rng.Below(i + x.size(), 2) == 0;
    x[i] = std::ldexp(static_cast<float>(negative ? -kGrid[code] : kGrid[code]),
                      static_cast<int>(block) - 32);
  }
  const Packed packed = Pack(x, 32);
  EXPECT_EQ(packed.values, x);
  for (size_t block = 0; block < kBlocks; ++block) {
    const auto scale = std::to_integer<size_t>(packed.data()[block * sizeof(GgmlMxfp4Block)]);
    if (block % 8 >= kOnlyThrees) {
      EXPECT_EQ(scale, 127 + block - 32 - (block % 8 == kOnlyThrees ? 1 : 0));
    }
  }
}

TEST(Mxfp4, ProductsEqualTheDefinition) {
  ForEachTarget([] {
    for (const Shape& s : kShapes) {
      SCOPED_TRACE(testing::Message() << s.rows << " x " << s.cols << " x " << s.tokens);
      Workspace workspace;
      const Packed w = Pack(Noise(static_cast<size_t>(s.rows * s.cols), 1), s.cols);
      const std::vector<float> x = Noise(static_cast<size_t>(s.tokens * s.cols), 2);
      const Activations in(x.data(), s.tokens, s.cols, workspace);
      Compare(Matvec(w, in.Int16Bytes(), s), MatmulReference(w.values, x, s.rows, s.cols), 2e-4);
      const std::vector<float> rounded = RoundedByDefinition(x, s.cols);
      Compare(Matvec(w, in.Mxfp4(), s), MatmulReference(w.values, rounded, s.rows, s.cols), 1e-6);
    }
  });
}

/// With one scale for all groups nothing is rounded at all, whatever the order of the sums.
TEST(Mxfp4, ProductsAreExact) {
  const Rng rng(7);
  const Shape s{37, 320, 3};
  std::vector<float> weights(static_cast<size_t>(s.rows * s.cols));
  std::vector<float> x(static_cast<size_t>(s.tokens * s.cols));
  std::vector<float> whole(x.size());  // 16-bit values that keep their scale of 1
  const auto draw = [&](uint64_t i) {
    const double value = i % 32 == 5 ? 6 : kGrid[rng.Below(i, 8)];  // every group reaches 6
    return static_cast<float>(rng.Below(i + 1000000, 2) == 0 ? value : -value);
  };
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = draw(i);
  }
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = draw(i + weights.size());
    const double value = i % 32 == 9 ? 32639 : static_cast<double>(rng.Below(i, 65279)) - 32639;
    whole[i] = static_cast<float>(value);
  }
  const std::vector<double> expected = MatmulReference(weights, x, s.rows, s.cols);
  const Packed w = Pack(weights, s.cols);
  ASSERT_EQ(w.values, weights);
  ForEachTarget([&] {
    Workspace workspace;
    const Activations in(x.data(), s.tokens, s.cols, workspace);
    const std::vector<float> y = Matvec(w, in.Mxfp4(), s);
    EXPECT_EQ(std::vector<double>(y.begin(), y.end()), expected);
    // One group at a time, since 16-bit sums of several leave float32's 24 bits.
    for (int64_t g = 0; g < s.cols; g += 32) {
      const Shape one{1, 32, 1};
      const Packed row = Pack({weights.begin() + g, weights.begin() + g + 32}, 32);
      const Activations group(whole.data() + g, 1, 32, workspace);
      const std::vector<float> part(whole.begin() + g, whole.begin() + g + 32);
      EXPECT_EQ(Matvec(row, group.Int16Bytes(), one)[0],
                MatmulReference(row.values, part, 1, 32)[0]);
    }
  });
}

// The largest sums there are, of either sign, must not overflow 16 bits.
TEST(Mxfp4, ExtremesDoNotOverflow) {
  ForEachTarget([] {
    for (const float weight : {6.0f, -6.0f}) {
      for (const float sign : {1.0f, -1.0f}) {
        Workspace workspace;
        const Packed w = Pack(std::vector<float>(4 * 32, weight), 32);
        const std::vector<float> six(32, 6 * sign), most(32, 32639 * sign);
        const Shape s{4, 32, 1};
        const Activations a(six.data(), 1, 32, workspace), b(most.data(), 1, 32, workspace);
        EXPECT_EQ(Matvec(w, a.Mxfp4(), s), std::vector<float>(4, 32 * 6 * weight * sign));
        EXPECT_EQ(Matvec(w, b.Int16Bytes(), s), std::vector<float>(4, 32 * 32639 * weight * sign));
      }
    }
  });
}

// Scale bytes 0 and 1 stand for subnormal numbers, 254 for nearly the largest.
TEST(Mxfp4, NoScaleIsFlushed) {
  ForEachTarget([] {
    for (const int scale : {0, 1, 2, 250, 254}) {
      Workspace workspace;
      GgmlMxfp4Block block{static_cast<uint8_t>(scale), {}};
      std::memset(block.codes, 0x11, sizeof(block.codes));  // 0.5
      std::vector<float> decoded(32);
      DecodeMxfp4(reinterpret_cast<const std::byte*>(&block), 32, decoded.data());
      EXPECT_EQ(decoded, std::vector<float>(32, std::ldexp(0.5f, scale - 127)));
      const std::vector<float> x(32, scale < 100 ? 0x1p60f : 0x1p-60f);
      const Activations in(x.data(), 1, 32, workspace);
      const double expected = 32 * std::ldexp(0.5, scale - 127) * x[0];
      float y = 0;
      MatvecMxfp4(1, reinterpret_cast<const std::byte*>(&block), in.Mxfp4(), 1, &y);
      EXPECT_EQ(y, expected) << scale;
      MatvecMxfp4(1, reinterpret_cast<const std::byte*>(&block), in.Int16Bytes(), 1, &y);
      EXPECT_NEAR(y / expected, 1, 1e-4) << scale;
    }
  });
}

TEST(Mxfp4, WhatIsNotFiniteReachesTheResult) {
  ForEachTarget([] {
    for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
      Workspace workspace;
      std::vector<float> weights = Noise(5 * 64, 1), x = Noise(64, 2);
      const Shape s{5, 64, 1};
      const Packed good = Pack(weights, 64);
      weights[3 * 64 + 40] = bad;
      const Packed w = Pack(weights, 64);
      EXPECT_TRUE(std::isnan(w.values[3 * 64 + 33]));
      EXPECT_FALSE(std::isnan(w.values[3 * 64 + 31]));
      const Activations in(x.data(), 1, 64, workspace);
      for (const ByteGroups* groups : {&in.Int16Bytes(), &in.Mxfp4()}) {
        const std::vector<float> y = Matvec(w, *groups, s);
        EXPECT_FALSE(std::isfinite(y[3]));
        EXPECT_TRUE(std::isfinite(y[2]));
      }
      x[40] = bad;
      const Activations broken(x.data(), 1, 64, workspace);
      EXPECT_FALSE(std::isfinite(Matvec(good, broken.Int16Bytes(), s)[0]));
      EXPECT_FALSE(std::isfinite(Matvec(good, broken.Mxfp4(), s)[0]));
      EXPECT_TRUE(std::isnan(broken.Mxfp4Floats().floats()[63]));
    }
  });
}

TEST(Mxfp4, ATokenIsTheSameAloneAndAmongOthersOnAnyThreads) {
  Workspace workspace;
  const Shape s{1003, 320, 8}, alone{1003, 320, 1};
  const Packed w = Pack(Noise(1003 * 320, 1), 320);
  const std::vector<float> x = Noise(8 * 320, 2);
  const Activations all(x.data(), 8, 320, workspace), third(x.data() + 3 * 320, 1, 320, workspace);
  for (const bool rounded : {false, true}) {
    const std::vector<float> many = Matvec(w, rounded ? all.Mxfp4() : all.Int16Bytes(), s);
    SetNumThreads(1);
    const std::vector<float> one = Matvec(w, rounded ? third.Mxfp4() : third.Int16Bytes(), alone);
    SetNumThreads(0);
    EXPECT_EQ(one, std::vector<float>(many.begin() + 3 * 1003, many.begin() + 4 * 1003));
  }
}

}  // namespace
}  // namespace tersor::kernel
