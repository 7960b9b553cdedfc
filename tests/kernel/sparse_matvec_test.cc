// Sparse matrices and their products against the definition, on every target.
#define HWY_WANT_AVX3_DL  // a target of sparse_matvec.cc

#include "tersor/kernel/sparse_matvec.h"

#include <cmath>
#include <limits>

#include "each_target.h"
#include "tersor/kernel/matmul_reference.h"
#include "tersor/kernel/matvec.h"
#include "tersor/kernel/sparse_reference.h"
#include "tersor/util/error.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

constexpr SparseType kTypes[] = {SparseType::kF32, SparseType::kBF16, SparseType::kInt8};

struct Shape {
  int64_t rows, cols, tokens;
};

const Shape kShapes[] = {{1, 1, 1},    {3, 7, 2},    {5, 64, 1},    {9, 65, 8},    {67, 96, 3},
                         {13, 300, 1}, {48, 512, 4}, {21, 1030, 5}, {130, 257, 7}, {300, 128, 1}};

/// N(0, 1) with a share of zeros: 0 none, 1 all.
std::vector<float> Pruned(int64_t rows, int64_t cols, double zeros, uint64_t stream = 1) {
  std::vector<float> weights = Noise(static_cast<size_t>(rows * cols), stream);
  const Rng rng(3, stream);
  for (size_t i = 0; i < weights.size(); ++i) {
    if (rng.Uniform(i) < zeros) {
      weights[i] = 0;
    }
  }
  return weights;
}

/// A packed matrix, one byte off any alignment.
struct Packed {
  Packed(SparseType type, const std::vector<float>& weights, int64_t rows, int64_t cols) {
    SetNumThreads(1);  // thousands of small matrices
    bytes = PackSparse(type, weights, rows, cols);
    bytes.insert(bytes.begin(), std::byte{0});
    view = ViewSparse(type, rows, cols, std::span(bytes).subspan(1));
    CheckSparse(type, rows, cols, std::span(bytes).subspan(1), "matrix");
  }
  Packed(const Packed&) = delete;
  std::vector<std::byte> bytes;
  SparseMatrix view;
};

std::vector<float> Decode(const SparseMatrix& m) {
  std::vector<float> out(static_cast<size_t>(m.rows * m.cols));
  for (int64_t r = 0; r < m.rows; ++r) {
    DecodeSparse(m, r, 0, m.cols, out.data() + r * m.cols);
  }
  return out;
}

std::vector<float> Matvec(const SparseMatrix& m, const float* x, int64_t tokens, int threads = 1) {
  SetNumThreads(threads);
  Workspace workspace;
  std::vector<float> y(static_cast<size_t>(tokens * m.rows));
  MatvecSparse(m, Activations(x, tokens, m.cols, workspace), y.data());
  SetNumThreads(0);
  return y;
}

TEST(SparseMatrix, HoldsWhatItIsGiven) {
  for (const double zeros : {0.0, 0.5, 0.9, 1.0}) {
    const std::vector<float> weights = Pruned(21, 530, zeros);
    const Packed f32(SparseType::kF32, weights, 21, 530);
    EXPECT_EQ(DecodeSparseReference(f32.view), weights);
    const Packed bf16(SparseType::kBF16, weights, 21, 530);
    const std::vector<float> rounded = DecodeSparseReference(bf16.view);
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_EQ(rounded[i], BF16ToFloat(FloatToBF16(weights[i])));
    }
    const Packed int8(SparseType::kInt8, weights, 21, 530);
    const std::vector<float> scaled = DecodeSparseReference(int8.view);
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_NEAR(scaled[i], weights[i], 0.51 * 4.5 / 127) << i;  // half a step
    }
  }
}

TEST(SparseMatrix, SizeIsAsPromised) {
  for (const SparseType type : kTypes) {
    for (const double zeros : {0.5, 0.7, 0.9}) {
      const int64_t rows = 64, cols = 2048;
      const std::vector<float> weights = Pruned(rows, cols, zeros);
      const double kept = static_cast<double>(rows * cols) -
                          static_cast<double>(std::count(weights.begin(), weights.end(), 0.0f));
      const double bits = static_cast<double>(rows * cols) + kept * 8.0 * BytesOf(type);
      EXPECT_LT(8.0 * static_cast<double>(PackSparse(type, weights, rows, cols).size()),
                1.03 * bits);
    }
  }
}

TEST(SparseMatrix, DropsMinusZeroAndWhatRoundsToZero) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  const std::vector<float> weights = {-0.0f, tiny, 1, -tiny, 0, -2, 0.001f, 0};
  const Packed f32(SparseType::kF32, weights, 1, 8);
  EXPECT_EQ(f32.view.start(1), 5);
  const Packed bf16(SparseType::kBF16, weights, 1, 8);
  EXPECT_EQ(bf16.view.start(1), 3);
  const Packed int8(SparseType::kInt8, weights, 1, 8);
  EXPECT_EQ(int8.view.start(1), 2);
}

TEST(SparseMatvec, DecodesExactly) {
  ForEachTarget([] {
    for (const SparseType type : kTypes) {
      for (const Shape& s : kShapes) {
        for (const double zeros : {0.0, 0.7, 1.0}) {
          const Packed w(type, Pruned(s.rows, s.cols, zeros), s.rows, s.cols);
          const std::vector<float> expected = DecodeSparseReference(w.view);
          ASSERT_EQ(Decode(w.view), expected) << s.rows << " x " << s.cols << ", " << zeros;
          for (int64_t first = 0; first < s.cols; first += 256) {
            const int64_t count = std::min<int64_t>(s.cols - first, 199);
            std::vector<float> part(static_cast<size_t>(count));
            DecodeSparse(w.view, s.rows - 1, first, count, part.data());
            const auto from = expected.begin() + (s.rows - 1) * s.cols + first;
            ASSERT_EQ(part, std::vector<float>(from, from + count));
          }
        }
      }
    }
  });
}

