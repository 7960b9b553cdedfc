// The Vision Transformer against reference_vit.py: the same equations written independently for
// Debian's python3-torch, in double precision. Logits agree to 1e-4, and every gradient.
#include "tersor/model/vit.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tersor/io/checkpoint_files.h"
#include "tersor/nn/tensor_io.h"
#include "tersor/runtime/vision_transformer.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::model {
namespace {

io::VitConfig Tiny() {
  io::VitConfig c;
  c.hidden_size = 24;
  c.intermediate_size = 40;
  c.num_hidden_layers = 3;
  c.num_attention_heads = 3;
  c.image_size = 12;
  c.patch_size = 4;
  c.num_channels = 2;
  c.labels = {"cat", "dog", "emu", "fox", "gnu"};
  return c;
}

/// Weights far from the usual start, so that every term of the equations shows.
void Randomize(Vit& vit) {
  for (nn::Parameter& parameter : vit.Parameters()) {
    nn::InitNormal(parameter, 0.25, 7);
    if (parameter.name.find("layernorm") != std::string::npos &&
        parameter.name.ends_with(".weight")) {
      const at::NoGradGuard no_grad;
      parameter.value.add_(1);
    }
  }
}

at::Tensor SomeImages(const io::VitConfig& c, int64_t count) {
  return at::arange(count * c.num_channels * c.image_size * c.image_size, at::kFloat)
      .mul(0.7)
      .sin()
      .view({count, c.num_channels, c.image_size, c.image_size});
}

at::Tensor Noise(const at::Tensor& logits) {
  return at::arange(logits.numel(), at::kDouble).sin().to(at::kFloat).view(logits.sizes());
}

void Save(const Vit& vit, const std::string& folder) {
  io::WriteModelConfig(folder, vit.config(), io::Dtype::kF32);
  nn::SaveTensors(folder + "/model.safetensors", nn::Named(vit.Parameters()), io::Dtype::kF32);
}

void ExpectAgreement(const io::VitConfig& config) {
  const testing::TemporaryFolder folder;
  Vit vit(config);
  Randomize(vit);
  Save(vit, folder.path());
  const at::Tensor images = SomeImages(config, 3);
  testing::Spill(folder / "images", {static_cast<const char*>(images.data_ptr()), images.nbytes()});
  const testing::CommandResult run =
      testing::RunCommand("/usr/bin/python3 " TERSOR_SOURCE_DIR "/tests/model/reference_vit.py " +
                          folder.path() + " " + (folder / "images") + " " + (folder / "out"));
  ASSERT_EQ(run.code, 0) << run.error;
  const std::string bytes = testing::Slurp(folder / "out");
  size_t at = 0;
  const auto next = [&](at::IntArrayRef shape) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    EXPECT_LE(at + tensor.nbytes(), bytes.size());
    std::memcpy(tensor.data_ptr(), bytes.data() + at, tensor.nbytes());
    at += tensor.nbytes();
    return tensor;
  };
  const at::Tensor expected = next({3, config.classes()});
  EXPECT_GT(expected.abs().max().item<double>(), 0.1);

  // Through the file, as a user's model comes.
  const std::unique_ptr<Vit> loaded = LoadVit(folder.path());
  const at::Tensor logits = loaded->Forward(images).logits;
  EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-4);
  const at::Tensor served = at::empty_like(logits);
  runtime::VisionTransformer::Load(folder.path())
      .Run(images.data_ptr<float>(), 3, served.data_ptr<float>());
  EXPECT_LT((served - expected).abs().max().item<double>(), 1e-4);
  (logits * Noise(logits)).sum().backward();
  nn::ParameterList parameters = loaded->Parameters();
  std::sort(parameters.begin(), parameters.end(),
            [](const nn::Parameter& a, const nn::Parameter& b) { return a.name < b.name; });
  for (const nn::Parameter& parameter : parameters) {
    const at::Tensor wanted = next(parameter.value.sizes());
    const double size = wanted.abs().max().item<double>();
    ASSERT_TRUE(parameter.value.grad().defined()) << parameter.name;
    EXPECT_LT((parameter.value.grad() - wanted).abs().max().item<double>(), 1e-4 * (1 + size))
        << parameter.name;
    if (!parameter.name.ends_with("key.bias")) {  // softmax does not see it
      EXPECT_GT(size, 1e-4) << parameter.name;
    }
  }
  EXPECT_EQ(at, bytes.size());
}

TEST(Vit, LogitsAndGradients) { ExpectAgreement(Tiny()); }

TEST(Vit, LogitsAndGradientsWithoutQkvBiasAndAnotherEpsilon) {
  io::VitConfig c = Tiny();
  c.qkv_bias = false;
  c.layer_norm_eps = 1e-3;
  c.num_channels = 1;
  c.num_attention_heads = 1;
  ExpectAgreement(c);
}

