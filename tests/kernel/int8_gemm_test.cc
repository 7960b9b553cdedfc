#include "tersor/kernel/int8_gemm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernel/each_target.h"
#include "kernel/int8_blocks.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// Runs a check for every kernel of every target.
void ForEachKernel(const std::function<void(const Int8Kernel&)>& check) {
  ForEachTarget([&] {
    for (const Int8Kernel& kernel : Int8Kernels()) {
      SCOPED_TRACE(kernel.name);
      check(kernel);
    }
  });
}

std::vector<float> Multiply(const BlockCodes& a, bool a_transposed, const BlockCodes& b,
                            bool b_transposed, const Int8Kernel& kernel,
                            std::vector<float> y = {}) {
  Workspace workspace;
  const Int8Operand rows = PackInt8(a, a_transposed, OperandSide::kRows, kernel, workspace);
  const Int8Operand columns = PackInt8(b, b_transposed, OperandSide::kColumns, kernel, workspace);
  const bool accumulate = !y.empty();
  y.resize(static_cast<size_t>(rows.grid.rows * columns.grid.rows));
  MatmulInt8(rows, columns, kernel, accumulate, y.data());
  return y;
}

struct Shape {
  int64_t rows, cols, depth;
};
constexpr Shape kShapes[] = {{1, 1, 1},     {1, 130, 128},  {7, 5, 300},
                             {64, 33, 257}, {150, 200, 64}, {129, 128, 512}};

/// Fills both operands with codes and compares with whole-number sums.
template <typename Fill>
void CheckExact(const Int8Kernel& kernel, int64_t block, const Fill& fill) {
  for (const auto& [m, n, k] : kShapes) {
    for (const bool turned : {false, true}) {
      Blocks a(turned ? BlockGrid{k, m, block} : BlockGrid{m, k, block});
      Blocks b(turned ? BlockGrid{k, n, block} : BlockGrid{n, k, block});
      std::vector<int64_t> wanted(static_cast<size_t>(m * n));
      for (int64_t d = 0; d < k; ++d) {
        for (int64_t r = 0; r < m; ++r) {
          (turned ? a.At(d, r) : a.At(r, d)) = static_cast<int8_t>(fill(r, d, 127));
        }
        for (int64_t c = 0; c < n; ++c) {
          (turned ? b.At(d, c) : b.At(c, d)) =
              static_cast<int8_t>(fill(c + 1000, d, kernel.column_limit));
        }
        for (int64_t r = 0; r < m; ++r) {
          for (int64_t c = 0; c < n; ++c) {
            wanted[static_cast<size_t>(r * n + c)] +=
                fill(r, d, 127) * fill(c + 1000, d, kernel.column_limit);
          }
        }
      }
      const std::vector<float> y = Multiply(a.View(), turned, b.View(), turned, kernel);
      for (size_t i = 0; i < y.size(); ++i) {  // all below 2^24, which floats hold exactly
        ASSERT_EQ(static_cast<int64_t>(y[i]), wanted[i])
            << m << " x " << n << " x " << k << ", block " << block;
      }
    }
  }
}

TEST(MatmulInt8, IsExactAtTheExtremes) {
  ForEachKernel([](const Int8Kernel& kernel) {
    for (const int64_t block : {32, 64, 128}) {
      CheckExact(kernel, block, [](int64_t, int64_t, int limit) { return int64_t{limit}; });
      CheckExact(kernel, block, [](int64_t, int64_t, int limit) { return -int64_t{limit}; });
      CheckExact(kernel, block, [](int64_t row, int64_t, int limit) {
        return row < 1000 ? -int64_t{limit} : int64_t{limit};
      });
      CheckExact(kernel, block, [](int64_t row, int64_t d, int limit) {
        return (row + d) % 2 == 0 ? -int64_t{limit} : int64_t{limit};
      });
    }
  });
}

TEST(MatmulInt8, IsExactOnAnyCodes) {
  ForEachKernel([](const Int8Kernel& kernel) {
    const Rng rng(5);
    CheckExact(kernel, 64, [&](int64_t row, int64_t d, int limit) {
      const auto index = static_cast<uint64_t>(row * 4096 + d);
      return static_cast<int64_t>(rng.Below(index, static_cast<uint64_t>(2 * limit + 1))) - limit;
    });
  });
}

std::vector<float> Transposed(const std::vector<float>& x, int64_t rows) {
  const int64_t cols = std::ssize(x) / rows;
  std::vector<float> turned(x.size());
  for (int64_t i = 0; i < std::ssize(x); ++i) {
    turned[static_cast<size_t>(i % cols * rows + i / cols)] = x[static_cast<size_t>(i)];
  }
  return turned;
}

