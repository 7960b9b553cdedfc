// Pruned models packed to folders and served from them.
#include "tersor/runtime/packed_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "random_model.h"
#include "tersor/io/checkpoint.h"
#include "tersor/runtime/engine.h"
#include "tersor/util/error.h"
#include "tersor/util/half.h"

namespace tersor::runtime {
namespace {

constexpr const char* kFormats[] = {"sparse-f32", "sparse-bf16", "sparse-int8"};
constexpr const char* kDense = "model.layers.1.mlp.up_proj.weight";  // kept whole

class PackedModel : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(model_);
    testing::WriteRandomModel(model_, testing::SmallLlama());
    Prune();
  }

  /// Two of three weights of the blocks are zero, but for one matrix; all are on bfloat16's grid.
  void Prune() {
    std::vector<std::vector<float>> values;
    std::vector<io::HostTensor> tensors;
    {
      const io::Checkpoint checkpoint = io::Checkpoint::Open(model_);
      for (const io::TensorShape& shape : io::ExpectedTensors(checkpoint.config())) {
        std::vector<float>& data = values.emplace_back(checkpoint.Weight(shape.name).ToFloats());
        const Rng rng(9, values.size());
        for (size_t i = 0; io::IsBlockMatrix(shape.name) && i < data.size(); ++i) {
          const bool zero = shape.name != kDense && rng.Uniform(i) < 0.667;
          data[i] = zero ? 0 : BF16ToFloat(FloatToBF16(data[i]));
        }
        tensors.push_back(
            {shape.name, io::Dtype::kF32, shape.shape, std::as_bytes(std::span(data))});
      }
    }
    io::WriteSafetensors(model_ + "/model.safetensors", tensors);
  }

  std::string Packed(const std::string& format) {
    const std::string folder = folder_ / format;
    WritePackedModel(model_, folder, format);
    return folder;
  }

  static std::unique_ptr<Engine> Load(const std::string& model, const std::string& weights = "") {
    EngineOptions options;
    options.weights = weights;
    return Engine::Load(model, options);
  }

  static std::vector<int32_t> Prompt() {
    std::vector<int32_t> tokens;
    for (int32_t i = 0; i < 12; ++i) {
      tokens.push_back(i * 37 % 256);
    }
    return tokens;
  }

  static std::vector<int32_t> Greedy(Engine& engine) {
    GenerateOptions options;
    options.max_tokens = 40;
    options.sampling.temperature = 0;
    options.ignore_eos = true;
    return engine.Generate(Prompt(), options).tokens;
  }

  testing::TemporaryFolder folder_;
  std::string model_ = folder_ / "model";
};

double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  double square = 0, difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    square += a[i] * a[i];
    difference += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return std::sqrt(difference / square);
}

TEST_F(PackedModel, GeneratesWhatTheDenseModelDoes) {
  const auto dense = Load(model_), f32 = Load(Packed("sparse-f32"));
  EXPECT_EQ(Greedy(*f32), Greedy(*dense));
  EXPECT_LT(Difference(dense->Logits(Prompt()), f32->Logits(Prompt())), 1e-5);
  // The weights are bfloat16 numbers already, so that packing them loses nothing.
  EXPECT_LT(Difference(dense->Logits(Prompt()), Load(Packed("sparse-bf16"))->Logits(Prompt())),
            1e-5);
  EXPECT_LT(Difference(dense->Logits(Prompt()), Load(Packed("sparse-int8"))->Logits(Prompt())),
            0.1);
}

TEST_F(PackedModel, IsServedFromTheMap) {
  const std::string folder = Packed("sparse-f32");
  const std::shared_ptr<const ModelSource> source = OpenModel(folder);
  const Weights weights = LoadWeights(source, "");
  const std::string name = "model.layers.0.mlp.gate_proj.weight";
  EXPECT_EQ(weights.layers[0].gate.format->name(), "sparse-f32");
  EXPECT_EQ(weights.layers[0].gate.matrix.bytes.data(), source->Matrix(name).bytes.data());
  EXPECT_EQ(weights.layers[1].up.format->name(), "f32");  // has no zeros
  EXPECT_EQ(weights.head.format->name(), "f32");
  EXPECT_EQ(weights.storage.size(), 1u);  // the source; nothing was copied
  EXPECT_EQ(source->Floats(name), OpenModel(model_)->Floats(name));
}

TEST_F(PackedModel, LoadsAsPackingWhileLoading) {
  for (const std::string format : kFormats) {
    const auto packed = Load(Packed(format)), loaded = Load(model_, format);
    const Weights& weights = packed->weights();
    EXPECT_EQ(weights.layers[0].down.format->name(), format);
    EXPECT_EQ(weights.layers[1].up.format, FindFormat(format)->fallback());
    EXPECT_EQ(loaded->weights().layers[0].down.format->name(), format);
    EXPECT_EQ(loaded->weights().layers[1].up.format, FindFormat(format)->fallback());
    EXPECT_EQ(packed->Logits(Prompt()), loaded->Logits(Prompt()));
    // Another format may still be asked for.
    EXPECT_EQ(Load(folder_ / format, "f32")->weights().layers[0].down.format->name(), "f32");
  }
}

TEST_F(PackedModel, SaysWhatItIs) {
  const PackedModelSummary summary = WritePackedModel(model_, folder_ / "out", "sparse-bf16");
  EXPECT_EQ(summary.packed, 13);
  EXPECT_EQ(summary.dense, 1);
  EXPECT_LT(summary.bytes, summary.bytes_was);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/tokenizer_config.json"));
  const auto refusal = [](const auto& task) -> std::string {
    try {
      task();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal([&] {
              io::Checkpoint::Open(folder_ / "out");
            }).find("weights are packed for the runtime; use the unpacked folder"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              WritePackedModel(model_, folder_ / "out", "sparse-f32");
            }).find("exists; choose a new folder"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              WritePackedModel(folder_ / "out", folder_ / "again", "sparse-f32");
            }).find("use the unpacked folder"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              WritePackedModel(model_, folder_ / "no", "bf16");
            }).find("weight format bf16 is not one for packed folders"),
            std::string::npos);
}

/// Whatever byte of the file changes: one Error, or a model that still runs.
TEST_F(PackedModel, DamagedFilesAreRefusedOrServed) {
  const std::string folder = Packed("sparse-int8"), file = folder + "/model.safetensors";
  const std::string whole = testing::Slurp(file);
  const Rng rng(5, 5);
  int refused = 0;
  const auto load = [&](const std::string& contents) {
    testing::Spill(file, contents);
    try {
      const Weights weights = LoadWeights(OpenModel(folder), "");
      kernel::Workspace workspace;
      for (const Linear* linear : {&weights.layers[0].down, &weights.layers[1].query}) {
        const std::vector<float> x(static_cast<size_t>(linear->matrix.cols), 1.0f);
        std::vector<float> y(static_cast<size_t>(linear->matrix.rows));
        linear->Forward(kernel::Activations(x.data(), 1, linear->matrix.cols, workspace), y.data());
      }
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      ++refused;
    }
  };
  for (uint64_t i = 0; i < 150; ++i) {
    std::string contents = whole;
    // Half of them in the header, whose sizes and offsets reach everything.
    const uint64_t range = i % 2 == 0 ? std::min<uint64_t>(3000, whole.size()) : whole.size();
    contents[rng.Below(2 * i, range)] ^= static_cast<char>(1 << rng.Below(2 * i + 1, 8));
    load(contents);
  }
  for (uint64_t i = 0; i < 20; ++i) {
    load(whole.substr(0, rng.Below(1000 + i, whole.size())));
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace tersor::runtime
