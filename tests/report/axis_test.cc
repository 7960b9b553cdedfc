#include "tersor/report/axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace tersor::report {
namespace {

std::vector<std::string> Labels(const Axis& axis) {
  std::vector<std::string> labels;
  for (const Tick& tick : axis.ticks) {
    labels.push_back(tick.label);
  }
  return labels;
}

using Strings = std::vector<std::string>;

TEST(AxisTest, TicksAreRound) {
  EXPECT_EQ(Labels(MakeAxis(std::vector<double>{0.3, 9.7}, 5, true)),
            (Strings{"0", "2", "4", "6", "8", "10"}));
  EXPECT_EQ(Labels(MakeAxis(std::vector<double>{-0.12, 0.31}, 5, true)),
            (Strings{"−0.2", "−0.1", "0", "0.1", "0.2", "0.3", "0.4"}));
  EXPECT_EQ(Labels(MakeAxis(std::vector<double>{10.0, 3000.0, 2900.0}, 3, false)),
            (Strings{"1,000", "2,000", "3,000"}));
  EXPECT_EQ(Labels(MakeAxis(std::vector<double>{0.0, 4e6}, 4, true)),
            (Strings{"0", "10⁶", "2×10⁶", "3×10⁶", "4×10⁶"}));
}

TEST(AxisTest, RoundEndsHoldAllValues) {
  const Axis axis = MakeAxis(std::vector<double>{1.03, 2.98}, 5, true);
  EXPECT_LE(axis.low, 1.03);
  EXPECT_GE(axis.high, 2.98);
  EXPECT_DOUBLE_EQ(axis.ticks.front().value, axis.low);
  EXPECT_DOUBLE_EQ(axis.ticks.back().value, axis.high);
}

TEST(AxisTest, ExactEndsKeepTicksInside) {
  const Axis axis = MakeAxis(std::vector<double>{7.0, 93.0}, 5, false);
  EXPECT_EQ(axis.low, 7.0);
  EXPECT_EQ(axis.high, 93.0);
  EXPECT_EQ(Labels(axis), (Strings{"20", "40", "60", "80"}));
}

TEST(AxisTest, LogWhereValuesSpanDecadesAndCrowd) {
  const Axis axis = MakeAxis(std::vector<double>{1e-4, 1e-3, 1e-2, 1e-1, 1.0}, 5, true);
  EXPECT_TRUE(axis.log);
  EXPECT_EQ(Labels(axis), (Strings{"10⁻⁴", "0.001", "0.01", "0.1", "1"}));
  EXPECT_DOUBLE_EQ(axis.Position(1e-2), 0.5);
  // Evenly spread steps span decades too, but crowd nowhere.
  std::vector<double> steps;
  for (int i = 1; i <= 1000; ++i) {
    steps.push_back(i);
  }
  EXPECT_FALSE(MakeAxis(steps, 8, false).log);
  EXPECT_FALSE(MakeAxis(std::vector<double>{0.0, 1e-4, 1e-3, 1.0}, 5, true).log);
}

TEST(AxisTest, OneValueStandsInTheMiddle) {
  for (const double value : {5.0, -3.0, 0.0, 1e300, -1e300, 1e-300, 5e-324}) {
    const Axis axis = MakeAxis(std::vector<double>{value}, 5, false);
    EXPECT_LT(axis.low, axis.high);
    EXPECT_NEAR(axis.Position(value), 0.5, 1e-9) << value;
  }
}

TEST(AxisTest, WhatIsNotPlottableIsLeftOut) {
  const double max = std::numeric_limits<double>::max();
  const Axis axis =
      MakeAxis(std::vector<double>{1.0, NAN, INFINITY, -INFINITY, max, 3.0}, 5, false);
  EXPECT_EQ(axis.low, 1.0);
  EXPECT_EQ(axis.high, 3.0);
  const Axis empty = MakeAxis(std::vector<double>{NAN}, 5, true);
  EXPECT_EQ(empty.low, 0.0);
  EXPECT_EQ(empty.high, 1.0);
}

TEST(AxisTest, EveryAxisHasFewRisingTicksWithinItsEnds) {
  const std::vector<std::vector<double>> cases = {
      {0, 1},          {-1e300, 1e300},         {0, 5e-324},  {1, 1 + 1e-15},
      {1e9, 1e9 + 1},  {-7.3e-5, 8.1e-5},       {0.1, 1e299}, {1e-299, 1e-200, 1e-150, 1},
      {3, 4, 5, 1e12}, {1e-299, 2e-299, 1e299}, {99.99, 100}, {-5, -4.9999}};
  for (const auto& values : cases) {
    for (const int target : {2, 5, 8}) {
      for (const bool round_ends : {false, true}) {
        const Axis axis = MakeAxis(values, target, round_ends);
        ASSERT_LT(axis.low, axis.high);
        EXPECT_LE(axis.ticks.size(), static_cast<size_t>(4 * target + 1));
        for (size_t i = 0; i < axis.ticks.size(); ++i) {
          const double position = axis.Position(axis.ticks[i].value);
          EXPECT_TRUE(position > -1e-5 && position < 1 + 1e-5) << axis.ticks[i].label;
          if (i > 0) {
            EXPECT_LT(axis.ticks[i - 1].value, axis.ticks[i].value);
            EXPECT_NE(axis.ticks[i - 1].label, axis.ticks[i].label);
          }
        }
      }
    }
  }
}

TEST(RatioAxisTest, TwiceAndHalfLookAlike) {
  const Axis axis = MakeRatioAxis(std::vector<double>{0.5, 2.0});
  EXPECT_NEAR(axis.Position(2) - axis.Position(1), axis.Position(1) - axis.Position(0.5), 1e-12);
  EXPECT_EQ(Labels(axis), (Strings{"0.5×", "0.7×", "1×", "1.5×", "2×"}));
}

TEST(RatioAxisTest, AlwaysShowsOneAndSurvivesAnything) {
  for (const auto& values : std::vector<std::vector<double>>{
           {}, {NAN, -1, 0, INFINITY}, {1e-300}, {1e300}, {1.01}, {30, 40}}) {
    const Axis axis = MakeRatioAxis(values);
    EXPECT_GT(axis.Position(1), 0);
    EXPECT_LT(axis.Position(1), 1);
    EXPECT_GE(axis.ticks.size(), 2u);
  }
}

}  // namespace
}  // namespace tersor::report
