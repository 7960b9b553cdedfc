#include "tersor/io/model_config.h"

#include <gtest/gtest.h>

#include "tersor/io/checkpoint.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

Json Llama() {
  return {{"model_type", "llama"},   {"vocab_size", 100},      {"hidden_size", 64},
          {"intermediate_size", 96}, {"num_hidden_layers", 2}, {"num_attention_heads", 4}};
}

Json With(Json json, const Json& changes) {
  json.update(changes);
  return json;
}

void ExpectRefusal(const Json& json, const std::string& part) {
  try {
    ParseModelConfig(json, "config.json");
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(ModelConfig, DefaultsOfTransformers) {
  const ModelConfig c = ParseModelConfig(Llama(), "");
  EXPECT_EQ(c.num_key_value_heads, 4);
  EXPECT_EQ(c.head_dim, 16);
  EXPECT_EQ(c.max_position_embeddings, 2048);
  EXPECT_EQ(c.rope_theta, 10000);
  EXPECT_EQ(c.rms_norm_eps, 1e-6);
  EXPECT_FALSE(c.tie_word_embeddings);
  EXPECT_FALSE(c.attention_bias);
  EXPECT_FALSE(c.sliding_window);
}

TEST(ModelConfig, Mistral) {
  const Json mistral = With(Llama(), {{"model_type", "mistral"}, {"num_attention_heads", 8}});
  EXPECT_EQ(ParseModelConfig(mistral, "").sliding_window, 4096);
  EXPECT_EQ(ParseModelConfig(mistral, "").num_key_value_heads, 8);
  EXPECT_FALSE(ParseModelConfig(With(mistral, {{"sliding_window", nullptr}}), "").sliding_window);
}

TEST(ModelConfig, Qwen2) {
  const Json qwen = With(Llama(), {{"model_type", "qwen2"},
                                   {"num_key_value_heads", 2},
                                   {"sliding_window", 32},
                                   {"max_window_layers", 1}});
  const ModelConfig c = ParseModelConfig(qwen, "");
  EXPECT_TRUE(c.attention_bias);
  EXPECT_FALSE(c.attention_out_bias);
  EXPECT_FALSE(c.sliding_window);  // use_sliding_window is off by default
  EXPECT_EQ(ParseModelConfig(With(qwen, {{"use_sliding_window", true}}), "").sliding_window, 32);
}

TEST(ModelConfig, RopeScalingInBothSpellings) {
  const Json old = {{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}};
  EXPECT_EQ(ParseModelConfig(With(Llama(), old), "").rope_scaling.kind, RopeScaling::Kind::kLinear);
  const Json fresh = {{"rope_parameters",
                       {{"rope_type", "llama3"},
                        {"rope_theta", 5e5},
                        {"factor", 8.0},
                        {"low_freq_factor", 1.0},
                        {"high_freq_factor", 4.0},
                        {"original_max_position_embeddings", 8192}}}};
  const ModelConfig c = ParseModelConfig(With(Llama(), fresh), "");
  EXPECT_EQ(c.rope_scaling.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(c.rope_theta, 5e5);
  ExpectRefusal(With(Llama(), {{"rope_scaling", {{"type", "yarn"}, {"factor", 2.0}}}}), "yarn");
}

TEST(ModelConfig, ComesBackFromItsJson) {
  for (const Json& changes :
       {Json::object(), Json{{"tie_word_embeddings", true}, {"attention_bias", true}},
        Json{{"model_type", "mistral"}, {"num_key_value_heads", 2}},
        Json{{"model_type", "qwen2"}, {"num_key_value_heads", 2}, {"use_sliding_window", true}},
        Json{{"eos_token_id", {5, 6}}, {"bos_token_id", 1}},
        Json{{"model_type", "opt"},
             {"ffn_dim", 80},
             {"word_embed_proj_dim", 32},
             {"do_layer_norm_before", false}}}) {
    const ModelConfig config = ParseModelConfig(With(Llama(), changes), "");
    const Json written = ToJson(config);
    EXPECT_EQ(ToJson(ParseModelConfig(written, "")), written);
  }
}

TEST(ModelConfig, QuantizationComesBack) {
  EXPECT_FALSE(ParseModelConfig(Llama(), "").quantization);
  for (const char* activations : {"none", "mxfp4"}) {
    const Json said = {
        {"quant_method", "tersor"}, {"format", "mxfp4"}, {"activations", activations}};
    const ModelConfig config = ParseModelConfig(With(Llama(), {{"quantization_config", said}}), "");
    ASSERT_TRUE(config.quantization);
    EXPECT_EQ(config.quantization->round_activations, activations == std::string("mxfp4"));
    EXPECT_EQ(ToJson(config)["quantization_config"], said);
  }
}

TEST(ModelConfig, PackedFormatsComeBack) {
  for (const char* format : {"sparse-f32", "sparse-bf16", "sparse-int8"}) {
    Json said = {{"quant_method", "tersor"}, {"format", format}, {"activations", "none"}};
    const ModelConfig config = ParseModelConfig(With(Llama(), {{"quantization_config", said}}), "");
    ASSERT_TRUE(config.quantization && config.quantization->packed());
    EXPECT_EQ(ToJson(config)["quantization_config"], said);
    said["activations"] = "mxfp4";
    ExpectRefusal(With(Llama(), {{"quantization_config", said}}), "do not go with format");
  }
}

TEST(ModelConfig, BlockMatricesAreTheLinearLayers) {
  for (const char* name :
       {"model.layers.3.self_attn.q_proj.weight", "model.layers.0.mlp.up_proj.weight",
        "model.decoder.layers.1.fc2.weight"}) {
    EXPECT_TRUE(IsBlockMatrix(name)) << name;
  }
  for (const char* name :
       {"model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
        "model.layers.0.input_layernorm.weight", "model.decoder.layers.1.final_layer_norm.weight",
        "model.layers.0.self_attn.q_proj.bias", "model.decoder.project_in.weight"}) {
    EXPECT_FALSE(IsBlockMatrix(name)) << name;
  }
}

TEST(ModelConfig, RefusesInOneLine) {
  ExpectRefusal(Json::array(), "not a JSON object");
  ExpectRefusal(With(Llama(), {{"model_type", "gpt_neox"}}),
                "supported: llama, mistral, qwen2, opt");
  Json json = Llama();
  json.erase("hidden_size");
  ExpectRefusal(json, "hidden_size is missing");
  ExpectRefusal(With(Llama(), {{"hidden_size", "big"}}), "must be a whole number");
  ExpectRefusal(With(Llama(), {{"hidden_size", 0}}), "hidden_size");
  ExpectRefusal(With(Llama(), {{"vocab_size", int64_t{1} << 60}}), "vocab_size");
  ExpectRefusal(With(Llama(), {{"num_attention_heads", 0}}), "num_attention_heads");
  ExpectRefusal(With(Llama(), {{"num_key_value_heads", 3}}), "not a multiple");
  ExpectRefusal(With(Llama(), {{"hidden_act", "gelu"}}), "gelu");
  ExpectRefusal(With(Llama(), {{"quantization_config", {{"bits", 4}}}}), "packed");
  const Json other = {{"quant_method", "mxfp4"}};
  ExpectRefusal(With(Llama(), {{"quantization_config", other}}), "quant_method 'mxfp4'");
  const Json rounded = {{"quant_method", "tersor"}, {"format", "mxfp4"}, {"activations", "int8"}};
  ExpectRefusal(With(Llama(), {{"quantization_config", rounded}}), "activations 'int8'");
  ExpectRefusal(With(Llama(), {{"head_dim", 15}}), "even");
}

TEST(Checkpoint, TensorsMustMatchTheConfig) {
  const testing::TemporaryFolder folder;
  const Json json = With(Llama(), {{"num_hidden_layers", 1}});
  testing::Spill(folder / "config.json", json.dump());
  const ModelConfig config = ParseModelConfig(json, "");
  std::vector<std::vector<std::byte>> data;
  std::vector<HostTensor> tensors;
  for (const TensorShape& shape : ExpectedTensors(config)) {
    HostTensor tensor{shape.name, Dtype::kF32, shape.shape, {}};
    data.emplace_back(static_cast<size_t>(tensor.size()) * 4);
    tensors.push_back(tensor);
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    tensors[i].bytes = data[i];
  }
  const auto open = [&](const std::vector<HostTensor>& list) {
    WriteSafetensors(folder / "model.safetensors", list);
    try {
      Checkpoint::Open(folder.path());
      return std::string();
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  EXPECT_EQ(open(tensors), "");
  EXPECT_NE(open({tensors.begin() + 1, tensors.end()}).find("model.embed_tokens.weight is missing"),
            std::string::npos);
  std::vector<HostTensor> wrong = tensors;
  wrong[0].shape = {64, 100};
  EXPECT_NE(open(wrong).find("[64, 100], but config.json implies [100, 64]"), std::string::npos);
  EXPECT_THROW(Checkpoint::Open(folder / "nowhere"), Error);
}

}  // namespace
}  // namespace tersor::io
