#include "tersor/kernel/mxfp4_gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernel/each_target.h"
#include "tersor/kernel/mxfp4_reference.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// Runs a check for every kernel of every target.
void ForEachKernel(const std::function<void(const Mxfp4Kernel&)>& check) {
  ForEachTarget([&] {
    for (const Mxfp4Kernel& kernel : Mxfp4Kernels()) {
      SCOPED_TRACE(kernel.name);
      check(kernel);
    }
  });
}

Mxfp4Source Source(const Mxfp4Matrix& q) {
  Mxfp4Source source;
  source.codes = q.View();
  return source;
}

std::vector<float> Multiply(const Mxfp4Matrix& a, const Mxfp4Matrix& b, const Mxfp4Kernel& kernel,
                            std::vector<float> y = {}) {
  Workspace workspace;
  const Mxfp4Operand rows = PackMxfp4(Source(a), OperandSide::kRows, workspace);
  const Mxfp4Operand columns = PackMxfp4(Source(b), OperandSide::kColumns, workspace);
  const bool accumulate = !y.empty();
  y.resize(static_cast<size_t>(a.rows * b.rows));
  MatmulMxfp4(rows, columns, kernel, accumulate, y.data(), b.rows);
  return y;
}

struct Shape {
  int64_t rows, cols, depth;
};
constexpr Shape kShapes[] = {{1, 1, 1},     {1, 17, 32},   {5, 9, 33},    {8, 16, 256},
                             {37, 20, 300}, {9, 33, 1100}, {17, 20, 2100}};

/// Random codes under scales that `scale(row, group)` gives.
template <typename Scale>
Mxfp4Matrix Random(int64_t rows, int64_t cols, uint64_t stream, const Scale& scale) {
  const Rng rng(17, stream);
  Mxfp4Matrix q(rows, cols);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) {
      q.SetCode(r, c, static_cast<uint8_t>(rng.Below(static_cast<uint64_t>(r * cols + c), 16)));
    }
    for (int64_t g = 0; g < MxGroups(cols); ++g) {
      q.scales[static_cast<size_t>(r * MxGroups(cols) + g)] = static_cast<uint8_t>(scale(r, g));
    }
  }
  return q;
}

/// Every sum is a whole number of quarters below 2^24 of them, so any order gives the same.
void CheckExact(const Mxfp4Matrix& a, const Mxfp4Matrix& b) {
  std::vector<float> wanted(static_cast<size_t>(a.rows * b.rows));
  MatmulMxfp4Reference(a, b, false, wanted.data());
  ForEachKernel([&](const Mxfp4Kernel& kernel) {
    ASSERT_EQ(Multiply(a, b, kernel), wanted) << a.rows << " x " << b.rows << " x " << a.cols;
  });
}

TEST(MatmulMxfp4, IsExactUnderOneScale) {
  const auto one = [](int64_t, int64_t) { return 127; };
  for (const auto& [m, n, k] : kShapes) {
    CheckExact(Random(m, k, 1, one), Random(n, k, 2, one));
  }
}

TEST(MatmulMxfp4, IsExactAtTheExtremes) {
  constexpr int64_t kRows = 9, kCols = 18, kDepth = 520;
  // With scales up to `spread` apart codes reach 12 times 2^spread.
  for (const int spread : {0, 1, 2, 3, 5}) {
    const auto scale = [&](int64_t r, int64_t g) { return 127 - (r + g) % (spread + 1); };
    Mxfp4Matrix a = Random(kRows, kDepth, 3, scale), b = Random(kCols, kDepth, 4, scale);
    for (const uint8_t left : {7, 15}) {
      for (const uint8_t right : {7, 15}) {
        for (int64_t c = 0; c < kDepth; ++c) {
          for (int64_t r = 0; r < kRows; ++r) {
            a.SetCode(r, c, left);
          }
          for (int64_t r = 0; r < kCols; ++r) {
            const bool other_sign = r % 2 != 0 && c % 2 != 0;
            b.SetCode(r, c, static_cast<uint8_t>(other_sign ? right ^ 8 : right));
          }
        }
        CheckExact(a, b);
      }
    }
  }
}

/// The sum over the depth in double, and how near float32 must come; infinite where terms exceed
/// it.
struct Wanted {
  double sum, bound;
};

