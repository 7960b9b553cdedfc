// Every architecture against reference_logits.py: the same equations written independently for
// Debian's python3-torch, in double precision, agree to 1e-4 in every logit; the torch model and
// the runtime alike.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "tersor/io/checkpoint_files.h"
#include "tersor/model/checkpoint.h"
#include "tersor/model/language_model.h"
#include "tersor/nn/tensor_io.h"
#include "tersor/runtime/transformer.h"
#include "test_files.h"

namespace tersor::model {
namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr int64_t kTokens = 19;

io::ModelConfig Llama() {
  io::ModelConfig c;
  c.vocab_size = 61;
  c.hidden_size = 32;
  c.intermediate_size = 44;
  c.num_hidden_layers = 3;
  c.num_attention_heads = 4;
  c.num_key_value_heads = 2;
  c.head_dim = 8;
  c.max_position_embeddings = 64;
  return c;
}

io::ModelConfig Opt() {
  io::ModelConfig c = Llama();
  c.architecture = io::Architecture::kOpt;
  c.num_key_value_heads = 4;
  c.word_embed_proj_dim = 32;
  c.tie_word_embeddings = true;
  return c;
}

/// Weights far from the usual start, so that every term of the equations shows.
void Randomize(LanguageModel& model) {
  for (nn::Parameter& parameter : model.Parameters()) {
    nn::InitNormal(parameter, 0.25, 7);
    if (!parameter.decay && parameter.name.ends_with("norm.weight")) {
      const at::NoGradGuard no_grad;
      parameter.value.add_(1);
    }
  }
}

/// The runtime's logits [tokens, vocab]: a chunk of the prompt first, then token by token.
at::Tensor RuntimeLogits(const std::string& folder, const at::Tensor& tokens) {
  runtime::Transformer transformer(runtime::LoadWeights(runtime::OpenModel(folder), ""));
  const io::ModelConfig& config = transformer.config();
  runtime::KvCache cache(config, tokens.numel(), kernel::FloatType::kF32);
  std::vector<int32_t> ids;
  for (int64_t t = 0; t < tokens.numel(); ++t) {
    ids.push_back(static_cast<int32_t>(tokens.view(-1)[t].item<int64_t>()));
  }
  at::Tensor logits = at::empty({tokens.numel(), config.vocab_size});
  for (int64_t t = 0, count = 11; t < tokens.numel(); t += count, count = 1) {
    runtime::Segment segment{&cache, std::span(ids).subspan(static_cast<size_t>(t),
                                                            static_cast<size_t>(count))};
    segment.all_logits = logits.data_ptr<float>() + t * config.vocab_size;
    transformer.Run({&segment, 1});
  }
  return logits;
}

void ExpectAgreement(const io::ModelConfig& config) {
  const testing::TemporaryFolder folder;
  const std::unique_ptr<LanguageModel> model = MakeLanguageModel(config);
  Randomize(*model);
  io::WriteModelConfig(folder.path(), config, io::Dtype::kF32);
  nn::SaveTensors(folder / "model.safetensors", nn::Named(model->Parameters()), io::Dtype::kF32);

  std::string ids;
  at::Tensor tokens = at::empty({1, kTokens}, at::kLong);
  for (int64_t t = 0; t < kTokens; ++t) {
    tokens[0][t] = (t * 37 + 5) % config.vocab_size;
    ids += (t == 0 ? "" : ",") + std::to_string(tokens[0][t].item<int64_t>());
  }
  const testing::CommandResult run = testing::RunCommand(
      std::string(kPython) + " " + TERSOR_SOURCE_DIR + "/tests/model/reference_logits.py " +
      folder.path() + " " + ids + " " + (folder / "logits"));
  ASSERT_EQ(run.code, 0) << run.error;
  const std::string bytes = testing::Slurp(folder / "logits");
  at::Tensor expected = at::empty({kTokens, config.vocab_size});
  ASSERT_EQ(bytes.size(), expected.nbytes());
  std::memcpy(expected.data_ptr(), bytes.data(), bytes.size());

  // Through the file, as a user's model comes.
  const at::NoGradGuard no_grad;
  const at::Tensor logits = LoadLanguageModel(folder.path())->Logits(tokens)[0];
  EXPECT_GT(expected.abs().max().item<double>(), 0.1);
  EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-4);
  const at::Tensor served = RuntimeLogits(folder.path(), tokens);
  EXPECT_LT((served - expected).abs().max().item<double>(), 1e-4);
}

