#include "tersor/kernel/hilbert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "tersor/util/error.h"

namespace tersor::kernel {
namespace {

/// Steps between neighbours on the curve, as the sum of their differences along the axes.
std::vector<int64_t> Steps(int64_t frames, int64_t height, int64_t width) {
  const std::vector<int32_t> order = HilbertOrder(frames, height, width);
  std::vector<int64_t> steps;
  for (size_t i = 1; i < order.size(); ++i) {
    const int64_t a = order[i - 1], b = order[i], plane = height * width;
    steps.push_back(std::abs(a / plane - b / plane) +
                    std::abs(a / width % height - b / width % height) +
                    std::abs(a % width - b % width));
  }
  return steps;
}

TEST(HilbertOrder, NeighboursInACubeDifferByOneStep) {
  for (const int64_t side : {2, 4, 8, 16}) {
    EXPECT_EQ(std::ranges::max(Steps(side, side, side)), 1) << side;
  }
}

TEST(HilbertOrder, VisitsEachCellOfAnySizeOnce) {
  for (const auto& [t, h, w] :
       {std::array<int64_t, 3>{1, 1, 1}, {1, 5, 7}, {3, 1, 9}, {16, 24, 40}, {2, 3, 5}}) {
    std::vector<int32_t> order = HilbertOrder(t, h, w);
    const std::vector<int32_t> inverse = InverseOrder(order);
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ(inverse[static_cast<size_t>(order[i])], static_cast<int32_t>(i));
    }
    std::ranges::sort(order);
    std::vector<int32_t> all(static_cast<size_t>(t * h * w));
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(order, all);
  }
}

TEST(HilbertOrder, StaysLocalWhereSidesAreNoPowersOfTwo) {
  const std::vector<int64_t> steps = Steps(12, 20, 28);
  const double mean = static_cast<double>(std::accumulate(steps.begin(), steps.end(), int64_t{0})) /
                      static_cast<double>(steps.size());
  EXPECT_LT(mean, 1.2);
}

TEST(HilbertOrder, RefusesSizesWithoutCells) {
  EXPECT_THROW(HilbertOrder(0, 4, 4), Error);
  EXPECT_THROW(HilbertOrder(1 << 20, 1 << 20, 4), Error);
}

}  // namespace
}  // namespace tersor::kernel
