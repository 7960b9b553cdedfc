// The products of packed matrices against the definition, on every target.
#include <cmath>
#include <cstring>

#include "each_target.h"
#include "tersor/kernel/decode.h"
#include "tersor/kernel/gemm.h"
#include "tersor/kernel/matmul_reference.h"
#include "tersor/kernel/matvec.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// The bytes of `weights` as `type`, one byte off any alignment, and the values that they stand
/// for.
struct Stored {
  std::vector<std::byte> bytes;
  std::vector<float> values;
  const std::byte* data() const { return bytes.data() + 1; }
};

Stored Store(FloatType type, const std::vector<float>& weights) {
  const auto size = static_cast<size_t>(BytesOf(type));
  Stored stored{std::vector<std::byte>(1 + weights.size() * size), weights};
  for (size_t i = 0; i < weights.size(); ++i) {
    std::byte* to = stored.bytes.data() + 1 + i * size;
    if (type == FloatType::kF32) {
      std::memcpy(to, &weights[i], 4);
      continue;
    }
    const bool brain = type == FloatType::kBF16;
    const uint16_t bits = brain ? FloatToBF16(weights[i]) : FloatToF16(weights[i]);
    std::memcpy(to, &bits, 2);
    stored.values[i] = brain ? BF16ToFloat(bits) : F16ToFloat(bits);
  }
  return stored;
}

class FloatRows : public RowSource {
 public:
  FloatRows(FloatType type, const std::byte* weights, int64_t cols)
      : type_(type), weights_(weights), cols_(cols) {}
  void Decode(int64_t row, int64_t first, int64_t count, float* out) const override {
    DecodeFloats(type_, weights_ + (row * cols_ + first) * BytesOf(type_), count, out);
  }

 private:
  FloatType type_;
  const std::byte* weights_;
  int64_t cols_;
};

class Int8Rows : public RowSource {
 public:
  Int8Rows(const std::byte* blocks, int64_t cols) : blocks_(blocks), cols_(cols) {}
  void Decode(int64_t row, int64_t first, int64_t count, float* out) const override {
    const int64_t groups = (cols_ + kGroup - 1) / kGroup;
    DecodeInt8(blocks_ + (row * groups + first / kGroup) * static_cast<int64_t>(sizeof(Int8Block)),
               count, out);
  }

 private:
  const std::byte* blocks_;
  int64_t cols_;
};

/// Random blocks, the extreme values among them.
Stored RandomBlocks(int64_t rows, int64_t cols) {
  const int64_t groups = (cols + kGroup - 1) / kGroup;
  Stored stored{std::vector<std::byte>(1 + static_cast<size_t>(rows * groups) * sizeof(Int8Block)),
                std::vector<float>(static_cast<size_t>(rows * cols))};
  const Rng rng(5, 1);
  for (int64_t b = 0; b < rows * groups; ++b) {
    Int8Block block;
    block.scale = FloatToF16(static_cast<float>(0.01 + rng.Uniform(static_cast<uint64_t>(b))));
    for (int64_t i = 0; i < kGroup; ++i) {
      const int64_t col = b % groups * kGroup + i;
      const auto value = static_cast<int8_t>(rng.Below(static_cast<uint64_t>(b * kGroup + i), 256));
      block.values[i] = col < cols ? value : int8_t{0};
      if (col < cols) {
        stored.values[static_cast<size_t>(b / groups * cols + col)] =
            F16ToFloat(block.scale) * static_cast<float>(value);
      }
    }
    std::memcpy(stored.bytes.data() + 1 + static_cast<size_t>(b) * sizeof(Int8Block), &block,
                sizeof(block));
  }
  return stored;
}

/// |y - expected| <= bound · sum of |w x|'s typical size.
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

struct Shape {
  int64_t rows, cols, tokens;
};

const Shape kShapes[] = {{1, 1, 1},    {3, 31, 1},   {9, 64, 2},    {130, 300, 1},
                         {48, 256, 8}, {50, 257, 9}, {97, 520, 33}, {13, 40, 530}};

TEST(Matvec, FloatsEqualTheDefinition) {
  ForEachTarget([] {
    Workspace workspace;
    for (const Shape& s : kShapes) {
      for (const FloatType type : {FloatType::kF32, FloatType::kBF16, FloatType::kF16}) {
        SCOPED_TRACE(testing::Message() << s.rows << " x " << s.cols << " x " << s.tokens);
        const Workspace::Scope scope(workspace);
        const Stored w = Store(type, Noise(static_cast<size_t>(s.rows * s.cols), 1));
        const std::vector<float> x = Noise(static_cast<size_t>(s.tokens * s.cols), 2);
        std::vector<float> y(static_cast<size_t>(s.tokens * s.rows));
        const Activations in(x.data(), s.tokens, s.cols, workspace);
        const std::vector<double> expected = MatmulReference(w.values, x, s.rows, s.cols);
        MatvecFloat(type, s.rows, w.data(), in, y.data());
        Compare(y, expected, 1e-5);
        Matmul(FloatRows(type, w.data(), s.cols), s.rows, in, y.data());
        Compare(y, expected, 1e-5);
      }
    }
  });
}

