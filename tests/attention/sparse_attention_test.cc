#include "tersor/attention/sparse_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tersor/attention/oracle.h"
#include "tersor/kernel/int8_value.h"
#include "tersor/op/attention.h"
#include "tersor/util/error.h"

namespace tersor::attention {
namespace {

nn::AttentionInput Input(int64_t tokens, int64_t heads = 4, int64_t kv_heads = 2) {
  at::manual_seed(5);
  nn::AttentionInput in;
  in.query = 2 * at::randn({2, heads, tokens, 16});
  in.key = 2 * at::randn({2, kv_heads, tokens, 16});
  in.value = at::randn({2, kv_heads, tokens, 16});
  in.scale = 0.25;
  return in;
}

at::Tensor Dense(const nn::AttentionInput& in) {
  return op::Attention(in.query, in.key, in.value, in.scale, {in.causal, in.window});
}

at::Tensor Attend(const AttentionConfig& config, const nn::AttentionInput& in,
                  SparsityCounts* counts) {
  return MakeAttention(config, 3, in.query.size(1), counts)(2)->Attend(in);
}

TEST(SparseAttention, NothingSkippedIsDenseBitForBit) {
  for (const bool causal : {true, false}) {
    nn::AttentionInput in = Input(300);
    in.causal = causal;
    for (const auto& [name, tau, theta] : {std::tuple{"sparge", 1.0, -1.0},
                                           {"sparge", 0.3, 1.0},
                                           {"oracle", 0.0, 0.0},
                                           {"top-share", 0.0, 0.0},
                                           {"window", 0.0, 0.0}}) {
      AttentionConfig config;
      config.name = name;
      config.tau = tau;
      config.theta = theta;
      config.gamma = config.share = 1;
      config.recent = 100;
      SparsityCounts counts;
      EXPECT_TRUE(at::equal(Attend(config, in, &counts), Dense(in))) << name << causal;
      EXPECT_EQ(counts.Sparsity(), 0) << name << causal;
      EXPECT_GT(counts.visible, 0);
    }
  }
}

TEST(SparseAttention, NoPolicySeesTheFuture) {
  const nn::AttentionInput in = Input(400);
  for (const char* name : {"sparge", "top-share", "cumulative", "window", "oracle"}) {
    AttentionConfig config;
    config.name = name;
    config.tau = 0.3;
    config.theta = -1;
    config.share = 0.2;
    config.gamma = 0.4;
    config.recent = 2;
    config.lambda = -3;
    SparsityCounts counts;
    const at::Tensor before = Attend(config, in, &counts);
    EXPECT_GT(counts.Sparsity(), 0.02) << name;
    nn::AttentionInput changed = in;
    // The last query block's keys and values, which no earlier query sees.
    changed.key = in.key.clone();
    changed.value = in.value.clone();
    changed.value.narrow(2, 384, 16).fill_(1e10);
    changed.key.narrow(2, 384, 16).add_(1);
    const at::Tensor after = Attend(config, changed, nullptr);
    if (std::string(name) == "window") {  // the others choose by means that the change moves a bit
      EXPECT_TRUE(at::equal(after.narrow(2, 0, 384), before.narrow(2, 0, 384)));
    }
    EXPECT_LT(after.narrow(2, 0, 384).abs().max().item<float>(), 100) << name;
  }
}

TEST(SparseAttention, EveryCausalQuerySeesItself) {
  nn::AttentionInput in = Input(300);
  in.value = at::ones_like(in.value);
  for (const char* name : {"sparge", "top-share", "cumulative", "window", "oracle"}) {
    AttentionConfig config;
    config.name = name;
    config.tau = config.share = config.gamma = 0;
    config.theta = -1;
    config.sinks = 0;
    config.recent = 1;
    EXPECT_TRUE(at::allclose(Attend(config, in, nullptr), at::ones_like(in.query), 1e-5, 1e-5))
        << name;
  }
}

TEST(SparseAttention, NamesWhatIsNotFinite) {
  for (const auto& [part, name] : {std::pair{&nn::AttentionInput::query, "queries"},
                                   {&nn::AttentionInput::key, "keys"},
                                   {&nn::AttentionInput::value, "values"}}) {
    for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
      nn::AttentionInput in = Input(70);
      (in.*part)[1][0][3][2] = bad;
      for (const bool int8 : {false, true}) {
        try {
          Attend({.name = "sparge", .int8 = int8}, in, nullptr);
          ADD_FAILURE() << name;
        } catch (const Error& e) {
          EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
        }
      }
    }
  }
}

TEST(SparseAttention, Int8ValuesComeWithInt8WhereThereIsVnni) {
  const nn::AttentionInput in = Input(300);
  const auto int8_groups = [&](const AttentionConfig& config) {
    SparsityCounts counts;
    const at::Tensor error = (Attend(config, in, &counts) - Dense(in)).abs();
    EXPECT_LT(error.sum().item<double>(), 0.05 * Dense(in).abs().sum().item<double>());
    return counts.done.int8_groups;
  };
  const bool fast = kernel::FastInt8Values() != nullptr;
  AttentionConfig config{.name = "sparge", .tau = 1, .theta = -1, .int8 = true};
  EXPECT_EQ(int8_groups(config) > 0, fast);
  config.int8_values = false;
  EXPECT_EQ(int8_groups(config), 0);
  config.int8_values = true;
  config.int8 = false;
  EXPECT_EQ(int8_groups(config), 0);
  // What a file says comes before.
  config.int8 = true;
  config.tuned.emplace();
  config.tuned->int8 = true;
  config.tuned->layers.assign(3, std::vector<io::HeadSettings>(4));
  EXPECT_EQ(int8_groups(config), 0);
  config.tuned->int8_values = true;
  EXPECT_EQ(int8_groups(config) > 0, fast);
}

TEST(SparseAttention, BadSettingsAreNamed) {
  const auto expect = [](AttentionConfig config, const std::string& part) {
    try {
      MakeAttention(config, 3, 4, nullptr);
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  expect({.name = "spargee"}, "there are: dense");
  expect({.name = "sparge", .tau = 2}, "attention.tau");
  expect({.name = "sparge", .theta = -2}, "attention.theta");
  expect({.name = "sparge", .lambda = 1}, "attention.lambda");
  expect({.name = "sparge", .similarity = "dot"}, "attention.similarity");
  expect({.name = "window", .recent = 0}, "attention.recent");
  expect({.name = "dense", .settings = "x.json"}, "attention.settings");
  AttentionConfig other{.name = "sparge"};
  other.tuned = io::AttentionSettings{.layers = {{{}, {}, {}, {}}}};
  expect(other, "tuned for 1 layers");
}

TEST(SparsityCounts, CountsAsThePaperDoes) {
  SparsityCounts counts;  // four blocks, one skipped; of another, two of four row groups
  counts.visible = 4;
  counts.done = {3, 12, 2};
  EXPECT_DOUBLE_EQ(counts.Sparsity(), .3125);
  EXPECT_EQ(SparsityCounts().Sparsity(), 0);
}

TEST(PlanByOracle, KeepsTheFewestBlocksThatHoldTheMass) {
  // Every query attends to keys of block 2 only.
  nn::AttentionInput in = Input(256, 1, 1);
  in.causal = false;
  in.query = at::zeros_like(in.query);
  in.query.select(3, 0).fill_(1);
  in.key = at::zeros_like(in.key);
  in.key.narrow(2, 128, 64).select(3, 0).fill_(60);
  const kernel::BlockPlan plan = PlanByOracle(0.9)->Plan(in);
  EXPECT_EQ(plan.indices, (std::vector<int32_t>{2, 2, 2, 2}));
  EXPECT_EQ(plan.offsets, (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace tersor::attention
