#include "tersor/attention/tune_head.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "tersor/util/error.h"

namespace tersor::attention {
namespace {

/// Tokens that move slowly along a circle: neighbours are alike and attend to each other.
HeadSample Smooth(uint64_t seed, int64_t tokens = 512) {
  at::manual_seed(seed);
  const at::Tensor angle = at::arange(tokens, at::kFloat) / 150;
  const at::Tensor direction = at::stack({angle.cos(), angle.sin()}, 1).repeat({1, 8});
  HeadSample sample;
  sample.query = direction + 0.02 * at::randn_like(direction);
  sample.key = direction + 0.02 * at::randn_like(direction);
  sample.value = at::randn_like(direction) + 1;
  sample.scale = 2;
  return sample;
}

TEST(TuneHead, StaysWithinItsBoundsAndSkipsMuch) {
  const std::vector<HeadSample> samples = {Smooth(1), Smooth(2)}, held_out = {Smooth(3)};
  const TuneOptions options{.l1 = 0.1, .l2 = 0.12};
  const TunedHead head = TuneHead(samples, held_out, options);
  ASSERT_FALSE(head.dense);
  EXPECT_GT(head.tuned.sparsity, 0.2);
  double worst = 0;
  const HeadMeasure again = MeasureHead(samples, head.settings, options, &worst);
  EXPECT_EQ(again.sparsity, head.tuned.sparsity);
  EXPECT_LE(worst, options.l2);
  EXPECT_LE(head.held_out.relative_l1, 1.25 * options.l2);
  // A wider bound never gives less.
  const TunedHead wider = TuneHead(samples, held_out, {.l1 = 0.3, .l2 = 0.3});
  EXPECT_GE(wider.tuned.sparsity, head.tuned.sparsity);
}

TEST(TuneHead, WhatCannotBeSkippedStaysDense) {
  at::manual_seed(4);
  HeadSample even;  // all weights are alike
  even.query = even.key = at::zeros({512, 16});
  even.value = at::randn({512, 16});
  const TunedHead head = TuneHead(std::span(&even, 1), {}, {.l1 = 1e-3, .l2 = 1e-3});
  EXPECT_TRUE(head.dense);
  EXPECT_TRUE(head.settings.dense());
}

TEST(TuneHead, SettingsThatDoNotCarryOverAreDropped) {
  const std::vector<HeadSample> samples = {Smooth(1)};
  HeadSample other = Smooth(2);  // the same queries, keys in another order
  other.key = other.key.index_select(0, at::randperm(other.key.size(0)));
  const TunedHead head = TuneHead(samples, std::span(&other, 1), {.l1 = 0.05, .l2 = 0.05});
  EXPECT_TRUE(head.dense);
  EXPECT_EQ(head.settings, io::HeadSettings());
  // On the samples alone they would have been kept.
  EXPECT_FALSE(TuneHead(samples, {}, {.l1 = 0.05, .l2 = 0.05}).dense);
}

TEST(TuneOptions, BadBoundsAreNamed) {
  EXPECT_THROW((TuneOptions{.l1 = 0, .l2 = 0.1}.Validate()), Error);
  EXPECT_THROW((TuneOptions{.l1 = 0.2, .l2 = 0.1}.Validate()), Error);
}

}  // namespace
}  // namespace tersor::attention
