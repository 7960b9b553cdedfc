#include "tersor/io/gguf_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <string>

#include "io/random_checkpoint.h"
#include "tersor/io/checkpoint.h"
#include "tersor/io/gguf_config.h"
#include "tersor/io/gguf_export.h"
#include "tersor/io/gguf_writer.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

using testing_checkpoint::SmallConfig;
using testing_checkpoint::WriteRandomCheckpoint;

/// A checkpoint of this configuration with a tokenizer of raw bytes, as a GGUF file.
class Exported {
 public:
  Exported(const ModelConfig& config, GgmlType type) : path(folder_ / "model.gguf") {
    WriteRandomCheckpoint(folder_.path(), config);
    testing::Spill(folder_ / "tokenizer_config.json", R"({"tokenizer_class": "ByteTokenizer"})");
    ExportGguf(folder_.path(), path, type);
  }
  Checkpoint checkpoint() const { return Checkpoint::Open(folder_.path()); }

 private:
  testing::TemporaryFolder folder_;

 public:
  const std::string path;
};

/// Largest difference of any weight, relative to its tensor's largest magnitude.
double Difference(const Checkpoint& checkpoint, const GgufModel& model) {
  double worst = 0;
  for (const TensorShape& tensor : ExpectedTensors(checkpoint.config())) {
    const std::vector<float> a = checkpoint.Weight(tensor.name).ToFloats();
    const std::vector<float> b = model.Weight(tensor.name);
    EXPECT_EQ(a.size(), b.size()) << tensor.name;
    double largest = 0, difference = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      largest = std::max<double>(largest, std::fabs(a[i]));
      difference = std::max<double>(difference, std::fabs(a[i] - b[i]));
    }
    worst = std::max(worst, difference / largest);
  }
  return worst;
}

TEST(GgufModel, WeightsComeBackInEveryType) {
  for (const Architecture architecture :
       {Architecture::kLlama, Architecture::kMistral, Architecture::kQwen2}) {
    const ModelConfig config = SmallConfig(architecture);
    for (const auto& [type, bound] : {std::pair{GgmlType::kF32, 0.0},
                                      {GgmlType::kF16, 0.0005},
                                      {GgmlType::kBF16, 0.004},
                                      {GgmlType::kQ8_0, 0.0045}}) {
      const Exported file(config, type);
      const GgufModel model(file.path);
      EXPECT_LE(Difference(file.checkpoint(), model), bound) << Name(type);
      EXPECT_EQ(model.Find("model.layers.0.mlp.up_proj.weight")->type, type);
      EXPECT_EQ(model.Find("model.norm.weight")->type, GgmlType::kF32);
    }
  }
}

TEST(GgufModel, Mxfp4IsForTheBlocks) {
  const ModelConfig config = SmallConfig(Architecture::kLlama);
  const Exported file(config, GgmlType::kMxfp4);
  const GgufModel model(file.path);
  const Checkpoint checkpoint = file.checkpoint();
  EXPECT_EQ(model.file().metadata().Int("general.file_type"), 38);
  for (const TensorShape& tensor : ExpectedTensors(config)) {
    const bool packed = model.Find(tensor.name)->type == GgmlType::kMxfp4;
    EXPECT_EQ(packed, tensor.name.ends_with("_proj.weight")) << tensor.name;
    EXPECT_EQ(model.Find(tensor.name)->type == GgmlType::kF32, !packed) << tensor.name;
    const std::vector<float> a = checkpoint.Weight(tensor.name).ToFloats();
    const std::vector<float> b = model.Weight(tensor.name);
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_NEAR(a[i], b[i], packed ? 0.05 : 0) << tensor.name;
    }
  }
}

TEST(GgufModel, TellsWhichTensorsCanBeUsedInPlace) {
  const Exported file(SmallConfig(Architecture::kLlama), GgmlType::kF32);
  const GgufModel model(file.path);
  const Checkpoint checkpoint = file.checkpoint();
  const std::string v = "model.layers.1.self_attn.v_proj.weight",
                    q = "model.layers.1.self_attn.q_proj.weight";
  EXPECT_FALSE(model.IsInterleaved(v));
  EXPECT_EQ(model.Find(v)->ToFloats(), checkpoint.Weight(v).ToFloats());
  EXPECT_TRUE(model.IsInterleaved(q));
  const std::vector<float> stored = model.Find(q)->ToFloats(),
                           rows = checkpoint.Weight(q).ToFloats();
  // Rows 1 and 2 of the file are rows 8 and 1 of a head of 16.
  EXPECT_TRUE(std::equal(stored.begin() + 64, stored.begin() + 128, rows.begin() + 8 * 64));
  EXPECT_TRUE(std::equal(stored.begin() + 128, stored.begin() + 192, rows.begin() + 64));
  EXPECT_EQ(model.Find("model.layers.2.mlp.up_proj.weight"), nullptr);
  EXPECT_THROW(model.Weight("model.layers.2.mlp.up_proj.weight"), Error);
}

