// Flash attention with P V in INT8.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "each_target.h"
#include "flash_case.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/kernel/int8_value.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

double RelativeL1(const std::vector<float>& out, const std::vector<double>& expected) {
  double error = 0, total = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    error += std::abs(static_cast<double>(out[i]) - expected[i]);
    total += std::abs(expected[i]);
  }
  return error / total;
}

/// Head sizes that are no whole panels, partial last blocks, causal, windows, bias, grouped heads.
std::vector<FlashShape> Shapes() {
  return {
      {.queries = 1, .keys = 1, .dim = 8, .int8_values = true},
      {.queries = 63, .keys = 300, .dim = 8, .int8_values = true},
      {.queries = 129, .keys = 129, .dim = 40, .causal = true, .int8_values = true},
      {.heads = 4,
       .kv_heads = 2,
       .queries = 200,
       .keys = 200,
       .dim = 64,
       .causal = true,
       .int8_values = true},
      {.queries = 300, .keys = 65, .dim = 72, .int8_values = true},
      {.heads = 2,
       .queries = 140,
       .keys = 140,
       .dim = 128,
       .causal = true,
       .bf16 = true,
       .int8_values = true},
      {.queries = 33, .keys = 47, .dim = 256, .int8_values = true},
      {.queries = 140, .keys = 140, .dim = 16, .causal = true, .window = 7, .int8_values = true},
      {.queries = 90, .keys = 20, .dim = 16, .causal = true, .window = 9, .int8_values = true},
      {.queries = 80, .keys = 75, .dim = 16, .bias = FlashShape::kPerPair, .int8_values = true},
      {.batch = 2,
       .heads = 4,
       .kv_heads = 2,
       .queries = 66,
       .keys = 80,
       .dim = 40,
       .token_major = true,
       .int8_values = true},
  };
}

/// Rounding decides some codes by the last bit of an exponential: few are off by one.
void ExpectCoded(FlashCase& one, Workspace& workspace) {
  SCOPED_TRACE(one.Name());
  const FlashCounts counts = one.Run(workspace);
  EXPECT_EQ(counts.blocks, one.expected.counts.blocks);
  EXPECT_EQ(counts.skipped_groups, one.expected.counts.skipped_groups);
  EXPECT_EQ(counts.int8_groups, counts.groups);
  const std::vector<float> out = one.Dense(one.out, one.shape().heads, one.shape().queries);
  EXPECT_LT(RelativeL1(out, one.expected.out), 5e-5);
  for (size_t i = 0; i < out.size(); ++i) {
    ASSERT_NEAR(out[i], one.expected.out[i], .02) << i;
  }
  for (size_t i = 0; i < one.lse.size(); ++i) {
    if (std::isinf(one.expected.lse[i])) {
      ASSERT_EQ(one.lse[i], one.expected.lse[i]) << i;
    } else {
      ASSERT_NEAR(one.lse[i], one.expected.lse[i], 5e-3) << i;
    }
  }
}

void ExpectOnEachTarget(std::vector<FlashCase> cases) {
  for (FlashCase& one : cases) {
    one.Expect();
  }
  ForEachTarget([&] {
    Workspace workspace;
    for (FlashCase& one : cases) {
      if (FastInt8Values() != nullptr) {
        ExpectCoded(one, workspace);
      }
    }
  });
}

TEST(Int8ValueAttention, EqualsTheDefinition) {
  std::vector<FlashCase> cases;
  for (const FlashShape& shape : Shapes()) {
    cases.emplace_back(shape);
  }
  ExpectOnEachTarget(std::move(cases));
}

TEST(Int8ValueAttention, SelectedBlocks) {
  std::vector<FlashCase> cases;
  for (const bool causal : {true, false}) {
    cases.emplace_back(FlashShape{
        .heads = 2, .queries = 300, .keys = 300, .dim = 72, .causal = causal, .int8_values = true});
    cases.back().SelectAtRandom(0.5);
  }
  ExpectOnEachTarget(std::move(cases));
}

TEST(Int8ValueAttention, SecondFilter) {
  FlashCase one({.heads = 3,
                 .queries = 300,
                 .keys = 300,
                 .dim = 16,
                 .causal = true,
                 .faint = true,
                 .int8_values = true});
  one.lambda = {-4, -std::numeric_limits<float>::infinity(), -2};
  one.Expect();
  ASSERT_GT(one.expected.counts.skipped_groups, 10);
  ExpectOnEachTarget({one});
}