TEST(SparseMatvec, EqualsTheDefinition) {
  ForEachTarget([] {
    for (const SparseType type : kTypes) {
      for (const Shape& s : kShapes) {
        for (const double zeros : {0.0, 0.7, 1.0}) {
          const Packed w(type, Pruned(s.rows, s.cols, zeros), s.rows, s.cols);
          const std::vector<float> x = Noise(static_cast<size_t>(s.tokens * s.cols), 2);
          const std::vector<double> expected =
              MatmulReference(DecodeSparseReference(w.view), x, s.rows, s.cols);
          const std::vector<float> y = Matvec(w.view, x.data(), s.tokens);
          for (size_t i = 0; i < y.size(); ++i) {
            ASSERT_NEAR(y[i], expected[i], 1e-5 * std::sqrt(static_cast<double>(s.cols)))
                << s.rows << " x " << s.cols << " x " << s.tokens << ", " << zeros;
          }
        }
      }
    }
  });
}

/// Two of every four weights are kept.
TEST(SparseMatvec, ServesTwoOfFour) {
  std::vector<float> weights = Noise(40 * 320, 1);
  const Rng rng(4, 4);
  for (size_t i = 0; i < weights.size(); i += 4) {
    const size_t a = rng.Below(i, 4), b = (a + 1 + rng.Below(i + 1, 3)) % 4;
    weights[i + a] = weights[i + b] = 0;
  }
  const Packed w(SparseType::kBF16, weights, 40, 320);
  EXPECT_EQ(w.view.start(40), 40 * 160);
  const std::vector<float> x = Noise(320, 2);
  const std::vector<double> expected = MatmulReference(DecodeSparseReference(w.view), x, 40, 320);
  ForEachTarget([&] {
    const std::vector<float> y = Matvec(w.view, x.data(), 1);
    for (size_t i = 0; i < y.size(); ++i) {
      ASSERT_NEAR(y[i], expected[i], 1e-4);
    }
  });
}

TEST(SparseMatvec, WhatIsNotFiniteReachesTheResult) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  std::vector<float> clean = Pruned(9, 130, 0.7);
  clean[129] = 0;
  ForEachTarget([&] {
    for (const SparseType type : kTypes) {
      for (const float bad : {inf, -inf, nan}) {
        std::vector<float> weights = clean;
        weights[4 * 130 + 129] = bad;
        const Packed w(type, weights, 9, 130);
        std::vector<float> x(130, 1.0f);
        std::vector<float> y = Matvec(w.view, x.data(), 1);
        EXPECT_FALSE(std::isfinite(y[4]));
        EXPECT_TRUE(std::isfinite(y[3]) && std::isfinite(y[5]));
        EXPECT_FALSE(std::isfinite(Decode(w.view)[4 * 130 + 129]));
        // A zero times what is not finite is NaN, as in the dense product.
        x[129] = bad;
        y = Matvec(Packed(type, clean, 9, 130).view, x.data(), 1);
        EXPECT_TRUE(std::isnan(y[0]));
      }
    }
  });
}

TEST(SparseMatvec, ATokenIsTheSameAloneAndAmongOthers) {
  ForEachTarget([] {
    for (const SparseType type : kTypes) {
      const Packed w(type, Pruned(70, 600, 0.6), 70, 600);
      const std::vector<float> x = Noise(kMatvecTokens * 600, 2);
      for (int64_t tokens = 2; tokens <= kMatvecTokens; ++tokens) {
        const std::vector<float> many = Matvec(w.view, x.data(), tokens);
        for (int64_t t = 0; t < tokens; ++t) {
          const std::vector<float> one = Matvec(w.view, x.data() + t * 600, 1, t == 3 ? 2 : 1);
          ASSERT_EQ(one, std::vector<float>(many.begin() + t * 70, many.begin() + (t + 1) * 70));
        }
      }
    }
  });
}

/// Every flipped bit of what is checked is either found or harmless; the values may be anything.
TEST(SparseMatrix, DamageIsFoundOrHarmless) {
  for (const SparseType type : kTypes) {
    const int64_t rows = 5, cols = 100;
    const std::vector<std::byte> whole = PackSparse(type, Pruned(rows, cols, 0.6), rows, cols);
    const std::vector<float> x = Noise(100, 2);
    int found = 0;
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::vector<std::byte> bytes = whole;
      bytes[bit / 8] ^= std::byte{static_cast<unsigned char>(1 << bit % 8)};
      try {
        CheckSparse(type, rows, cols, bytes, "folder: tensor w");
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find("folder: tensor w"), 0u) << error.what();
        ++found;
        continue;
      }
      const SparseMatrix view = ViewSparse(type, rows, cols, bytes);
      Matvec(view, x.data(), 1);
      Decode(view);
    }
    EXPECT_EQ(found, 8 * (4 * 6 + 16 * 5));  // all of starts and masks
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_THROW(CheckSparse(type, rows, cols, std::span(whole).first(size), "w"), Error);
    }
    EXPECT_THROW(CheckSparse(type, rows, cols + 64, whole, "w"), Error);
    EXPECT_THROW(CheckSparse(type, rows + 1, cols, whole, "w"), Error);
  }
}

}  // namespace
}  // namespace tersor::kernel
