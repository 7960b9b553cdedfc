#include "tersor/model/sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tersor/util/error.h"

namespace tersor::model {
namespace {

std::unique_ptr<LanguageModel> TinyModel() {
  io::ModelConfig c;
  c.vocab_size = 11;
  c.hidden_size = c.intermediate_size = 8;
  c.num_hidden_layers = 1;
  c.num_attention_heads = c.num_key_value_heads = 2;
  c.head_dim = 4;
  c.max_position_embeddings = 6;
  c.initializer_range = 1;
  std::unique_ptr<LanguageModel> model = MakeLanguageModel(c);
  model->InitWeights(3);
  return model;
}

TEST(TokenSampler, GreedyTakesTheMostLikelyToken) {
  const auto model = TinyModel();
  const at::Tensor prompt = at::tensor(std::vector<int64_t>{1, 2, 3, 4}, at::kLong).view({2, 2});
  TokenSampler sampler(*model, {.new_tokens = 9, .temperature = 0});
  const at::Tensor sample = sampler.Sample(prompt, Rng(0));
  ASSERT_EQ(sample.sizes(), at::IntArrayRef({2, 9}));
  const at::NoGradGuard no_grad;
  at::Tensor whole = at::cat({prompt, sample}, 1);
  for (int64_t t = 2; t < 11; ++t) {  // Beyond 6 tokens the window slides.
    const int64_t first = std::max<int64_t>(0, t - 6);
    const at::Tensor logits = model->Logits(whole.narrow(1, first, t - first)).select(1, -1);
    EXPECT_TRUE(at::equal(logits.argmax(-1), whole.select(1, t)));
  }
}

TEST(TokenSampler, DrawsFromTheModelsDistribution) {
  const auto model = TinyModel();
  const at::Tensor prompt = at::full({4000, 1}, 5, at::kLong);
  TokenSampler sampler(*model, {.new_tokens = 1, .temperature = 2});
  const at::Tensor draws = sampler.Sample(prompt, Rng(1));
  EXPECT_TRUE(at::equal(draws, sampler.Sample(prompt, Rng(1))));
  EXPECT_FALSE(at::equal(draws, sampler.Sample(prompt, Rng(2))));
  const at::NoGradGuard no_grad;
  const at::Tensor expected =
      at::softmax(model->Logits(prompt.narrow(0, 0, 1)).view({-1}) / 2, 0) * 4000;
  const at::Tensor counts = at::bincount(draws.view({-1}), {}, 11).to(at::kFloat);
  // Five standard deviations of a count.
  EXPECT_TRUE(((counts - expected).abs() <= 5 * (expected + 1).sqrt()).all().item<bool>());
}

TEST(TokenSampler, RefusesBadOptions) {
  const auto model = TinyModel();
  EXPECT_THROW(TokenSampler(*model, {.new_tokens = 1, .temperature = -1}), UsageError);
  TokenSampler sampler(*model, {});
  EXPECT_THROW(sampler.Sample(at::empty({1, 0}, at::kLong), Rng(0)), Error);
}

}  // namespace
}  // namespace tersor::model
