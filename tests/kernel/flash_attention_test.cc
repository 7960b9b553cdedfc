#include "tersor/kernel/flash_attention.h"

#include <cmath>
#include <limits>

#include "each_target.h"
#include "flash_case.h"
#include "tersor/kernel/flash_attention_reference.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// Odd sizes, more and fewer keys than queries, grouped heads, windows, bias, types, layouts.
std::vector<FlashCase> Cases() {
  std::vector<FlashCase> cases;
  const auto add = [&](const FlashShape& shape) { cases.emplace_back(shape); };
  add({.queries = 1, .keys = 1, .dim = 1});
  add({.queries = 5, .keys = 5, .dim = 3, .causal = true});
  add({.queries = 63, .keys = 300, .dim = 16});
  add({.queries = 64, .keys = 64, .dim = 64, .causal = true});
  add({.queries = 300, .keys = 65, .dim = 72});
  add({.queries = 129, .keys = 129, .dim = 80, .causal = true});
  add({.queries = 65, .keys = 65, .dim = 128, .causal = true});
  add({.queries = 33, .keys = 47, .dim = 256});
  add({.queries = 300, .keys = 300, .dim = 64, .causal = true});
  add({.queries = 129, .keys = 16, .dim = 1});
  add({.queries = 1, .keys = 300, .dim = 128});
  add({.batch = 2,
       .heads = 4,
       .kv_heads = 2,
       .queries = 65,
       .keys = 65,
       .dim = 16,
       .causal = true});
  add({.heads = 3,
       .kv_heads = 1,
       .queries = 70,
       .keys = 200,
       .dim = 20,
       .causal = true,
       .first = 130});
  add({.heads = 8, .kv_heads = 1, .queries = 280, .keys = 70, .dim = 8});  // sums in splits
  add({.queries = 150, .keys = 100, .dim = 24, .causal = true});  // the last rows see all keys
  add({.queries = 140, .keys = 140, .dim = 16, .causal = true, .window = 7});
  add({.queries = 140, .keys = 140, .dim = 16, .causal = true, .window = 100});
  add({.queries = 100, .keys = 140, .dim = 16, .first = 20, .window = 30});
  add({.queries = 90,
       .keys = 20,
       .dim = 16,
       .causal = true,
       .window = 9});  // rows that see nothing
  add({.queries = 80, .keys = 75, .dim = 16, .bias = FlashShape::kPerPair});
  add({.batch = 2, .heads = 2, .queries = 40, .keys = 75, .dim = 16, .bias = FlashShape::kPerKey});
  add({.heads = 2, .queries = 140, .keys = 140, .dim = 48, .causal = true, .bf16 = true});
  add({.batch = 2,
       .heads = 2,
       .queries = 70,
       .keys = 70,
       .dim = 33,
       .bf16 = true,
       .token_major = true});
  add({.batch = 2,
       .heads = 4,
       .kv_heads = 2,
       .queries = 66,
       .keys = 80,
       .dim = 40,
       .token_major = true});
  return cases;
}

TEST(FlashAttention, EqualsTheDefinition) {
  std::vector<FlashCase> cases = Cases();
  for (FlashCase& one : cases) {
    one.Expect();
  }
  ForEachTarget([&] {
    Workspace workspace;
    for (FlashCase& one : cases) {
      SCOPED_TRACE(one.Name());
      one.Run(workspace);
      one.CheckForward(1e-5);
      one.RunBackward(workspace);
      one.CheckBackward(5e-5);
    }
  });
}

TEST(FlashAttention, SelectedBlocks) {
  const FlashShape shapes[] = {
      {.heads = 2, .queries = 300, .keys = 300, .dim = 16, .causal = true},
      {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 130, .keys = 200, .dim = 20},
      {.queries = 300, .keys = 300, .dim = 16, .causal = true, .window = 90},
  };
  std::vector<FlashCase> cases;
  for (const FlashShape& shape : shapes) {
    cases.emplace_back(shape);
    cases.back().SelectAtRandom(0.5);  // leaves some query blocks nothing
    cases.back().Expect();
  }
  ForEachTarget([&] {
    Workspace workspace;
    for (FlashCase& one : cases) {
      SCOPED_TRACE(one.Name());
      one.Run(workspace);
      one.CheckForward(1e-5);
      one.RunBackward(workspace);
      one.CheckBackward(5e-5);
    }
  });
}

