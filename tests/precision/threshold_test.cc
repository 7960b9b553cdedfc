#include "tersor/precision/threshold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/rng.h"

namespace tersor::precision {
namespace {

/// Feeds rates to a controller by criteria of which that share falls back.
void Step(Threshold& threshold, double rate) {
  std::vector<float> criteria(100, 1.0f);
  criteria.back() = 100;  // differ enough for a fallback to be worthwhile
  threshold.Count(criteria, static_cast<int64_t>(rate * 100 + 0.5));
  threshold.Update();
}

Int8Config Paper() {
  Int8Config config;
  config.linear = "int8-fallback";
  config.controller = "paper";
  return config;
}

void Set(Threshold& threshold, double value) {
  threshold.State().data_ptr<float>()[0] = static_cast<float>(value);
}

TEST(Threshold, FollowsTheRates) {
  Threshold threshold(Paper());
  Set(threshold, 1);
  const double rates[] = {.45, .35, .25, .05, .02, .15};
  const double wanted[] = {1.3, 1.69, 1.69, 1.3, 1.0, 1.0};
  for (int i = 0; i < 6; ++i) {
    Step(threshold, rates[i]);
    EXPECT_NEAR(threshold.value(), wanted[i], 1e-6) << i;
  }
}

TEST(Threshold, StandsStillAtTheBandsEdges) {
  Threshold threshold(Paper());
  Set(threshold, 1);
  Step(threshold, .1);
  Step(threshold, .3);
  EXPECT_EQ(threshold.value(), 1);
}

TEST(Threshold, StartsInTheMiddleOfTheBand) {
  Threshold threshold(Paper());
  EXPECT_FALSE(threshold.ready());
  std::vector<float> criteria(100);
  for (int i = 0; i < 100; ++i) {
    criteria[static_cast<size_t>(i)] = static_cast<float>((i * 37) % 100);
  }
  threshold.Start(criteria);
  EXPECT_TRUE(threshold.ready());
  EXPECT_EQ(std::count_if(criteria.begin(), criteria.end(),
                          [&](float c) { return c > threshold.value(); }),
            20);
}

TEST(Threshold, SafeStartsBetweenOutliersAndTheRest) {
  Int8Config config = Paper();
  config.controller = "safe";
  Threshold threshold(config);
  std::vector<float> criteria(64);
  for (size_t i = 0; i < criteria.size(); ++i) {  // a quarter are outliers
    criteria[i] = (i % 4 == 0 ? 100.0f : 4.0f) + 0.01f * static_cast<float>(i);
  }
  threshold.Start(criteria);
  EXPECT_EQ(std::count_if(criteria.begin(), criteria.end(),
                          [&](float c) { return static_cast<double>(c) > threshold.value(); }),
            16);
}

TEST(Threshold, RanksAgreeAfterTheFirstStep) {
  Threshold threshold(Paper());
  threshold.Start(std::vector<float>{1, 2, 3, 4, 5});  // 4 of 5 are kept: starts at 4
  threshold.Count(std::vector<float>{1, 2, 3, 4, 5}, 1);
  threshold.counts()[2] += 8;  // another rank's start
  threshold.counts()[3] += 1;
  threshold.Update();
  EXPECT_EQ(threshold.value(), 6);
}

/// The rate that a controller leads to over blocks with these criteria, fresh noise each step.
double SettledRate(const Int8Config& config, bool heavy_tails) {
  Threshold threshold(config);
  double sum = 0;
  for (uint64_t step = 0; step < 400; ++step) {
    const Rng rng(1, step);
    std::vector<float> criteria(256);
    for (size_t i = 0; i < criteria.size(); ++i) {
      const double n = rng.Normal(i);
      criteria[i] = static_cast<float>(heavy_tails ? std::exp(0.8 * n) : 4.2 + 0.25 * n);
    }
    if (!threshold.ready()) {
      threshold.Start(criteria);
    }
    const auto fallbacks = std::count_if(criteria.begin(), criteria.end(), [&](float c) {
      return static_cast<double>(c) > threshold.value();
    });
    threshold.Count(criteria, fallbacks);
    if (step >= 200) {
      sum += threshold.rate();
    }
    threshold.Update();
  }
  return sum / 200;
}

TEST(Threshold, KeepsHeavyTailsInTheBand) {
  Int8Config safe = Paper();
  safe.controller = "safe";
  for (const Int8Config& config : {Paper(), safe}) {
    const double rate = SettledRate(config, /*heavy_tails=*/true);
    EXPECT_GE(rate, 0.1);
    EXPECT_LE(rate, 0.3);
  }
}

TEST(Threshold, SafeSparesBlocksThatAreAlike) {
  Int8Config safe = Paper();
  safe.controller = "safe";
  EXPECT_LT(SettledRate(safe, /*heavy_tails=*/false), 0.01);
}

TEST(Threshold, FixedNeverMoves) {
  Int8Config config = Paper();
  config.controller = "fixed";
  config.threshold = 6;
  Threshold threshold(config);
  EXPECT_TRUE(threshold.ready());
  Step(threshold, 0.9);
  EXPECT_EQ(threshold.value(), 6);
}

TEST(Int8Config, NamesTheWrongField) {
  const auto message = [](auto change) {
    Int8Config config;
    change(config);
    try {
      config.Validate();
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(message([](Int8Config&) {}), "");
  EXPECT_NE(message([](Int8Config& c) { c.max_rate = 1.5; }).find("precision.max_rate"),
            std::string::npos);
  EXPECT_NE(message([](Int8Config& c) { c.min_rate = -0.1; }).find("precision.min_rate"),
            std::string::npos);
  EXPECT_NE(message([](Int8Config& c) { c.block = 48; }).find("precision.block"),
            std::string::npos);
  EXPECT_NE(message([](Int8Config& c) { c.residual = "none"; }).find("precision.residual"),
            std::string::npos);
}

}  // namespace
}  // namespace tersor::precision
