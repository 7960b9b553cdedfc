#include "tersor/twin/conflict_density.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

double AreaOf(const std::vector<Polyline>& parts) {
  double sum = 0;
  for (const Polyline& part : parts) {
    for (size_t i = 0; i < part.size(); ++i) {
      const Point &a = part[i], &b = part[(i + 1) % part.size()];
      sum += (a.x * b.y - b.x * a.y) / 2;
    }
  }
  return sum;
}

TEST(ConflictDensity, IntegratesToTheNumberOfPoints) {
  const std::vector<Point> points = {{50, 50}, {52, 47}, {120, 60}};
  const DensityGrid grid = KernelDensity(points, {0, 0}, {200, 120}, 1, 6);
  double sum = 0;
  for (const double value : grid.value) {
    sum += value;
  }
  EXPECT_NEAR(sum, 3, 3e-3);  // the kernel is cut at four deviations
}

TEST(ConflictDensity, OnePointIsAGaussian) {
  const std::vector<Point> points = {{20, 30}};
  const DensityGrid grid = KernelDensity(points, {0, 0}, {60, 60}, 2, 5);
  const double peak = 1 / (2 * std::numbers::pi * 25);
  EXPECT_NEAR(grid.At(10, 15), peak, 1e-12);
  EXPECT_NEAR(grid.At(15, 15), peak * std::exp(-2), 1e-12);
  EXPECT_NEAR(grid.peak(), peak, 1e-12);
  EXPECT_EQ(grid.At(30, 15), 0);
}

TEST(ConflictDensity, ContoursOfAGaussianAreCircles) {
  const std::vector<Point> points = {{50, 50}};
  const DensityGrid grid = KernelDensity(points, {0, 0}, {100, 100}, 0.5, 8);
  for (const double share : {0.2, 0.5, 0.9}) {
    const double radius2 = -2 * 64 * std::log(share);
    EXPECT_NEAR(AreaOf(AreaAbove(grid, share * grid.peak())), std::numbers::pi * radius2,
                std::numbers::pi * radius2 * 0.01);
  }
  EXPECT_TRUE(AreaAbove(grid, grid.peak() * 1.01).empty());
}

TEST(ConflictDensity, PointsOutsideTheGridDoNoHarm) {
  const std::vector<Point> points = {{-500, 3}, {1e7, 1e7}, {-1, 5}};
  const DensityGrid grid = KernelDensity(points, {0, 0}, {10, 10}, 1, 2);
  EXPECT_NEAR(grid.peak(), std::exp(-1.0 / 8) / (8 * std::numbers::pi), 1e-12);
}

TEST(ConflictDensity, RefusesAnEmptyKernel) {
  EXPECT_THROW(KernelDensity({}, {0, 0}, {1, 1}, 0, 1), Error);
  EXPECT_THROW(KernelDensity({}, {0, 0}, {1, 1}, 1, 0), Error);
}

}  // namespace
}  // namespace tersor::twin