std::vector<Wanted> Sums(const Mxfp4Matrix& a, const Mxfp4Matrix& b) {
  std::vector<Wanted> sums;
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t n = 0; n < b.rows; ++n) {
      double sum = 0, size = 0;
      for (int64_t c = 0; c < a.cols; ++c) {
        const double product = std::ldexp(double{DecodeMx(MxElement::kE2M1, a.Code(r, c))} *
                                              double{DecodeMx(MxElement::kE2M1, b.Code(n, c))},
                                          a.Scale(r, c) + b.Scale(n, c) - 254);
        sum += product;
        size += std::fabs(product);
      }
      const bool fits = size < double{std::numeric_limits<float>::max()};
      const double smallest = 0x1p-149 * static_cast<double>(MxGroups(a.cols));
      sums.push_back({sum, fits ? 1e-6 * size + smallest : HUGE_VAL});
    }
  }
  return sums;
}

void CheckNear(const Mxfp4Matrix& a, const Mxfp4Matrix& b) {
  const std::vector<Wanted> wanted = Sums(a, b);
  ForEachKernel([&](const Mxfp4Kernel& kernel) {
    const std::vector<float> y = Multiply(a, b, kernel);
    for (size_t i = 0; i < y.size(); ++i) {
      if (std::fabs(wanted[i].sum) > double{std::numeric_limits<float>::max()}) {
        ASSERT_FALSE(std::isfinite(y[i]));
      } else if (std::isfinite(wanted[i].bound)) {
        ASSERT_NEAR(y[i], wanted[i].sum, wanted[i].bound) << i;
      }
    }
  });
}

TEST(MatmulMxfp4, ScalesOfAllKinds) {
  const Rng rng(23);
  for (const int spread : {2, 5, 40}) {
    for (const auto& [m, n, k] : kShapes) {
      const auto scale = [&](int64_t r, int64_t g) {
        return 100 + static_cast<int>(rng.Below(static_cast<uint64_t>(r * 999 + g),
                                                static_cast<uint64_t>(spread)));
      };
      CheckNear(Random(m, k, 5, scale), Random(n, k, 6, scale));
    }
  }
}

TEST(MatmulMxfp4, ScalesAtTheLimits) {
  for (const int left : {0, 1, 30, 127, 224, 254}) {
    for (const int right : {0, 1, 30, 100, 129, 224, 254}) {
      const auto a = Random(9, 70, 7, [&](int64_t, int64_t g) { return g == 1 ? left : 127; });
      const auto b = Random(17, 70, 8, [&](int64_t, int64_t g) { return g == 1 ? right : 127; });
      const auto c = Random(17, 70, 9, [&](int64_t, int64_t) { return right; });
      CheckNear(a, b);
      CheckNear(a, c);
    }
  }
}

TEST(MatmulMxfp4, ZerosStayZeroUnderAnyScale) {
  ForEachKernel([](const Mxfp4Kernel& kernel) {
    Mxfp4Matrix a = Random(9, 64, 1, [](int64_t, int64_t) { return 254; });
    const Mxfp4Matrix b = Random(9, 64, 2, [](int64_t, int64_t) { return 254; });
    std::fill(a.codes.begin(), a.codes.end(), uint8_t{0x80});  // +0 and -0
    for (const float value : Multiply(a, b, kernel)) {
      ASSERT_EQ(value, 0);
    }
  });
}

TEST(MatmulMxfp4, NanScalesReachTheirRowsOnly) {
  ForEachKernel([](const Mxfp4Kernel& kernel) {
    Mxfp4Matrix a = Random(20, 300, 1, [](int64_t, int64_t) { return 127; });
    Mxfp4Matrix b = Random(30, 300, 2, [](int64_t, int64_t) { return 127; });
    a.scales[static_cast<size_t>(13 * MxGroups(300) + 4)] = kMxNanScale;
    b.scales[static_cast<size_t>(21 * MxGroups(300) + 9)] = kMxNanScale;
    const std::vector<float> y = Multiply(a, b, kernel);
    std::vector<float> wanted(y.size());
    MatmulMxfp4Reference(a, b, false, wanted.data());
    for (size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(std::isnan(y[i]), i / 30 == 13 || i % 30 == 21);
      ASSERT_TRUE(std::isnan(y[i]) || y[i] == wanted[i]);
    }
    Workspace workspace;
    EXPECT_FALSE(PackMxfp4(Source(a), OperandSide::kRows, workspace).finite);
    EXPECT_FALSE(PackMxfp4(Source(b), OperandSide::kColumns, workspace).finite);
  });
}

TEST(MatmulMxfp4, SameResultOnEveryKernel) {
  const Mxfp4Matrix a = Random(50, 1500, 1, [](int64_t r, int64_t g) { return 120 + r * g % 6; });
  const Mxfp4Matrix b = Random(70, 1500, 2, [](int64_t r, int64_t g) { return 120 + r * g % 5; });
  std::vector<float> first;
  ForEachKernel([&](const Mxfp4Kernel& kernel) {
    const std::vector<float> y = Multiply(a, b, kernel);
    first = first.empty() ? y : first;
    EXPECT_EQ(y, first);
  });
}

