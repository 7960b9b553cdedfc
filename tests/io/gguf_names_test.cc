#include "tersor/io/gguf_names.h"

#include <gtest/gtest.h>

#include <vector>

#include "tersor/util/error.h"

namespace tersor::io {
namespace {

TEST(GgufNames, EveryWeightHasANameAndComesBack) {
  for (const Architecture architecture :
       {Architecture::kLlama, Architecture::kMistral, Architecture::kQwen2}) {
    ModelConfig config;
    config.architecture = architecture;
    config.num_hidden_layers = 12;
    config.attention_bias = config.attention_out_bias = config.mlp_bias = true;
    for (const TensorShape& tensor : ExpectedTensors(config)) {
      const auto name = GgufName(tensor.name);
      ASSERT_TRUE(name) << tensor.name;
      EXPECT_EQ(HuggingFaceName(*name), tensor.name);
    }
  }
}

TEST(GgufNames, KnownNames) {
  EXPECT_EQ(GgufName("model.layers.11.self_attn.q_proj.weight"), "blk.11.attn_q.weight");
  EXPECT_EQ(GgufName("model.layers.0.post_attention_layernorm.weight"), "blk.0.ffn_norm.weight");
  EXPECT_EQ(GgufName("model.layers.0.self_attn.k_proj.bias"), "blk.0.attn_k.bias");
  EXPECT_EQ(GgufName("lm_head.weight"), "output.weight");
  for (const char* unknown :
       {"", "model.layers.", "model.layers.0", "model.layers.0.weight",
        "model.layers.x.mlp.up.bias", "model.layers..self_attn.q_proj.weight",
        "model.layers.0.self_attn.q_proj.scale", "blk.0.x", "model.layers.0.self_attn.q_proj"}) {
    EXPECT_EQ(GgufName(unknown), std::nullopt) << unknown;
  }
  EXPECT_EQ(HuggingFaceName("rope_freqs.weight"), std::nullopt);
}

TEST(GgufNames, OnlyQAndKOfLlamaAreInterleaved) {
  EXPECT_TRUE(HasInterleavedRows(Architecture::kLlama, "model.layers.0.self_attn.q_proj.weight"));
  EXPECT_TRUE(HasInterleavedRows(Architecture::kMistral, "model.layers.0.self_attn.k_proj.bias"));
  EXPECT_FALSE(HasInterleavedRows(Architecture::kLlama, "model.layers.0.self_attn.v_proj.weight"));
  EXPECT_FALSE(HasInterleavedRows(Architecture::kQwen2, "model.layers.0.self_attn.q_proj.weight"));
}

// Two heads of six rows of two numbers; a head's halves abc and def become adbecf.
TEST(GgufNames, InterleavingKnownAnswer) {
  const std::vector<int16_t> rows = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                     12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
  std::vector<int16_t> turned(rows.size()), back(rows.size());
  InterleaveRows(std::as_bytes(std::span(rows)), 6, 4, std::as_writable_bytes(std::span(turned)));
  EXPECT_EQ(turned, (std::vector<int16_t>{0,  1,  6,  7,  2,  3,  8,  9,  4,  5,  10, 11,
                                          12, 13, 18, 19, 14, 15, 20, 21, 16, 17, 22, 23}));
  SeparateRows(std::as_bytes(std::span(turned)), 6, 4, std::as_writable_bytes(std::span(back)));
  EXPECT_EQ(back, rows);
  EXPECT_THROW(
      SeparateRows(std::as_bytes(std::span(turned)), 5, 4, std::as_writable_bytes(std::span(back))),
      Error);
  EXPECT_THROW(
      SeparateRows(std::as_bytes(std::span(turned)), 8, 4, std::as_writable_bytes(std::span(back))),
      Error);
}

}  // namespace
}  // namespace tersor::io
