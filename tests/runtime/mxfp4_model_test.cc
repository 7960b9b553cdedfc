// Models whose blocks are MXFP4: from a folder that says so, packed while loading, and from GGUF.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "random_model.h"
#include "tersor/io/checkpoint.h"
#include "tersor/io/gguf_export.h"
#include "tersor/io/gguf_model.h"
#include "tersor/kernel/decode.h"
#include "tersor/kernel/ggml_mxfp4.h"
#include "tersor/runtime/engine.h"

namespace tersor::runtime {
namespace {

/// Columns of 64 and 96, and, as a case for F16 in GGUF, of 80.
io::ModelConfig Config(int64_t intermediate_size = 96) {
  io::ModelConfig config = testing::SmallLlama();
  config.hidden_size = 64;
  config.head_dim = 16;
  config.num_attention_heads = 4;
  config.intermediate_size = intermediate_size;
  return config;
}

std::unique_ptr<Engine> Load(const std::string& model, const std::string& weights = "") {
  EngineOptions options;
  options.weights = weights;
  return Engine::Load(model, options);
}

std::vector<int32_t> Prompt() {
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 12; ++i) {
    tokens.push_back(i * 37 % 256);
  }
  return tokens;
}

std::vector<int32_t> Greedy(Engine& engine) {
  GenerateOptions options;
  options.max_tokens = 40;
  options.sampling.temperature = 0;
  options.ignore_eos = true;
  return engine.Generate(Prompt(), options).tokens;
}

double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  double square = 0, difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    square += a[i] * a[i];
    difference += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return std::sqrt(difference / square);
}

void RoundBlocks(const std::string& folder, const io::ModelConfig& config) {
  std::vector<std::vector<float>> values;
  std::vector<io::HostTensor> tensors;
  {
    const io::Checkpoint checkpoint = io::Checkpoint::Open(folder);
    for (const io::TensorShape& shape : io::ExpectedTensors(config)) {
      std::vector<float>& data = values.emplace_back(checkpoint.Weight(shape.name).ToFloats());
      const int64_t cols = shape.shape.back();
      std::vector<std::byte> row(static_cast<size_t>(cols + 31) / 32 *
                                 sizeof(kernel::GgmlMxfp4Block));
      for (size_t i = 0; io::IsBlockMatrix(shape.name) && i < data.size(); i += cols) {
        kernel::EncodeMxfp4(data.data() + i, cols, row.data());
        kernel::DecodeMxfp4(row.data(), cols, data.data() + i);
      }
      tensors.push_back({shape.name, io::Dtype::kF32, shape.shape, std::as_bytes(std::span(data))});
    }
  }
  io::WriteSafetensors(folder + "/model.safetensors", tensors);
}

class Mxfp4Model : public ::testing::TestWithParam<bool> {
 protected:
  std::string format() const { return GetParam() ? "mxfp4-w4a4" : "mxfp4"; }
  /// A folder that says how it was trained, its blocks on the grid of MXFP4.
  std::string Trained(io::ModelConfig config) {
    config.quantization = io::Quantization{.round_activations = GetParam()};
    const std::string path = folder_ / "trained";
    std::filesystem::create_directories(path);
    testing::WriteRandomModel(path, config);
    RoundBlocks(path, config);
    return path;
  }
  std::string Plain(const io::ModelConfig& config) {
    const std::string path = folder_ / "plain";
    std::filesystem::create_directories(path);
    testing::WriteRandomModel(path, config);
    return path;
  }
  testing::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Activations, Mxfp4Model, ::testing::Bool());

TEST_P(Mxfp4Model, OpensAsItWasTrained) {
  const auto trained = Load(Trained(Config()));
  const Weights& weights = trained->weights();
  EXPECT_EQ(weights.layers[1].down.format->name(), format());
  EXPECT_EQ(weights.layers[0].query.format->name(), format());
  EXPECT_EQ(weights.embedding.format->name(), "f32");
  EXPECT_EQ(weights.head.format->name(), "f32");
  // The same as packing any model by hand.
  const auto packed = Load(Plain(Config()), format());
  EXPECT_EQ(packed->weights().layers[1].down.format->name(), format());
  EXPECT_EQ(packed->weights().head.format->name(), "f32");
  EXPECT_EQ(trained->Logits(Prompt()), packed->Logits(Prompt()));
  // Another format may still be asked for.
  EXPECT_EQ(Load(Trained(Config()), "f32")->weights().layers[0].up.format->name(), "f32");
}

TEST_P(Mxfp4Model, GgufGeneratesTheSame) {
  for (const int64_t size : {96, 80}) {
    const std::string model = Trained(Config(size)), file = folder_ / "model.gguf";
    io::ExportGguf(model, file, io::GgmlType::kMxfp4);
    const io::GgufModel gguf(file);
    EXPECT_EQ(gguf.Find("model.layers.0.mlp.up_proj.weight")->type, io::GgmlType::kMxfp4);
    EXPECT_EQ(gguf.Find("model.layers.0.mlp.down_proj.weight")->type,
              size % 32 == 0 ? io::GgmlType::kMxfp4 : io::GgmlType::kF16);
    const auto folder = Load(model), served = Load(file);
    const Linear& up = served->weights().layers[0].up;
    EXPECT_EQ(up.format->name(), format());
    EXPECT_EQ(served->weights().layers[0].down.format->name(), format());
    EXPECT_EQ(Greedy(*served), Greedy(*folder)) << size;
  }
}

TEST_P(Mxfp4Model, GgufIsServedFromTheMap) {
  const std::string file = folder_ / "model.gguf";
  io::ExportGguf(Trained(Config()), file, io::GgmlType::kMxfp4);
  const std::shared_ptr<const ModelSource> source = OpenModel(file);
  const Weights weights = LoadWeights(source, "");
  const StoredMatrix stored = source->Matrix("model.layers.1.mlp.gate_proj.weight");
  EXPECT_TRUE(stored.in_place);
  EXPECT_EQ(weights.layers[1].gate.matrix.bytes.data(), stored.bytes.data());
  EXPECT_EQ(weights.storage.size(), 1u);  // the source; nothing was copied
}

// The prompt in one pass (matrix products of decoded values) or token by token (packed ones).
TEST_P(Mxfp4Model, PromptsAndSingleTokensAgree) {
  const std::string model = Trained(Config());
  EngineOptions one;
  one.prefill_chunk = 1;
  const std::vector<float> whole = Load(model)->Logits(Prompt());
  EXPECT_LT(Difference(whole, Engine::Load(model, one)->Logits(Prompt())),
            GetParam() ? 1e-1 : 1e-3);
}

TEST_P(Mxfp4Model, RoundsWhatItSays) {
  const io::ModelConfig config = Config();
  const std::vector<float> exact = Load(Plain(config))->Logits(Prompt());
  const double difference = Difference(exact, Load(Trained(config))->Logits(Prompt()));
  EXPECT_GT(difference, 0.01);
  EXPECT_LT(difference, 0.9);
}

}  // namespace
}  // namespace tersor::runtime
