#include "tersor/twin/calibration/nelder_mead.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tersor::twin {
namespace {

const SearchSpace kSpace = {{-1, 2}, {0.5, 0.5}, {-5, -5}, {5, 5}};

double Rosenbrock(const std::vector<double>& x) {
  return std::pow(1 - x[0], 2) + 100 * std::pow(x[1] - x[0] * x[0], 2);
}

TEST(NelderMead, FindsTheBottomOfAValley) {
  const std::vector<double> best = MinimizeNelderMead(kSpace, 400, Rosenbrock);
  EXPECT_NEAR(best[0], 1, 0.01);
  EXPECT_NEAR(best[1], 1, 0.02);
}

TEST(NelderMead, StaysWithinBoundsAndCalls) {
  SearchSpace space = kSpace;
  space.high = {0.5, 2};
  int calls = 0;
  const std::vector<double> best =
      MinimizeNelderMead(space, 200, [&](const std::vector<double>& x) {
        ++calls;
        EXPECT_LE(x[0], 0.5);
        EXPECT_LE(x[1], 2);
        EXPECT_GE(x[0], -5);
        return Rosenbrock(x);
      });
  EXPECT_LE(calls, 200);
  EXPECT_NEAR(best[0], 0.5, 0.01);
  EXPECT_NEAR(best[1], 0.25, 0.02);
}

TEST(NelderMead, GivesTheBestOfFewCalls) {
  for (int calls = 1; calls < 12; ++calls) {
    double least = INFINITY;
    int made = 0;
    const std::vector<double> best =
        MinimizeNelderMead(kSpace, calls, [&](const std::vector<double>& x) {
          ++made;
          least = std::min(least, Rosenbrock(x));
          return Rosenbrock(x);
        });
    EXPECT_EQ(made, calls);
    EXPECT_EQ(Rosenbrock(best), least);
  }
}

TEST(NelderMead, SameValuesSamePoints) {
  std::vector<std::vector<double>> first, second;
  for (auto* points : {&first, &second}) {
    MinimizeNelderMead(kSpace, 60, [&](const std::vector<double>& x) {
      points->push_back(x);
      return Rosenbrock(x);
    });
  }
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace tersor::twin