TEST(Matvec, Int8EqualsTheDefinition) {
  ForEachTarget([] {
    Workspace workspace;
    for (const Shape& s : kShapes) {
      SCOPED_TRACE(testing::Message() << s.rows << " x " << s.cols << " x " << s.tokens);
      const Workspace::Scope scope(workspace);
      const Stored w = RandomBlocks(s.rows, s.cols);
      const std::vector<float> x = Noise(static_cast<size_t>(s.tokens * s.cols), 2);
      std::vector<float> y(static_cast<size_t>(s.tokens * s.rows));
      const Activations in(x.data(), s.tokens, s.cols, workspace);
      const std::vector<double> expected = MatmulReference(w.values, x, s.rows, s.cols);
      MatvecInt8(s.rows, w.data(), in, y.data());
      Compare(y, expected, 2e-4);  // x in 16 bits
      Matmul(Int8Rows(w.data(), s.cols), s.rows, in, y.data());
      Compare(y, expected, 1e-5);
    }
  });
}

TEST(Matvec, Int8IsExactWhereTheScalesArePowersOfTwo) {
  // The largest products there are: 16 bits by 8, 32 of them, must not overflow.
  Workspace workspace;
  std::vector<Int8Block> row(4);
  std::vector<float> x(128, 32767.0f);
  for (Int8Block& block : row) {
    block.scale = FloatToF16(1);
    std::memset(block.values, 0x80, sizeof(block.values));
  }
  float y = 0;
  ForEachTarget([&] {
    const Workspace::Scope scope(workspace);
    const Activations in(x.data(), 1, 128, workspace);
    MatvecInt8(1, reinterpret_cast<const std::byte*>(row.data()), in, &y);
    EXPECT_EQ(y, -128.0f * 32767 * 128);
  });
}

TEST(Matvec, WhatIsNotFiniteReachesTheResult) {
  Workspace workspace;
  const Stored w = RandomBlocks(5, 64);
  std::vector<float> x(64, 1.0f), y(5);
  for (const float bad : {std::nanf(""), INFINITY}) {
    x[40] = bad;
    const Workspace::Scope scope(workspace);
    MatvecInt8(5, w.data(), Activations(x.data(), 1, 64, workspace), y.data());
    EXPECT_FALSE(std::isfinite(y[0]));
  }
}

TEST(Matvec, ATokenIsTheSameAloneAndAmongOthers) {
  Workspace workspace;
  const Stored w = Store(FloatType::kBF16, Noise(70 * 100, 1));
  const std::vector<float> x = Noise(kMatvecTokens * 100, 2);
  std::vector<float> many(kMatvecTokens * 70), one(70);
  MatvecFloat(FloatType::kBF16, 70, w.data(), Activations(x.data(), kMatvecTokens, 100, workspace),
              many.data());
  SetNumThreads(1);
  MatvecFloat(FloatType::kBF16, 70, w.data(), Activations(x.data() + 300, 1, 100, workspace),
              one.data());
  SetNumThreads(0);
  EXPECT_EQ(one, std::vector<float>(many.begin() + 210, many.begin() + 280));
}

TEST(Int8, EncodesWithinHalfAStep) {
  const std::vector<float> weights = Noise(70, 4);
  std::vector<std::byte> blocks(3 * sizeof(Int8Block));
  std::vector<float> back(70);
  EncodeInt8(weights.data(), 70, blocks.data());
  DecodeInt8(blocks.data(), 70, back.data());
  for (size_t i = 0; i < 70; ++i) {
    Int8Block block;
    std::memcpy(&block, blocks.data() + i / 32 * sizeof(block), sizeof(block));
    EXPECT_NEAR(back[i], weights[i], F16ToFloat(block.scale) * 0.51f);
  }
  std::vector<float> bad(32, 1.0f);
  bad[3] = INFINITY;
  EncodeInt8(bad.data(), 32, blocks.data());
  DecodeInt8(blocks.data(), 32, bad.data());
  EXPECT_TRUE(std::isnan(bad[0]));
}

TEST(Matmul, DoesNotDependOnThreads) {
  const Stored w = Store(FloatType::kF32, Noise(200 * 300, 1));
  const std::vector<float> x = Noise(40 * 300, 2);
  std::vector<float> one(40 * 200), many(40 * 200);
  Workspace workspace;
  const FloatRows rows(FloatType::kF32, w.data(), 300);
  Matmul(rows, 200, Activations(x.data(), 40, 300, workspace), many.data());
  SetNumThreads(1);
  Matmul(rows, 200, Activations(x.data(), 40, 300, workspace), one.data());
  SetNumThreads(0);
  EXPECT_EQ(one, many);
}

}  // namespace
}  // namespace tersor::kernel