/// Both operands quantized from noise, and the product of what their codes stand for.
void CheckMixed(const Int8Kernel& kernel, bool a_falls, bool b_falls, ResidualScale choice,
                bool turned = false) {
  constexpr int64_t kRows = 100, kCols = 150, kDepth = 200;
  const std::vector<float> x = Noise(kRows * kDepth, 8), w = Noise(kCols * kDepth, 9);
  const std::vector<float> given_x = turned ? Transposed(x, kRows) : x;
  const std::vector<float> given_w = turned ? Transposed(w, kCols) : w;
  Blocks a(given_x, turned ? BlockGrid{kDepth, kRows, 64} : BlockGrid{kRows, kDepth, 64});
  Blocks b(given_w, turned ? BlockGrid{kDepth, kCols, 64} : BlockGrid{kCols, kDepth, 64},
           kernel.column_limit);
  if (a_falls) {
    a.FallBack(
        given_x, [](size_t i) { return i % 3 == 1; }, choice);
  }
  if (b_falls) {
    b.FallBack(
        given_w, [](size_t i) { return i % 2 == 1; }, choice);
  }
  const std::vector<float> y = Multiply(a.View(), turned, b.View(), turned, kernel);
  const std::vector<float> left = turned ? Transposed(a.Values(), kDepth) : a.Values();
  const std::vector<float> right = turned ? Transposed(b.Values(), kDepth) : b.Values();
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t c = 0; c < kCols; ++c) {
      double sum = 0, size = 0;
      for (int64_t d = 0; d < kDepth; ++d) {
        const double product = static_cast<double>(left[static_cast<size_t>(r * kDepth + d)]) *
                               static_cast<double>(right[static_cast<size_t>(c * kDepth + d)]);
        sum += product;
        size += std::fabs(product);
      }
      ASSERT_NEAR(y[static_cast<size_t>(r * kCols + c)], sum, 1e-6 * size);
    }
  }
}

TEST(MatmulInt8, ResidualsAddWhatTheyStandFor) {
  ForEachKernel([](const Int8Kernel& kernel) {
    CheckMixed(kernel, false, false, ResidualScale::kOwn);
    CheckMixed(kernel, true, false, ResidualScale::kOwn);
    CheckMixed(kernel, false, true, ResidualScale::kOwn);
    CheckMixed(kernel, true, true, ResidualScale::kOwn);
    for (const bool turned : {false, true}) {
      CheckMixed(kernel, true, false, ResidualScale::kJoined, turned);
      CheckMixed(kernel, false, true, ResidualScale::kJoined, turned);
    }
  });
}

// The largest codes of both steps, and the deepest block: 128 * 32385 * 127.
TEST(MatmulInt8, JoinedBlocksAreExactAtTheExtremes) {
  ForEachKernel([](const Int8Kernel& kernel) {
    for (const int sign : {1, -1}) {
      Blocks a({13, 128, 128}), b({37, 128, 128});
      std::fill(a.codes.begin(), a.codes.end(), int8_t{127});
      std::fill(b.codes.begin(), b.codes.end(), static_cast<int8_t>(sign * kernel.column_limit));
      a.slots = {0};
      a.scales = {254};
      a.residuals.assign(a.codes.size(), 127);
      a.residual_scales = {1};
      ASSERT_TRUE(a.View().Joined(0));
      for (const float y : Multiply(a.View(), false, b.View(), false, kernel)) {
        ASSERT_EQ(y, static_cast<float>(sign * 128 * 32385 * kernel.column_limit));
      }
    }
  });
}

TEST(MatmulInt8, RefusesToJoinBothOperands) {
  const std::vector<float> x = Noise(64 * 64, 14);
  Blocks a(x, {64, 64, 64});
  a.FallBack(
      x, [](size_t) { return true; }, ResidualScale::kJoined);
  ForEachKernel([&](const Int8Kernel& kernel) {
    if (kernel.layout == Int8Layout::kPairs) {
      EXPECT_THROW(Multiply(a.View(), false, a.View(), false, kernel), Error);
    }
  });
}

TEST(MatmulInt8, NoFallbackIsThePlainProduct) {
  ForEachKernel([](const Int8Kernel& kernel) {
    const std::vector<float> x = Noise(90 * 130, 10), w = Noise(70 * 130, 11);
    Blocks a(x, {90, 130, 64});
    const Blocks b(w, {70, 130, 64}, kernel.column_limit);
    const std::vector<float> plain = Multiply(a.View(), false, b.View(), false, kernel);
    a.FallBack(x, [](size_t) { return false; });
    EXPECT_EQ(Multiply(a.View(), false, b.View(), false, kernel), plain);
  });
}

TEST(MatmulInt8, AccumulatesAndIgnoresThreads) {
  ForEachKernel([](const Int8Kernel& kernel) {
    const std::vector<float> x = Noise(300 * 130, 12), w = Noise(270 * 130, 13);
    Blocks a(x, {300, 130, 64});
    a.FallBack(x, [](size_t i) { return i < 5; });
    const Blocks b(w, {270, 130, 64}, kernel.column_limit);
    const std::vector<float> once = Multiply(a.View(), false, b.View(), false, kernel);
    for (const int threads : {1, 2, 3}) {
      SetNumThreads(threads);
      EXPECT_EQ(Multiply(a.View(), false, b.View(), false, kernel), once);
    }
    SetNumThreads(0);
    std::vector<float> twice = once;
    for (float& v : twice) {
      v += v;
    }
    EXPECT_EQ(Multiply(a.View(), false, b.View(), false, kernel, once), twice);
  });
}

TEST(Int8Kernels, BeginWithAnExactOne) {
  ForEachTarget([] {
    EXPECT_EQ(BestInt8Kernel().column_limit, 127);
    for (const Int8Kernel& kernel : Int8Kernels()) {
      EXPECT_EQ(32 % kernel.panel, 0) << kernel.name;  // panels fill the smallest block
    }
  });
}

}  // namespace
}  // namespace tersor::kernel
