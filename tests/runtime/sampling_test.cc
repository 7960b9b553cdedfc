#include "tersor/runtime/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "tersor/util/error.h"

namespace tersor::runtime {
namespace {

/// Shares of 4000 draws.
std::vector<double> Shares(SamplingOptions options, const std::vector<float>& logits,
                           std::vector<int32_t> seen = {}) {
  TokenSampler sampler(options);
  std::vector<double> shares(logits.size());
  for (int i = 0; i < 4000; ++i) {
    std::vector<float> copy = logits;
    shares[static_cast<size_t>(sampler.Draw(copy, seen))] += 1.0 / 4000;
  }
  return shares;
}

SamplingOptions Plain() {
  SamplingOptions options;
  options.temperature = 1;
  options.top_k = 0;
  options.top_p = 1;
  return options;
}

const std::vector<float> kLogits = {std::log(0.1f), std::log(0.4f), std::log(0.2f), std::log(0.3f)};

TEST(TokenSampler, DrawsByProbability) {
  const std::vector<double> shares = Shares(Plain(), kLogits);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(shares[i], std::exp(kLogits[i]), 0.03);
  }
}

TEST(TokenSampler, TemperatureSharpens) {
  SamplingOptions options = Plain();
  options.temperature = 0.5;  // squares the probabilities: 1, 16, 4, 9 of 30
  EXPECT_NEAR(Shares(options, kLogits)[1], 16.0 / 30, 0.03);
  options.temperature = 0;
  EXPECT_EQ(Shares(options, kLogits)[1], Shares(options, kLogits)[1]);
  EXPECT_NEAR(Shares(options, kLogits)[1], 1, 1e-9);
}

TEST(TokenSampler, FiltersKeepTheMostLikely) {
  SamplingOptions options = Plain();
  options.top_k = 2;
  std::vector<double> shares = Shares(options, kLogits);
  EXPECT_EQ(shares[0] + shares[2], 0);
  EXPECT_NEAR(shares[1], 4.0 / 7, 0.03);
  options = Plain();
  options.top_p = 0.75;  // 0.4 and 0.3 fall short of it, with 0.2 it is reached
  shares = Shares(options, kLogits);
  EXPECT_EQ(shares[0], 0);
  EXPECT_GT(shares[2], 0);
  options = Plain();
  options.min_p = 0.6;  // of 0.4: at least 0.24
  shares = Shares(options, kLogits);
  EXPECT_EQ(shares[0] + shares[2], 0);
}

TEST(TokenSampler, RepetitionPenaltyCountsATokenOnce) {
  SamplingOptions options = Plain();
  options.temperature = 0;
  options.repetition_penalty = 1.5;
  std::vector<float> logits = {2, 2.5, -1};
  TokenSampler sampler(options);
  const int32_t seen[] = {1, 1, 1};
  EXPECT_EQ(sampler.Draw(logits, seen), 0);
  EXPECT_FLOAT_EQ(logits[1], 2.5f / 1.5f);
  options.repetition_window = 1;
  logits = {2, 2.5, -1};
  TokenSampler narrow(options);
  const int32_t old[] = {1, 2};
  EXPECT_EQ(narrow.Draw(logits, old), 1);
  EXPECT_FLOAT_EQ(logits[2], -1.5f);
}

TEST(TokenSampler, RefusesWhatIsNoDistribution) {
  TokenSampler sampler(Plain());
  std::vector<float> logits = {1, std::nanf("")};
  EXPECT_THROW(sampler.Draw(logits, {}), Error);
  SamplingOptions options;
  options.top_p = 0;
  EXPECT_THROW(options.Validate(), UsageError);
  options = {};
  options.temperature = -1;
  EXPECT_THROW(TokenSampler{options}, UsageError);
}

}  // namespace
}  // namespace tersor::runtime
