#include "tersor/attention/compare_rules.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "../runtime/random_model.h"
#include "tersor/attention/sparse_attention.h"
#include "tersor/op/attention.h"

namespace tersor::attention {
namespace {

constexpr int64_t kTokens = 1024;

class CompareRules : public ::testing::Test {
 protected:
  void SetUp() override {
    io::ModelConfig config = testing::SmallLlama();
    config.max_position_embeddings = kTokens;
    testing::WriteRandomModel(folder_.path(), config);
    at::manual_seed(3);
    tokens_ = at::randint(256, {2, kTokens}, at::kLong);
  }

  AttentionConfig Rule(const std::string& name) const {
    AttentionConfig rule;
    rule.name = name;
    return rule;
  }

  testing::TemporaryFolder folder_;
  at::Tensor tokens_;
};

TEST_F(CompareRules, WatchesWhatDenseAttentionIsGiven) {
  WatchedModel watched(folder_.path());
  int64_t layers = 0;
  watched.VisitLayers(tokens_, [&](int64_t layer, std::span<const nn::AttentionInput> inputs) {
    EXPECT_EQ(layer, layers++);
    ASSERT_EQ(inputs.size(), 2u);
    EXPECT_EQ(inputs[0].query.size(0), 1);
    EXPECT_EQ(inputs[0].query.size(2), kTokens);
    EXPECT_FALSE(at::equal(inputs[0].query, inputs[1].query));
  });
  EXPECT_EQ(layers, watched.config().num_hidden_layers);
}

TEST_F(CompareRules, MeasuresTheErrorOfTheOutputs) {
  WatchedModel watched(folder_.path());
  const AttentionTrace trace(watched, tokens_.narrow(0, 0, 1));
  AttentionConfig all = Rule("top-share");
  all.share = 1;
  EXPECT_EQ(trace.Measure(all).sparsity, 0);
  EXPECT_EQ(trace.Measure(all).relative_l1, 0);
  AttentionConfig half = Rule("top-share");
  const HeadMeasure measure = trace.Measure(half);
  // By hand, from the definition.
  double l1 = 0;
  SparsityCounts counts;
  const nn::AttentionFactory factory =
      MakeAttention(half, trace.layers(), trace.heads(), &counts);
  for (int64_t layer = 0; layer < trace.layers(); ++layer) {
    const nn::AttentionInput& in = trace.input(layer, 0);
    const at::Tensor dense =
        op::Attention(in.query, in.key, in.value, in.scale, {in.causal, in.window});
    const at::Tensor sparse = factory(layer)->Attend(in);
    for (int64_t h = 0; h < trace.heads(); ++h) {
      l1 += ((sparse - dense).select(1, h).abs().sum() / dense.select(1, h).abs().sum())
                .item<double>();
    }
  }
  EXPECT_NEAR(measure.relative_l1, l1 / static_cast<double>(trace.layers() * trace.heads()), 1e-5);
  EXPECT_EQ(measure.sparsity, counts.Sparsity());
  EXPECT_GT(measure.relative_l1, 0.01);
}

TEST_F(CompareRules, EveryRuleComesToTheAskedSparsity) {
  WatchedModel watched(folder_.path());
  const AttentionTrace trace(watched, tokens_);
  for (const char* name : {"sparge", "top-share", "cumulative", "window", "oracle"}) {
    AttentionConfig rule = Rule(name);
    rule.theta = -1;
    const AttentionConfig found = AtSparsity(rule, 0.4, trace);
    const double planned = trace.PlannedSparsity(found);
    EXPECT_NEAR(planned, 0.4, 0.06) << name;  // one of 16 key blocks
    EXPECT_NEAR(planned, trace.Measure(found).sparsity, 1e-12) << name;
    EXPECT_NE(RuleParameterValue(found), RuleParameterValue(rule)) << name;
  }
}

}  // namespace
}  // namespace tersor::attention
