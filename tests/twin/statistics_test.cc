#include "tersor/twin/matrix/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "tersor/util/rng.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

TEST(Statistics, StudentsQuantilesAreThoseOfTheTables) {
  // Two-sided 5 % and 1 %.
  EXPECT_NEAR(StudentQuantile(0.975, 1), 12.7062047, 1e-6);
  EXPECT_NEAR(StudentQuantile(0.975, 2), 4.30265273, 1e-7);
  EXPECT_NEAR(StudentQuantile(0.975, 4), 2.77644511, 1e-7);
  EXPECT_NEAR(StudentQuantile(0.975, 9), 2.26215716, 1e-7);
  EXPECT_NEAR(StudentQuantile(0.975, 29), 2.04522964, 1e-7);
  EXPECT_NEAR(StudentQuantile(0.995, 9), 3.24983554, 1e-7);
  EXPECT_NEAR(StudentQuantile(0.975, 1e6), 1.95996636, 1e-6);
  EXPECT_NEAR(StudentQuantile(0.025, 9), -2.26215716, 1e-7);
  EXPECT_NEAR(StudentQuantile(0.5, 3), 0, 1e-9);
}

TEST(Statistics, StudentsDistributionHasItsClosedForms) {
  for (const double t : {-30.0, -2.0, -0.1, 0.0, 0.3, 1.0, 4.0, 1000.0}) {
    EXPECT_NEAR(StudentCdf(t, 1), 0.5 + std::atan(t) / std::numbers::pi, 1e-12) << t;
    EXPECT_NEAR(StudentCdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-12) << t;
    const double u = t / std::sqrt(3);
    EXPECT_NEAR(StudentCdf(t, 3), 0.5 + (u / (1 + u * u) + std::atan(u)) / std::numbers::pi, 1e-12)
        << t;
  }
  for (const double p : {0.001, 0.2, 0.7, 0.9999}) {
    for (const double degrees : {1.0, 5.0, 40.0, 500.0}) {
      EXPECT_NEAR(StudentCdf(StudentQuantile(p, degrees), degrees), p, 1e-12);
    }
  }
}

TEST(Statistics, AMeansInterval) {
  // Mean 5, deviation 2.5819889 (squares 20 over 3), t 3.1824463.
  const Interval interval = MeanInterval(std::vector<double>{2, 4, 6, NAN, 8});
  EXPECT_DOUBLE_EQ(interval.mean, 5);
  EXPECT_EQ(interval.count, 4);
  EXPECT_NEAR(interval.deviation, 2.5819889, 1e-6);
  EXPECT_NEAR(interval.high, 5 + 3.1824463 * 2.5819889 / 2, 1e-6);
  EXPECT_NEAR(interval.low, 5 - 3.1824463 * 2.5819889 / 2, 1e-6);
  EXPECT_TRUE(std::isnan(MeanInterval(std::vector<double>{3}).low));
  EXPECT_EQ(MeanInterval(std::vector<double>{3}).mean, 3);
  EXPECT_TRUE(std::isnan(MeanInterval({}).mean));
}

TEST(Statistics, IntervalsHoldTheMeanAsOftenAsTheySay) {
  const Rng rng(11);
  int held = 0;
  constexpr int kTrials = 2000, kValues = 4;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values;
    for (int i = 0; i < kValues; ++i) {
      values.push_back(7 + 3 * rng.Normal(static_cast<uint64_t>(trial * kValues + i)));
    }
    const Interval interval = MeanInterval(values);
    held += interval.low <= 7 && 7 <= interval.high;
  }
  EXPECT_NEAR(held, 0.95 * kTrials, 4 * std::sqrt(0.95 * 0.05 * kTrials));
}

TEST(Statistics, PairsAreComparedByTheirDifferences) {
  // Student's own example: hours of sleep won by two drugs ("The probable error of a mean", 1908):
  // mean difference 1.58, t = 4.0621 with 9 degrees of freedom, p = 0.00283.
  const std::vector<double> first = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2.0};
  const std::vector<double> second = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const PairedDifference difference = ComparePairs(first, second);
  EXPECT_NEAR(difference.interval.mean, 1.58, 1e-12);
  EXPECT_NEAR(difference.p_value, 0.00283289, 1e-7);
  EXPECT_NEAR(difference.interval.low, 0.7001142, 1e-6);
  EXPECT_NEAR(difference.interval.high, 2.4598858, 1e-6);
  // Nine differences are above 0 and one is 0: only all signs alike reach as far.
  EXPECT_DOUBLE_EQ(difference.sign_flip_p, 4.0 / 1024);
  EXPECT_NEAR(difference.first, 0.75, 1e-12);
  EXPECT_NEAR(difference.second, 2.33, 1e-12);
}

TEST(Statistics, PairsThatLackAValueAreLeftOut) {
  const PairedDifference difference =
      ComparePairs(std::vector<double>{1, NAN, 2, 3}, std::vector<double>{2, 5, 4, NAN});
  EXPECT_EQ(difference.interval.count, 2);
  EXPECT_DOUBLE_EQ(difference.interval.mean, 1.5);
  EXPECT_EQ(ComparePairs(std::vector<double>{1}, std::vector<double>{2}).p_value, 1);
  const std::vector<double> same = {1, 2, 3};
  EXPECT_EQ(ComparePairs(same, same).p_value, 1);
  EXPECT_EQ(ComparePairs(same, same).sign_flip_p, 1);
  EXPECT_NE(testing::MessageOf([&] { ComparePairs(same, {}); }), "");
}

TEST(Statistics, SignFlipsAreCounted) {
  EXPECT_DOUBLE_EQ(SignFlipPValue(std::vector<double>{1, 2, 3}), 0.25);
  // 1 + 2 - 1 = 2; of 4, 2, 2 and 0 three are as far from 0, and the same below it.
  EXPECT_DOUBLE_EQ(SignFlipPValue(std::vector<double>{1, 2, -1}), 0.75);
  EXPECT_DOUBLE_EQ(SignFlipPValue(std::vector<double>{0.1, 0.1, 0.1, 0.1, 0.1}), 2.0 / 32);
  std::vector<double> many(40, 1.0);
  EXPECT_LT(SignFlipPValue(many), 1e-4);
  for (size_t i = 0; i < many.size(); i += 2) {
    many[i] = -1;
  }
  EXPECT_EQ(SignFlipPValue(many), 1);
  many[0] = 1;
  // 21 against 19 or further: 1 - C(40, 20) / 2^40 = 0.8746.
  EXPECT_NEAR(SignFlipPValue(many), 0.8746, 0.006);
}

TEST(Statistics, HolmsAdjustment) {
  const std::vector<double> adjusted = HolmAdjusted(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  EXPECT_NEAR(adjusted[3], 0.02, 1e-12);
  EXPECT_NEAR(adjusted[0], 0.03, 1e-12);
  EXPECT_NEAR(adjusted[2], 0.06, 1e-12);
  EXPECT_NEAR(adjusted[1], 0.06, 1e-12);  // never below a smaller p's
  EXPECT_EQ(HolmAdjusted(std::vector<double>{0.7, 0.8})[0], 1);
}

}  // namespace
}  // namespace tersor::twin