TEST(Vit, ParametersAreTheCheckpointsTensors) {
  for (const bool bias : {true, false}) {
    io::VitConfig config = Tiny();
    config.qkv_bias = bias;
    std::vector<io::TensorShape> actual;
    for (const nn::Parameter& parameter : Vit(config).Parameters()) {
      actual.push_back({parameter.name, parameter.value.sizes().vec()});
      EXPECT_EQ(parameter.decay, parameter.value.dim() != 1 && parameter.value.dim() != 3)
          << parameter.name;
    }
    EXPECT_EQ(actual, io::ExpectedTensors(config));
  }
}

TEST(Vit, RecomputationGivesTheSameGradients) {
  const at::Tensor images = SomeImages(Tiny(), 2);
  const at::Tensor scales = at::arange(12, at::kFloat).view({6, 2});
  Vit kept(Tiny()), again(Tiny());
  Randomize(kept);
  Randomize(again);
  again.SetRecompute(true);
  for (Vit* vit : {&kept, &again}) {
    const at::Tensor logits = vit->Forward(images, scales).logits;
    (logits * Noise(logits)).sum().backward();
  }
  const nn::ParameterList a = kept.Parameters(), b = again.Parameters();
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_TRUE(b[i].value.grad().defined()) << b[i].name;
    EXPECT_TRUE(at::allclose(a[i].value.grad(), b[i].value.grad(), 1e-4, 1e-4)) << a[i].name;
  }
}

TEST(Vit, BranchScalesScaleTheBranchesOfTheirImage) {
  const at::NoGradGuard no_grad;
  const at::Tensor images = SomeImages(Tiny(), 2);
  Vit vit(Tiny());
  Randomize(vit);
  const at::Tensor plain = vit.Forward(images).logits;
  EXPECT_TRUE(at::allclose(vit.Forward(images, at::ones({6, 2})).logits, plain));
  // The second image leaves out the MLP of the last block; the first one does not notice.
  at::Tensor scales = at::ones({6, 2});
  scales[5][1] = 0;
  const at::Tensor dropped = vit.Forward(images, scales).logits;
  EXPECT_TRUE(at::allclose(dropped[0], plain[0]));
  EXPECT_FALSE(at::allclose(dropped[1], plain[1]));
  for (nn::Parameter& parameter : vit.Parameters()) {
    if (parameter.name.starts_with("vit.encoder.layer.2.output.dense")) {
      parameter.value.zero_();
    }
  }
  EXPECT_TRUE(at::allclose(vit.Forward(images).logits[1], dropped[1]));
}

TEST(Vit, OtherClassesGetANewClassifier) {
  const testing::TemporaryFolder folder;
  Vit vit(Tiny());
  Randomize(vit);
  Save(vit, folder.path());
  const std::unique_ptr<Vit> loaded = LoadVitForClasses(folder.path(), {"a", "b"}, 1);
  EXPECT_EQ(loaded->config().classes(), 2);
  for (const nn::Parameter& parameter : loaded->Parameters()) {
    if (parameter.name == "classifier.weight") {
      EXPECT_EQ(parameter.value.size(0), 2);
      EXPECT_GT(parameter.value.abs().max().item<double>(), 0);
    }
    for (const nn::Parameter& old : vit.Parameters()) {
      if (old.name == parameter.name && !old.name.starts_with("classifier")) {
        EXPECT_TRUE(at::equal(old.value, parameter.value)) << old.name;
      }
    }
  }
}

TEST(Vit, StartDoesNotDependOnThreadsAndSaysWhatIsWrong) {
  Vit a(Tiny()), b(Tiny());
  a.InitWeights(3);
  b.InitWeights(3);
  for (size_t i = 0; i < a.Parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(a.Parameters()[i].value, b.Parameters()[i].value));
  }
  b.InitWeights(4);
  EXPECT_FALSE(at::equal(a.Parameters()[0].value, b.Parameters()[0].value));
  EXPECT_THROW(a.Forward(at::zeros({1, 1, 12, 12})), Error);
  EXPECT_THROW(a.Forward(at::zeros({1, 2, 8, 8})), Error);
  io::VitConfig wrong = Tiny();
  wrong.patch_size = 5;
  EXPECT_THROW(Vit{wrong}, Error);
}

TEST(Vit, AFolderThatLacksATensorIsRefused) {
  const testing::TemporaryFolder folder;
  const Vit vit(Tiny());
  Save(vit, folder.path());
  nn::ParameterList parameters = vit.Parameters();
  const std::string lost = parameters[6].name;
  parameters.erase(parameters.begin() + 6);
  nn::SaveTensors(folder / "model.safetensors", nn::Named(parameters), io::Dtype::kF32);
  const auto expect_refusal = [&](const auto& load) {
    try {
      load();
      ADD_FAILURE() << "accepted";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(lost), std::string::npos) << e.what();
    }
  };
  expect_refusal([&] { LoadVit(folder.path()); });
  expect_refusal([&] { runtime::VisionTransformer::Load(folder.path()); });
}

}  // namespace
}  // namespace tersor::model
