// config.json and preprocessor_config.json of image models.
#include "tersor/io/vit_config.h"

#include <gtest/gtest.h>

#include <string>

#include "tersor/io/image_preprocessor.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

Json Valid() {
  return {{"model_type", "vit"},      {"hidden_size", 64},
          {"intermediate_size", 128}, {"num_hidden_layers", 4},
          {"num_attention_heads", 2}, {"image_size", 28},
          {"patch_size", 4},          {"num_channels", 1},
          {"layer_norm_eps", 1e-6},   {"id2label", {{"1", "dog"}, {"0", "cat"}}}};
}

std::string ErrorOf(const Json& json) {
  try {
    ParseVitConfig(json, "config.json");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(VitConfig, ReadsWritesAndReadsAgain) {
  const VitConfig config = ParseVitConfig(Valid(), "config.json");
  EXPECT_EQ(config.labels, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(config.tokens(), 50);
  EXPECT_EQ(config.patch_values(), 16);
  EXPECT_TRUE(config.qkv_bias);
  const Json written = ToJson(config);
  EXPECT_EQ(written["architectures"][0], "ViTForImageClassification");
  EXPECT_EQ(written["label2id"]["dog"], 1);
  EXPECT_EQ(ToJson(ParseVitConfig(written, "again")), written);
}

TEST(VitConfig, TakesTransformersDefaults) {
  const VitConfig config = ParseVitConfig({{"model_type", "vit"}}, "config.json");
  EXPECT_EQ(config.hidden_size, 768);
  EXPECT_EQ(config.tokens(), 197);
  EXPECT_EQ(config.layer_norm_eps, 1e-12);
  EXPECT_EQ(config.labels, (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
}

TEST(VitConfig, NamesWhatIsWrong) {
  EXPECT_EQ(ErrorOf(Valid()), "");
  const auto expect = [](const char* field, const Json& value, const char* part) {
    Json json = Valid();
    json[field] = value;
    EXPECT_NE(ErrorOf(json).find(part), std::string::npos) << field << ": " << ErrorOf(json);
  };
  expect("model_type", "llama", "llama is no image model");
  expect("patch_size", 5, "image_size 28 is not a multiple of patch_size 5");
  expect("num_attention_heads", 3, "hidden_size 64 is not a multiple");
  expect("num_hidden_layers", 0, "num_hidden_layers is 0");
  expect("image_size", 1 << 20, "image_size");
  expect("image_size", Json::array({28, 28}), "image_size must be a whole number");
  expect("hidden_act", "relu", "hidden_act relu");
  expect("layer_norm_eps", 0, "layer_norm_eps");
  expect("id2label", Json::object(), "id2label");
  expect("id2label", {{"0", "a"}, {"2", "b"}}, "look at 2");
  expect("id2label", {{"0", "a"}, {"00", "b"}}, "look at 00");
  expect("id2label", {{"0", "a"}, {"-1", "b"}}, "look at -1");
  expect("id2label", {{"0", 5}}, "look at 0");
}

TEST(ImagePreprocessor, ReadsWritesAndHasADefault) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(ReadImagePreprocessor(folder.path(), 3).mean, (std::vector<float>{0.5f, 0.5f, 0.5f}));
  WriteImagePreprocessor(folder.path(), {{0.25f}, {0.5f}}, 28);
  const ImagePreprocessor read = ReadImagePreprocessor(folder.path(), 1);
  EXPECT_EQ(read.mean, (std::vector<float>{0.25f}));
  EXPECT_EQ(read.std, (std::vector<float>{0.5f}));
  EXPECT_FLOAT_EQ(read.Table(0)[255], 1.5f);
  EXPECT_THROW(ReadImagePreprocessor(folder.path(), 3), Error);
  for (const char* bad : {R"({"image_std": [0]})", R"({"image_mean": ["x"]})", "[]",
                          R"({"do_normalize": false})", R"({"rescale_factor": 1})"}) {
    testing::Spill(folder / "preprocessor_config.json", bad);
    EXPECT_THROW(ReadImagePreprocessor(folder.path(), 1), Error) << bad;
  }
}

}  // namespace
}  // namespace tersor::io
