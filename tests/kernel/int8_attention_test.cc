// Flash attention with scores in INT8.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "each_target.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

struct Case {
  int64_t heads = 4, kv_heads = 2, tokens = 200, dim = 64;
  bool causal = true, bf16 = false;
  float key_bias = 0;  // on every number of every key
};

struct Outputs {
  std::vector<float> out, lse;
};

Outputs Attend(const Case& c, bool int8) {
  const auto size = [&](int64_t heads) { return static_cast<size_t>(heads * c.tokens * c.dim); };
  const std::vector<float> q = Noise(size(c.heads), 1), v = Noise(size(c.kv_heads), 3);
  std::vector<float> k = Noise(size(c.kv_heads), 2);
  std::vector<uint16_t> half_q, half_k;
  for (float& key : k) {
    key += c.key_bias;
    half_k.push_back(FloatToBF16(key));
  }
  for (const float query : q) {
    half_q.push_back(FloatToBF16(query));
  }
  const auto view = [&](const auto& data, FloatType type) {
    return HeadsView{reinterpret_cast<const std::byte*>(data.data()), type, 0, c.tokens * c.dim,
                     c.dim};
  };
  FlashAttentionInput in;
  in.heads = c.heads;
  in.kv_heads = c.kv_heads;
  in.queries = in.keys = c.tokens;
  in.dim = c.dim;
  in.query = c.bf16 ? view(half_q, FloatType::kBF16) : view(q, FloatType::kF32);
  in.key = c.bf16 ? view(half_k, FloatType::kBF16) : view(k, FloatType::kF32);
  in.value = view(v, FloatType::kF32);
  in.scale = 1 / std::sqrt(static_cast<float>(c.dim));
  in.causal = c.causal;
  in.int8 = int8;
  Outputs outputs{std::vector<float>(size(c.heads)),
                  std::vector<float>(static_cast<size_t>(c.heads * c.tokens))};
  Workspace workspace;
  FlashAttention(in, {outputs.out.data(), 0, c.tokens * c.dim, c.dim}, outputs.lse.data(),
                 workspace);
  return outputs;
}

double RelativeL1(const std::vector<float>& out, const std::vector<float>& expected) {
  double difference = 0, total = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    difference += std::abs(out[i] - expected[i]);
    total += std::abs(expected[i]);
  }
  return difference / total;
}

TEST(Int8Attention, IsNearFloat32) {
  ForEachTarget([] {
    for (const Case& c : {Case{.tokens = 1, .dim = 3}, Case{.tokens = 130, .dim = 3},
                          Case{.tokens = 200}, Case{.tokens = 63, .dim = 80, .causal = false},
                          Case{.heads = 2, .tokens = 130, .dim = 128, .bf16 = true}}) {
      const Outputs exact = Attend(c, false), coded = Attend(c, true);
      EXPECT_LT(RelativeL1(coded.out, exact.out), .02) << c.dim << " " << c.tokens;
      for (size_t i = 0; i < exact.lse.size(); ++i) {
        EXPECT_NEAR(coded.lse[i], exact.lse[i], .1);
      }
    }
  });
}

TEST(Int8Attention, DoesNotSeeWhatAllKeysShare) {
  ForEachTarget([] {
    const Outputs plain = Attend({}, true), shifted = Attend({.key_bias = 100}, true);
    EXPECT_LT(RelativeL1(shifted.out, plain.out), 5e-3);
    const Outputs exact = Attend({.key_bias = 100}, false);
    EXPECT_LT(RelativeL1(shifted.out, exact.out), .02);
    for (size_t i = 0; i < exact.lse.size(); ++i) {
      EXPECT_NEAR(shifted.lse[i], exact.lse[i], 1e-3 * std::abs(exact.lse[i]) + .1);
    }
  });
}

TEST(Int8Attention, DoesNotDependOnThreads) {
  SetNumThreads(1);
  const Outputs alone = Attend({.tokens = 500}, true);
  SetNumThreads(3);
  EXPECT_EQ(Attend({.tokens = 500}, true).out, alone.out);
  SetNumThreads(0);
}

}  // namespace
}  // namespace tersor::kernel
