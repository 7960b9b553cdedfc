#include "tersor/io/attention_settings.h"

#include <gtest/gtest.h>

#include "tersor/io/safetensors.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

void WriteModel(const std::string& path, float value) {
  const std::vector<float> data(8, value);
  const HostTensor tensor{"w", Dtype::kF32, {2, 4}, std::as_bytes(std::span(data))};
  WriteSafetensors(path, std::span(&tensor, 1));
}

ModelConfig Shape(int64_t layers, int64_t heads) {
  ModelConfig config;
  config.num_hidden_layers = layers;
  config.num_attention_heads = heads;
  return config;
}

TEST(AttentionSettings, ComeBackAsWritten) {
  const testing::TemporaryFolder folder;
  AttentionSettings settings;
  settings.model = "abc";
  settings.similarity = "gram";
  settings.int8 = settings.int8_values = true;
  settings.l1 = .05;
  settings.l2 = .06;
  settings.layers = {{{.9, .25, -4.5}, {}}, {{}, {.5, -1, 0}}};
  const std::string path = folder / "attention.json";
  WriteAttentionSettings(path, settings);
  const AttentionSettings read = ReadAttentionSettings(path);
  EXPECT_EQ(read.model, "abc");
  EXPECT_EQ(read.similarity, "gram");
  EXPECT_TRUE(read.int8 && read.int8_values);
  EXPECT_EQ(read.l2, .06);
  EXPECT_EQ(read.layers, settings.layers);
}

TEST(AttentionSettings, ErrorsNameTheField) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "attention.json";
  const auto expect = [&](const std::string& text, const std::string& part) {
    testing::Spill(path, text);
    try {
      ReadAttentionSettings(path);
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  const std::string head = R"({"format": "tersor-attention-1", "model": "m", "l1": 0.1, "l2": 0.1,)"
                           R"( "int8": false, "similarity": )";
  expect("{", "");
  expect("[]", "format");
  expect(R"({"format": "other"})", "format");
  expect(R"({"format": "tersor-attention-1"})", "model");
  expect(head + R"("dot", "layers": []})", "similarity");
  expect(head + R"("cosine", "int8_values": 1, "layers": []})", "int8_values");
  expect(head + R"("cosine"})", "layers");
  expect(head + R"("cosine", "layers": [3]})", "layer 0");
  expect(head + R"("cosine", "layers": [[{"tau": 2, "theta": 0, "lambda": 0}]]})", "head 0: 'tau'");
  expect(head + R"("cosine", "layers": [[{"tau": 1, "theta": 0}]]})", "'lambda'");
}

TEST(AttentionSettings, OlderFilesSayNothingOfValues) {
  const AttentionSettings settings = ParseAttentionSettings(
      R"({"format": "tersor-attention-1", "model": "m", "similarity": "cosine", "int8": true,)"
      R"( "l1": 0.1, "l2": 0.1, "layers": []})",
      "a.json");
  EXPECT_TRUE(settings.int8);
  EXPECT_FALSE(settings.int8_values);
}

TEST(AttentionSettings, AreOfOneModel) {
  const testing::TemporaryFolder folder;
  WriteModel(folder / "model.safetensors", 1);
  AttentionSettings settings;
  settings.model = ModelFingerprint(folder.path());
  settings.layers = {{{}, {}}};
  CheckSettingsFit(settings, "a.json", Shape(1, 2), folder.path());
  EXPECT_THROW(CheckSettingsFit(settings, "a.json", Shape(2, 2), folder.path()), Error);
  EXPECT_THROW(CheckSettingsFit(settings, "a.json", Shape(1, 3), folder.path()), Error);
  WriteModel(folder / "model.safetensors", 2);
  EXPECT_THROW(CheckSettingsFit(settings, "a.json", Shape(1, 2), folder.path()), Error);
}

}  // namespace
}  // namespace tersor::io