TEST(GgufModel, ConfigurationComesBack) {
  const auto check = [](const std::function<void(ModelConfig&)>& change, Architecture kind) {
    ModelConfig config = SmallConfig(kind);
    change(config);
    config = ParseModelConfig(ToJson(config), "config.json");
    const Exported file(config, GgmlType::kF16);
    ModelConfig back = GgufModel(file.path).config();
    EXPECT_NEAR(back.rope_theta, config.rope_theta, 1e-3);
    EXPECT_NEAR(back.rms_norm_eps, config.rms_norm_eps, 1e-9);
    EXPECT_NEAR(back.rope_scaling.factor, config.rope_scaling.factor, 1e-5);
    back.rope_theta = config.rope_theta;
    back.rms_norm_eps = config.rms_norm_eps;
    back.rope_scaling.factor = config.rope_scaling.factor;
    // The ids are the tokenizer's own.
    EXPECT_EQ(back.bos_token_id, 256);
    EXPECT_EQ(back.eos_token_ids, std::vector<int64_t>{257});
    back.bos_token_id = config.bos_token_id;
    back.eos_token_id = config.eos_token_id;
    back.eos_token_ids = config.eos_token_ids;
    EXPECT_EQ(ToJson(back), ToJson(config));
  };
  check([](ModelConfig&) {}, Architecture::kLlama);
  check([](ModelConfig& c) { c.tie_word_embeddings = true; }, Architecture::kLlama);
  check([](ModelConfig& c) { c.pad_token_id = 3; }, Architecture::kLlama);
  check([](ModelConfig& c) { c.quantization = Quantization{true}; }, Architecture::kLlama);
  check([](ModelConfig& c) { c.quantization = Quantization{false}; }, Architecture::kQwen2);
  check([](ModelConfig& c) { c.attention_bias = c.mlp_bias = true; }, Architecture::kLlama);
  check([](ModelConfig& c) { c.head_dim = 32; }, Architecture::kLlama);
  check([](ModelConfig& c) { c.sliding_window = 4096; }, Architecture::kMistral);
  check([](ModelConfig&) {}, Architecture::kQwen2);
  check(
      [](ModelConfig& c) {
        c.rope_scaling = {RopeScaling::Kind::kLinear, 4};
      },
      Architecture::kQwen2);
  check(
      [](ModelConfig& c) {
        c.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 128};
      },
      Architecture::kLlama);
}

TEST(GgufModel, Llama3FactorsAreFoundWithoutTersorsKey) {
  ModelConfig config = SmallConfig(Architecture::kLlama);
  config.rope_scaling = {RopeScaling::Kind::kLlama3, 32, 1, 4, 8192};
  config.rope_theta = 500000;
  const Exported file(config, GgmlType::kF32);
  const GgufFile whole(file.path);
  EXPECT_EQ(Llama3Factors(config).front(), 1);
  EXPECT_EQ(Llama3Factors(config).back(), 32);
  GgufMetadata metadata("test");
  for (const auto& [key, value] : whole.metadata().entries()) {
    if (!key.starts_with("tersor.")) {
      metadata.Set(key, value);
    }
  }
  const std::string path = file.path + "2";
  WriteGguf(path, metadata, whole.tensors());
  const RopeScaling scaling = GgufModel(path).config().rope_scaling;
  EXPECT_EQ(scaling.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(scaling.factor, 32);
  EXPECT_EQ(scaling.original_max_position_embeddings, 8192);
}

// Frequencies of a head of 128 as Llama 3.1 8B has them: unscaled below a wavelength of 2048,
// divided by 8 above one of 8192.
TEST(GgufModel, Llama3FactorsKnownAnswer) {
  ModelConfig config;
  config.head_dim = 128;
  config.rope_theta = 500000;
  config.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 8192};
  const std::vector<float> factors = Llama3Factors(config);
  ASSERT_EQ(factors.size(), 64u);
  EXPECT_EQ(factors[28], 1);  // 2 pi * 500000^(56/128) = 1957
  EXPECT_EQ(factors[35], 8);  // 2 pi * 500000^(70/128) = 8220
  // In between, at 2 pi * 500000^(60/128) = 2948, the share kept is (8192/2948 - 1) / 3.
  const double kept = (8192 / (2 * M_PI * std::pow(500000, 60 / 128.0)) - 1) / 3;
  EXPECT_NEAR(factors[30], 1 / ((1 - kept) / 8 + kept), 1e-5);
}