TEST(Int8ValueAttention, IsNearFloat32) {
  for (FlashShape shape : Shapes()) {
    shape.int8_values = false;
    FlashCase one(shape);
    one.Expect();
    ForEachTarget([&] {
      SCOPED_TRACE(one.Name());
      Workspace workspace;
      FlashAttentionInput in = one.Input();
      in.int8_values = true;
      FlashAttention(in, one.Output(), one.lse.data(), workspace);
      EXPECT_LT(
          RelativeL1(one.Dense(one.out, one.shape().heads, one.shape().queries), one.expected.out),
          .012);
    });
  }
}

TEST(Int8ValueAttention, IsFloat32WithoutVnni) {
  FlashCase one({.queries = 130, .keys = 130, .dim = 40, .causal = true});
  ForEachTarget([&] {
    Workspace workspace;
    one.Run(workspace);
    const std::vector<float> plain = one.out;
    FlashAttentionInput in = one.Input();
    in.int8_values = true;
    const FlashCounts counts = FlashAttention(in, one.Output(), one.lse.data(), workspace);
    const bool fast = FastInt8Values() != nullptr;
    EXPECT_EQ(counts.int8_groups, fast ? counts.groups : 0);
    EXPECT_EQ(one.out == plain, !fast);
  });
}

TEST(Int8ValueAttention, WeightsAddUpToOneHoweverLargeScoresAre) {
  for (const float factor : {1.0f, 1e3f, 1e5f, 1e8f}) {
    FlashCase one({.queries = 200, .keys = 200, .dim = 40, .causal = true, .int8_values = true});
    std::ranges::fill(one.value, 127.0f / 64);  // a whole code
    for (float& x : one.query) {
      x *= factor;
    }
    ForEachTarget([&] {
      Workspace workspace;
      one.Run(workspace);
      for (const float x : one.out) {
        ASSERT_NEAR(x, 127.0f / 64, 4e-6) << factor;
      }
    });
  }
}

TEST(Int8ValueAttention, RowsThatSeeNothing) {
  FlashCase one(
      {.queries = 70, .keys = 130, .dim = 16, .bias = FlashShape::kPerPair, .int8_values = true});
  for (size_t k = 0; k < 130; ++k) {
    one.bias[3 * 130 + k] = -std::numeric_limits<float>::infinity();
    one.bias[5 * 130 + k] = k < 64 ? -std::numeric_limits<float>::infinity() : 0;
  }
  ExpectOnEachTarget({one});
}

TEST(Int8ValueAttention, WhatIsNotFiniteReachesTheOutputs) {
  const auto attend = [](FlashCase& one) {
    Workspace workspace;
    one.Run(workspace);
  };
  ForEachTarget([&] {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const FlashShape shape{
          .queries = 110, .keys = 130, .dim = 16, .causal = true, .first = 20, .int8_values = true};
      FlashCase of_value(shape), of_key(shape), of_query(shape);
      of_value.value[100 * 16 + 3] = bad;
      attend(of_value);
      EXPECT_FALSE(std::isfinite(of_value.out[80 * 16 + 3]));
      EXPECT_TRUE(std::isfinite(of_value.out[80 * 16 + 4]));
      EXPECT_TRUE(std::isfinite(of_value.out[3]));  // sees the first block only
      of_key.key[100 * 16] = bad;
      of_key.query[80 * 16] = of_key.query[109 * 16] = 1;
      attend(of_key);
      EXPECT_TRUE(std::isfinite(of_key.out[79 * 16]));  // position 99
      EXPECT_FALSE(std::isfinite(of_key.out[80 * 16]));
      EXPECT_FALSE(std::isfinite(of_key.out[109 * 16]));
      of_query.query[40 * 16] = bad;
      attend(of_query);
      EXPECT_FALSE(std::isfinite(of_query.out[40 * 16]));
      EXPECT_TRUE(std::isfinite(of_query.out[41 * 16]));
    }
  });
}

TEST(Int8ValueAttention, DoesNotDependOnThreads) {
  const FlashShape shape{.heads = 4,
                         .kv_heads = 2,
                         .queries = 500,
                         .keys = 500,
                         .dim = 64,
                         .causal = true,
                         .int8_values = true};
  FlashCase alone(shape), together(shape);
  Workspace workspace;
  SetNumThreads(1);
  alone.Run(workspace);
  SetNumThreads(3);
  together.Run(workspace);
  EXPECT_EQ(together.out, alone.out);
  SetNumThreads(0);
}

}  // namespace
}  // namespace tersor::kernel