/// The slope of sum(out * grad_out), by the definition in double, at number `i` of a tensor.
double Slope(FlashCase& one, std::vector<float>& tensor, size_t i) {
  constexpr float kStep = 1.0f / 256;
  const float kept = tensor[i];
  double sums[2] = {0, 0};
  for (const int side : {0, 1}) {
    tensor[i] = side == 0 ? kept - kStep : kept + kStep;
    const std::vector<double> out = FlashReferenceLoops(one.Input()).Forward().out;
    for (size_t j = 0; j < out.size(); ++j) {
      sums[side] += out[j] * static_cast<double>(one.grad_out[j]);
    }
  }
  tensor[i] = kept;
  return (sums[1] - sums[0]) / (2 * static_cast<double>(kStep));
}

TEST(FlashAttention, BackwardIsTheSlopeOfForward) {
  const FlashShape shapes[] = {
      {.heads = 2, .kv_heads = 1, .queries = 9, .keys = 11, .dim = 3, .causal = true, .first = 2},
      {.queries = 7, .keys = 12, .dim = 5, .window = 4, .bias = FlashShape::kPerPair},
  };
  for (const FlashShape& shape : shapes) {
    FlashCase one(shape);
    Workspace workspace;
    one.Run(workspace);
    one.RunBackward(workspace);
    const std::pair<std::vector<float>*, std::vector<float>*> tensors[] = {
        {&one.query, &one.grad_query}, {&one.key, &one.grad_key}, {&one.value, &one.grad_value}};
    for (const auto& [tensor, grad] : tensors) {
      for (size_t i = 0; i < tensor->size(); ++i) {
        EXPECT_NEAR((*grad)[i], Slope(one, *tensor, i), 1e-4);
      }
    }
  }
}

TEST(FlashAttention, NothingSelectedGivesZeros) {
  FlashCase one({.queries = 140, .keys = 140, .dim = 16});
  one.SelectAtRandom(0);
  Workspace workspace;
  const FlashCounts counts = one.Run(workspace);
  EXPECT_EQ(counts.blocks, 0);
  EXPECT_EQ(one.out, std::vector<float>(one.out.size(), 0.0f));
  EXPECT_EQ(one.lse, std::vector<float>(one.lse.size(), -std::numeric_limits<float>::infinity()));
  one.RunBackward(workspace);
  for (const std::vector<float>* grad : {&one.grad_query, &one.grad_key, &one.grad_value}) {
    EXPECT_EQ(*grad, std::vector<float>(grad->size(), 0.0f));
  }
}

TEST(FlashAttention, AllBlocksSelectedIsDenseBitForBit) {
  for (const bool causal : {false, true}) {
    FlashCase dense({.heads = 2, .queries = 300, .keys = 300, .dim = 64, .causal = causal});
    FlashCase all = dense;
    all.SelectAtRandom(1);
    ForEachTarget([&] {
      Workspace workspace;
      const FlashCounts a = dense.Run(workspace), b = all.Run(workspace);
      EXPECT_EQ(dense.out, all.out);
      EXPECT_EQ(dense.lse, all.lse);
      dense.RunBackward(workspace);
      all.RunBackward(workspace);
      EXPECT_EQ(dense.grad_query, all.grad_query);
      EXPECT_EQ(dense.grad_key, all.grad_key);
      EXPECT_EQ(dense.grad_value, all.grad_value);
      EXPECT_EQ(a.blocks, b.blocks);
      EXPECT_EQ(a.blocks, 2 * (causal ? 2 + 4 + 5 : 15));
    });
  }
}

TEST(FlashAttention, NoRowDependsOnLaterTokens) {
  constexpr int64_t kTokens = 200, kKept = 71;
  FlashCase one({.queries = kTokens, .keys = kTokens, .dim = 16, .causal = true});
  ForEachTarget([&] {
    FlashCase changed = one;
    for (size_t i = kKept * 16; i < changed.key.size(); ++i) {
      changed.key[i] = 9 - 3 * changed.key[i];
      changed.value[i] = 1e6f;
    }
    Workspace workspace;
    one.Run(workspace);
    changed.Run(workspace);
    const auto kept = static_cast<std::ptrdiff_t>(kKept * 16);
    EXPECT_TRUE(std::equal(one.out.begin(), one.out.begin() + kept, changed.out.begin()));
    EXPECT_FALSE(std::equal(one.out.begin() + kept, one.out.end(), changed.out.begin() + kept));
  });
}

