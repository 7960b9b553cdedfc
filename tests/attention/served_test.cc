// The runtime and training's engine skip the same blocks.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "../runtime/random_model.h"
#include "tersor/attention/sparse_attention.h"
#include "tersor/model/checkpoint.h"
#include "tersor/runtime/engine.h"
#include "tersor/runtime/transformer.h"
#include "tersor/runtime/weights.h"
#include "tersor/util/error.h"
#include "tersor/util/rng.h"

namespace tersor::attention {
namespace {

constexpr int64_t kTokens = 576;  // nine key blocks, five query blocks

class Served : public ::testing::Test {
 protected:
  void SetUp() override {
    io::ModelConfig config = testing::SmallLlama();
    config.max_position_embeddings = kTokens;
    testing::WriteRandomModel(folder_.path(), config);
    const Rng rng(4);
    for (int64_t i = 0; i < kTokens; ++i) {
      tokens_.push_back(static_cast<int32_t>(rng.Below(static_cast<uint64_t>(i), 256)));
    }
    settings_.model = io::ModelFingerprint(folder_.path());
    settings_.layers.assign(2, std::vector<io::HeadSettings>(6, {.6, -1, 0}));
    settings_.layers[0][1] = {};
    settings_.layers[1][2].lambda = -4;
  }

  /// Logits of all tokens [tokens, vocab], given in parts.
  at::Tensor Run(bool sparse, const std::vector<int64_t>& parts) const {
    runtime::Transformer transformer(
        runtime::LoadWeights(runtime::OpenModel(folder_.path()), "f32"));
    if (sparse) {
      transformer.SetAttention(settings_);
    }
    at::Tensor logits = at::empty({kTokens, transformer.config().vocab_size});
    runtime::KvCache cache(transformer.config(), kTokens, kernel::FloatType::kF32);
    int64_t done = 0;
    for (const int64_t count : parts) {
      runtime::Segment segment{&cache, std::span(tokens_).subspan(static_cast<size_t>(done),
                                                                  static_cast<size_t>(count))};
      segment.all_logits = logits[done].data_ptr<float>();
      transformer.Run({&segment, 1});
      done += count;
    }
    return logits;
  }

  testing::TemporaryFolder folder_;
  std::vector<int32_t> tokens_;
  io::AttentionSettings settings_;
};

TEST_F(Served, ThePromptAsTrainingsEngineDoes) {
  AttentionConfig config;
  config.name = "sparge";
  config.tuned = settings_;
  SparsityCounts counts;
  model::Plugs plugs;
  plugs.attention = MakeAttention(config, 2, 6, &counts);
  const auto model = model::LoadLanguageModel(folder_.path(), plugs);
  const at::Tensor tokens = at::tensor(std::vector<int64_t>(tokens_.begin(), tokens_.end()));
  const at::NoGradGuard no_grad;
  const at::Tensor trained = model->Logits(tokens.unsqueeze(0))[0];
  const at::Tensor served = Run(true, {kTokens});
  EXPECT_GT(counts.Sparsity(), .1);
  EXPECT_TRUE(at::allclose(served, trained, 1e-3, 1e-3)) << (served - trained).abs().max();
  EXPECT_FALSE(at::allclose(served, Run(false, {kTokens}), 1e-3, 1e-3));
}

TEST_F(Served, NothingSkippedIsDense) {
  settings_.layers.assign(2, std::vector<io::HeadSettings>(6, {.5, 1, 0}));
  const at::Tensor dense = Run(false, {kTokens - 3, 1, 2});
  EXPECT_TRUE(at::equal(Run(true, {kTokens - 3, 1, 2}), dense));
}

TEST_F(Served, TokenByTokenSkipsToo) {
  const std::vector<int64_t> parts = {kTokens - 4, 1, 1, 2};
  const at::Tensor sparse = Run(true, parts), dense = Run(false, parts);
  EXPECT_TRUE(at::isfinite(sparse).all().item<bool>());
  EXPECT_FALSE(at::allclose(sparse[-1], dense[-1], 1e-4, 1e-4));
  EXPECT_TRUE(at::equal(Run(true, parts), sparse));
}

TEST_F(Served, TheEngineReadsTheModelsFile) {
  runtime::EngineOptions options;
  options.attention = "sparge";
  EXPECT_THROW(runtime::Engine::Load(folder_.path(), options), Error) << "there is none";
  const std::string path = folder_ / "attention.json";
  io::WriteAttentionSettings(path, settings_);
  const std::vector<int32_t> prompt(tokens_.begin(), tokens_.begin() + 560);
  runtime::GenerateOptions generate;
  generate.max_tokens = 8;
  generate.sampling.temperature = 0;
  generate.ignore_eos = true;
  const auto text = [&](const std::string& attention) {
    runtime::EngineOptions with;
    with.attention = attention;
    return runtime::Engine::Load(folder_.path(), with)->Generate(prompt, generate).tokens;
  };
  EXPECT_EQ(text("sparge"), text(path));
  settings_.model = "another";
  io::WriteAttentionSettings(path, settings_);
  EXPECT_THROW(runtime::Engine::Load(folder_.path(), options), Error);
}

}  // namespace
}  // namespace tersor::attention