TEST(Logits, LlamaWithGroupedQueries) { ExpectAgreement(Llama()); }

TEST(Logits, LlamaTiedWithBiases) {
  io::ModelConfig c = Llama();
  c.tie_word_embeddings = c.attention_bias = c.attention_out_bias = c.mlp_bias = true;
  ExpectAgreement(c);
}

TEST(Logits, LlamaWithLinearRopeScaling) {
  io::ModelConfig c = Llama();
  c.rope_theta = 500;
  c.rope_scaling = {.kind = io::RopeScaling::Kind::kLinear, .factor = 3};
  ExpectAgreement(c);
}

TEST(Logits, LlamaWithLlama3RopeScaling) {
  io::ModelConfig c = Llama();
  c.head_dim = 16;
  c.rope_scaling = {.kind = io::RopeScaling::Kind::kLlama3,
                    .factor = 8,
                    .low_freq_factor = 1,
                    .high_freq_factor = 4,
                    .original_max_position_embeddings = 32};
  ExpectAgreement(c);
}

TEST(Logits, MistralWithSlidingWindow) {
  io::ModelConfig c = Llama();
  c.architecture = io::Architecture::kMistral;
  c.sliding_window = 5;
  ExpectAgreement(c);
}

TEST(Logits, Qwen2WithWindowInLaterLayers) {
  io::ModelConfig c = Llama();
  c.architecture = io::Architecture::kQwen2;
  c.attention_bias = true;
  c.sliding_window = 4;
  c.max_window_layers = 1;
  ExpectAgreement(c);
}

TEST(Logits, Opt) { ExpectAgreement(Opt()); }

TEST(Logits, OptWithProjectionsAndGelu) {
  io::ModelConfig c = Opt();
  c.word_embed_proj_dim = 20;
  c.activation_function = "gelu";
  ExpectAgreement(c);
}

TEST(Logits, OptWithNormsAfter) {
  io::ModelConfig c = Opt();
  c.do_layer_norm_before = false;
  ExpectAgreement(c);
}

TEST(LanguageModel, RecomputationGivesTheSameGradients) {
  for (const io::ModelConfig& config : {Llama(), Opt()}) {
    const at::Tensor tokens = at::arange(2 * 8, at::kLong).view({2, 8});
    const std::unique_ptr<LanguageModel> kept = MakeLanguageModel(config);
    const std::unique_ptr<LanguageModel> again = MakeLanguageModel(config);
    Randomize(*kept);
    Randomize(*again);
    again->SetRecompute(true);
    kept->Logits(tokens).square().sum().backward();
    again->Logits(tokens).square().sum().backward();
    const nn::ParameterList a = kept->Parameters(), b = again->Parameters();
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_TRUE(b[i].value.grad().defined()) << b[i].name;
      EXPECT_TRUE(at::allclose(a[i].value.grad(), b[i].value.grad(), 1e-4, 1e-4)) << a[i].name;
    }
  }
}

TEST(LanguageModel, ParametersAreTheCheckpointsTensors) {
  for (io::ModelConfig config : {Llama(), Opt()}) {
    const std::unique_ptr<LanguageModel> model = MakeLanguageModel(config);
    std::vector<std::string> expected, actual;
    for (const io::TensorShape& tensor : io::ExpectedTensors(config)) {
      expected.push_back(tensor.name);
    }
    for (const nn::Parameter& parameter : model->Parameters()) {
      actual.push_back(parameter.name);
    }
    std::sort(expected.begin(), expected.end());
    std::sort(actual.begin(), actual.end());
    EXPECT_EQ(actual, expected);
  }
}

TEST(LanguageModel, StartDoesNotDependOnThreads) {
  const std::unique_ptr<LanguageModel> a = MakeLanguageModel(Llama()),
                                       b = MakeLanguageModel(Llama());
  a->InitWeights(3);
  b->InitWeights(3);
  for (size_t i = 0; i < a->Parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(a->Parameters()[i].value, b->Parameters()[i].value));
  }
  b->InitWeights(4);
  EXPECT_FALSE(at::equal(a->Parameters()[0].value, b->Parameters()[0].value));
}

}  // namespace
}  // namespace tersor::model