TEST(FlashAttention, ThreadsDoNotChangeABit) {
  FlashCase one(
      {.heads = 8, .kv_heads = 1, .queries = 300, .keys = 300, .dim = 32, .causal = true});
  Workspace workspace;
  SetNumThreads(1);
  one.Run(workspace);
  one.RunBackward(workspace);
  const FlashCase alone = one;
  SetNumThreads(2);
  one.Run(workspace);
  one.RunBackward(workspace);
  SetNumThreads(0);
  EXPECT_EQ(one.out, alone.out);
  EXPECT_EQ(one.lse, alone.lse);
  EXPECT_EQ(one.grad_query, alone.grad_query);
  EXPECT_EQ(one.grad_key, alone.grad_key);
  EXPECT_EQ(one.grad_value, alone.grad_value);
}

/// Known answers of the filter: keys (10, 9) in the first block, (2, 1) in the second, each block
/// filled up with keys that a bias hides.
TEST(FlashAttention, SecondFilter) {
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  std::vector<float> key(2 * kKeyBlock, 0), value(2 * kKeyBlock, 0), bias(2 * kKeyBlock, kHidden);
  const float query = 1;
  key[0] = 10, key[1] = 9, value[0] = 1, value[1] = 2;
  key[kKeyBlock] = 2, key[kKeyBlock + 1] = 1, value[kKeyBlock] = value[kKeyBlock + 1] = 100;
  bias[0] = bias[1] = bias[kKeyBlock] = bias[kKeyBlock + 1] = 0;
  FlashAttentionInput in;
  in.queries = in.dim = 1;
  in.keys = 2 * kKeyBlock;
  in.query.data = reinterpret_cast<const std::byte*>(&query);
  in.key = {reinterpret_cast<const std::byte*>(key.data()), FloatType::kF32, 0, 0, 1};
  in.value = {reinterpret_cast<const std::byte*>(value.data()), FloatType::kF32, 0, 0, 1};
  in.bias = {bias.data(), 0, 0, 0, 1};
  const struct {
    float lambda;
    double out;
    int64_t skipped;
    bool sum_dropped = false;
  } known[] = {{-std::numeric_limits<float>::infinity(), 1.302051, 0},
               {-10, 1.302051, 0},
               {-8.0001f, 1.302051, 0},
               {-7.9999f, 1.268941, 1},
               {-5, 1.268941, 1},
               {-5, 1.268516, 1, true},
               {-10, 1.302051, 0, true}};
  ForEachTarget([&] {
    Workspace workspace;
    for (const auto& answer : known) {
      in.lambda = &answer.lambda;
      in.sum_dropped = answer.sum_dropped;
      float out;
      const FlashCounts counts = FlashAttention(in, {&out, 0, 0, 1}, nullptr, workspace);
      EXPECT_NEAR(out, answer.out, 2e-6) << answer.lambda;
      EXPECT_EQ(counts.blocks, 2);
      EXPECT_EQ(counts.groups, 2);
      EXPECT_EQ(counts.skipped_groups, answer.skipped) << answer.lambda;
      if (!in.sum_dropped) {
        EXPECT_NEAR(FlashReferenceLoops(in).Forward().out[0], answer.out, 1e-6);
      }
    }
  });
}

TEST(FlashAttention, SecondFilterMayKeepTheSum) {
  FlashCase one(
      {.heads = 2, .queries = 200, .keys = 200, .dim = 16, .causal = true, .faint = true});
  one.Expect();  // dense
  one.lambda = {-4, -2};
  ForEachTarget([&] {
    Workspace workspace;
    FlashAttentionInput in = one.Input();
    in.sum_dropped = true;
    const FlashCounts counts = FlashAttention(in, one.Output(), one.lse.data(), workspace);
    EXPECT_GT(counts.skipped_groups, 5);
    for (size_t i = 0; i < one.lse.size(); ++i) {
      EXPECT_NEAR(one.lse[i], one.expected.lse[i], 2e-5) << i;
    }
  });
}

