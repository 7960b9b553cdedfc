#include "tersor/kernel/column_squares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "each_target.h"

namespace tersor::kernel {
namespace {

TEST(AddColumnSquares, AddsToWhatIsThere) {
  ForEachTarget([] {
    for (const int64_t rows : {0, 1, 15, 40}) {
      for (const int64_t cols : {1, 17, 64, 150}) {
        std::vector<float> x = Noise(static_cast<size_t>(rows * cols), 1);
        std::vector<double> sums(static_cast<size_t>(cols), 2);
        AddColumnSquares(rows, cols, x.data(), sums.data());
        for (int64_t c = 0; c < cols; ++c) {
          double expected = 2;
          for (int64_t r = 0; r < rows; ++r) {
            expected += std::pow(static_cast<double>(x[static_cast<size_t>(r * cols + c)]), 2);
          }
          EXPECT_NEAR(sums[static_cast<size_t>(c)], expected, 1e-6 * expected);
        }
      }
    }
  });
}

TEST(AddColumnSquares, KeepsWhatIsNotFinite) {
  std::vector<float> x = Noise(6 * 20, 2);
  x[45] = NAN;
  std::vector<double> sums(20);
  AddColumnSquares(6, 20, x.data(), sums.data());
  EXPECT_TRUE(std::isnan(sums[5]));
  EXPECT_TRUE(std::isfinite(sums[4]));
}

}  // namespace
}  // namespace tersor::kernel