void ExpectError(const std::function<void()>& act, const std::string& part) {
  try {
    act();
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
  }
}

TEST(GgufModel, RefusesWhatItWouldComputeWrongly) {
  const Exported good(SmallConfig(Architecture::kLlama), GgmlType::kF16);
  const GgufFile whole(good.path);
  const std::string path = good.path + "2";
  const auto expect = [&](const std::string& key, const GgufValue& value, const std::string& part) {
    GgufMetadata metadata = whole.metadata();
    metadata.Set(key, value);
    WriteGguf(path, metadata, whole.tensors());
    ExpectError([&] { GgufModel model(path); }, part);
  };
  const auto number = [](uint32_t n) { return GgufValue::Uint32(n); };
  const GgufValue text = GgufValue::String("yarn");
  expect("general.architecture", GgufValue::String("gemma"),
         "architecture 'gemma' is not supported");
  expect("tersor.mxfp4.activations", text, "is 'yarn'; there are: none, mxfp4");
  expect("split.count", number(2), "split into several files");
  expect("llama.expert_count", number(8), "mixture of experts");
  expect("llama.rope.dimension_count", number(8), "rope.dimension_count' is 8");
  expect("llama.rope.scaling.type", text, "rotary scaling 'yarn'");
  expect("llama.attention.value_length", number(8), "different length");
  expect("llama.attention.head_count", number(0), "num_attention_heads is 0");
  expect("llama.attention.head_count", text, "'llama.attention.head_count' is not a whole number");
  expect("llama.block_count", number(3), "tensor 'blk.2.attn_q.weight' is missing");
  expect("llama.feed_forward_length", number(97),
         "tensor 'blk.0.ffn_gate.weight' has shape [96, 64], but the metadata implies [97, 64]");
  std::vector<GgufTensor> tensors = whole.tensors();
  tensors.erase(tensors.begin());
  WriteGguf(path, whole.metadata(), tensors);
  ExpectError([&] { GgufModel model(path); }, "tensor 'token_embd.weight' is missing");
}

TEST(GgufExport, RefusesWhatLlamaCppHasNoNameFor) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "model.gguf";
  testing::Spill(folder / "tokenizer_config.json", R"({"tokenizer_class": "ByteTokenizer"})");
  ModelConfig config = SmallConfig(Architecture::kQwen2);
  config.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 128};
  WriteRandomCheckpoint(folder.path(), config);
  ExpectError([&] { ExportGguf(folder.path(), path, GgmlType::kF16); }, "llama3");
  config = SmallConfig(Architecture::kLlama);
  WriteRandomCheckpoint(folder.path(), config);
  ExpectError([&] { ExportGguf(folder.path(), path, GgmlType::kQ4K); }, "type Q4_K");
  config.vocab_size = 200;
  WriteRandomCheckpoint(folder.path(), config);
  ExpectError([&] { ExportGguf(folder.path(), path, GgmlType::kF16); },
              "has 258 tokens, but the model's vocab_size is 200");
  config = SmallConfig(Architecture::kOpt);
  config.activation_function = "relu";
  config.word_embed_proj_dim = config.hidden_size;
  config.num_key_value_heads = config.num_attention_heads;
  config.tie_word_embeddings = true;
  WriteRandomCheckpoint(folder.path(), config);
  ExpectError([&] { ExportGguf(folder.path(), path, GgmlType::kF16); },
              "opt models cannot be written as GGUF");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(GgufExport, RowsThatAreNoWholeBlocksStayF16) {
  ModelConfig config = SmallConfig(Architecture::kLlama);
  config.intermediate_size = 80;
  const Exported file(config, GgmlType::kQ8_0);
  const GgufModel model(file.path);
  EXPECT_EQ(model.Find("model.layers.0.mlp.down_proj.weight")->type, GgmlType::kF16);
  EXPECT_EQ(model.Find("model.layers.0.mlp.up_proj.weight")->type, GgmlType::kQ8_0);
  EXPECT_EQ(model.file().metadata().Int("general.file_type"), 7);
  EXPECT_EQ(model.file().metadata().Int("general.quantization_version"), 2);
}

}  // namespace
}  // namespace tersor::io