TEST(FlashAttention, SecondFilterPerHeadAndGroup) {
  FlashCase one(
      {.heads = 3, .queries = 300, .keys = 300, .dim = 16, .causal = true, .faint = true});
  one.lambda = {-4, -std::numeric_limits<float>::infinity(), -2};
  one.Expect();
  ASSERT_GT(one.expected.counts.skipped_groups, 10);
  ForEachTarget([&] {
    Workspace workspace;
    one.Run(workspace);
    one.CheckForward(2e-5);
  });
}

TEST(FlashAttention, LargeScoresAndHiddenRows) {
  FlashCase one({.queries = 70, .keys = 130, .dim = 16, .bias = FlashShape::kPerPair});
  for (float& x : one.query) {
    x *= 1e4f;
  }
  for (size_t k = 0; k < 130; ++k) {
    one.bias[3 * 130 + k] = -std::numeric_limits<float>::infinity();  // row 3 sees nothing
    one.bias[5 * 130 + k] =
        k < 64 ? -std::numeric_limits<float>::infinity() : 0;  // row 5 no first block
  }
  one.Expect();
  ForEachTarget([&] {
    Workspace workspace;
    one.Run(workspace);
    one.CheckForward(2e-2);  // an error of 1e-7 of a score of 1e5
    one.RunBackward(workspace);
    for (const std::vector<float>* grad : {&one.grad_query, &one.grad_key, &one.grad_value}) {
      EXPECT_TRUE(
          std::all_of(grad->begin(), grad->end(), [](float x) { return std::isfinite(x); }));
    }
    EXPECT_EQ(one.out[3 * 16], 0);
    EXPECT_EQ(one.lse[3], -std::numeric_limits<float>::infinity());
  });
}

TEST(FlashAttention, NaNStaysNaN) {
  FlashCase one({.queries = 70, .keys = 130, .dim = 16, .causal = true, .first = 60});
  one.key[100 * 16] = std::numeric_limits<float>::quiet_NaN();
  one.lambda = {-1};
  ForEachTarget([&] {
    Workspace workspace;
    one.Run(workspace);
    EXPECT_FALSE(std::isnan(one.out[39 * 16]));  // position 99
    EXPECT_TRUE(std::isnan(one.out[40 * 16]));
    EXPECT_TRUE(std::isnan(one.out[69 * 16]));
  });
}

TEST(FlashAttention, ShapesOutOfRange) {
  FlashCase one({.heads = 2, .queries = 3, .keys = 3, .dim = 4});
  Workspace workspace;
  FlashAttentionInput in = one.Input();
  in.dim = 257;
  EXPECT_THROW(FlashAttention(in, one.Output(), nullptr, workspace), Error);
  in.dim = 0;
  EXPECT_THROW(FlashAttention(in, one.Output(), nullptr, workspace), Error);
  in.dim = 4;
  in.heads = 3;
  in.kv_heads = 2;
  EXPECT_THROW(FlashAttention(in, one.Output(), nullptr, workspace), Error);
  in = one.Input();
  const float lambdas[] = {-1, 0};
  in.lambda = lambdas;
  EXPECT_THROW(FlashAttention(in, one.Output(), nullptr, workspace), Error);
}

TEST(FlashAttention, NothingToDo) {
  FlashCase one({.queries = 3, .keys = 0, .dim = 4});
  Workspace workspace;
  EXPECT_EQ(one.Run(workspace).blocks, 0);
  EXPECT_EQ(one.out, std::vector<float>(12, 0.0f));
  one.RunBackward(workspace);
  EXPECT_EQ(one.grad_query, std::vector<float>(12, 0.0f));
  FlashCase none({.queries = 0, .keys = 3, .dim = 4});
  EXPECT_EQ(none.Run(workspace).blocks, 0);
  none.RunBackward(workspace);
  EXPECT_EQ(none.grad_key, std::vector<float>(12, 0.0f));
  FlashCase empty({.batch = 0, .queries = 3, .keys = 3, .dim = 4});
  EXPECT_EQ(empty.Run(workspace).blocks, 0);
  empty.RunBackward(workspace);
}

}  // namespace
}  // namespace tersor::kernel