TEST(MatmulMxfp4, AccumulatesAndIgnoresThreads) {
  ForEachKernel([](const Mxfp4Kernel& kernel) {
    const auto scale = [](int64_t r, int64_t g) { return 120 + (r + g) % 6; };
    const Mxfp4Matrix a = Random(150, 300, 1, scale), b = Random(170, 300, 2, scale);
    const std::vector<float> once = Multiply(a, b, kernel);
    for (const int threads : {1, 2, 3}) {
      SetNumThreads(threads);
      EXPECT_EQ(Multiply(a, b, kernel), once);
    }
    SetNumThreads(0);
    std::vector<float> twice = once;
    for (float& v : twice) {
      v += v;
    }
    EXPECT_EQ(Multiply(a, b, kernel, once), twice);
  });
}

/// Packing from floats gives what packing the quantizer's codes gives, and keeps those codes.
void CheckFused(const Mxfp4Source& source, const Mxfp4Matrix& codes, OperandSide side,
                const Mxfp4Kernel& kernel) {
  const Mxfp4Matrix other =
      Random(11, codes.cols, 3, [](int64_t r, int64_t g) { return 125 + (r + g) % 3; });
  const bool rows = side == OperandSide::kRows;
  Workspace workspace;
  Mxfp4Matrix kept(codes.rows, codes.cols);
  Mxfp4Source keeping = source;
  keeping.keep = kept.Out();
  const Mxfp4Operand fused = PackMxfp4(keeping, side, workspace);
  EXPECT_TRUE(fused.finite);
  EXPECT_EQ(kept.codes, codes.codes);
  EXPECT_EQ(kept.scales, codes.scales);
  const Mxfp4Operand rest =
      PackMxfp4(Source(other), rows ? OperandSide::kColumns : OperandSide::kRows, workspace);
  std::vector<float> y(static_cast<size_t>(codes.rows * other.rows));
  MatmulMxfp4(rows ? fused : rest, rows ? rest : fused, kernel, false, y.data(),
              rows ? other.rows : codes.rows);
  EXPECT_EQ(y, rows ? Multiply(codes, other, kernel) : Multiply(other, codes, kernel));
}

TEST(PackMxfp4, QuantizesAsTheQuantizersDo) {
  ForEachKernel([](const Mxfp4Kernel& kernel) {
    constexpr int64_t kRows = 75, kCols = 300;
    const std::vector<float> x = Noise(kRows * kCols, 1), ema = Noise(kRows * kCols, 2);
    const FloatRows view{x.data(), kRows, kCols, kCols}, averages{ema.data(), kRows, kCols, kCols};
    Mxfp4Matrix plain(kRows, kCols);
    QuantizeMxfp4(view, {}, plain.Out());
    for (const OperandSide side : {OperandSide::kRows, OperandSide::kColumns}) {
      for (const bool stochastic : {false, true}) {
        Mxfp4Source source;
        source.x = view;
        source.rounding.stochastic = stochastic;
        source.rounding.key = 7;
        Mxfp4Matrix codes(kRows, kCols), turned(kCols, kRows);
        QuantizeMxfp4(view, source.rounding, codes.Out());
        CheckFused(source, codes, side, kernel);
        source.transposed = true;
        QuantizeMxfp4Transposed(view, source.rounding, turned.Out());
        CheckFused(source, turned, side, kernel);
        source.x = {};
        source.codes = plain.View();
        RequantizeMxfp4Transposed(plain.View(), source.rounding, turned.Out());
        CheckFused(source, turned, side, kernel);
      }
      Mxfp4Source source;
      source.x = view;
      source.ema = averages;
      Mxfp4Matrix codes(kRows, kCols);
      QuantizeMxfp4ByEma(view, averages, source.rounding.scale, codes.Out());
      CheckFused(source, codes, side, kernel);
    }
  });
}

TEST(PackMxfp4, TellsWhatIsNotFinite) {
  ForEachTarget([] {
    std::vector<float> x = Noise(50 * 70, 1);
    x[49 * 70 + 69] = std::numeric_limits<float>::infinity();
    Workspace workspace;
    Mxfp4Source source;
    source.x = {x.data(), 50, 70, 70};
    for (const bool transposed : {false, true}) {
      source.transposed = transposed;
      EXPECT_FALSE(PackMxfp4(source, OperandSide::kRows, workspace).finite);
      EXPECT_FALSE(PackMxfp4(source, OperandSide::kColumns, workspace).finite);
    }
  });
}

}  // namespace
}  // namespace tersor::kernel
