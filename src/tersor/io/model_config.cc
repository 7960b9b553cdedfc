#include "tersor/io/model_config.h"

#include <array>

#include "tersor/io/config_reader.h"
#include "tersor/util/config.h"
#include "tersor/util/error.h"

namespace tersor::io {
namespace {

using Reader = ConfigReader;

struct Family {
  Architecture architecture;
  const char* model_type;
  const char* class_name;
};

constexpr std::array kFamilies = {
    Family{Architecture::kLlama, "llama", "LlamaForCausalLM"},
    Family{Architecture::kMistral, "mistral", "MistralForCausalLM"},
    Family{Architecture::kQwen2, "qwen2", "Qwen2ForCausalLM"},
    Family{Architecture::kOpt, "opt", "OPTForCausalLM"},
};

const Family& FamilyOf(const Reader& in) {
  const std::string type = in.Text("model_type", "");
  for (const Family& family : kFamilies) {
    if (type == family.model_type) {
      return family;
    }
  }
  Fail(in.source(), ": model_type ", type.empty() ? "is missing" : type + " is not supported",
       "; supported: llama, mistral, qwen2, opt");
}

std::optional<int64_t> OptionalInt(const Reader& in, const char* key) {
  return in.Has(key) ? std::optional(in.Int(key)) : std::nullopt;
}

void ReadEos(const Reader& in, ModelConfig& config) {
  if (!in.Has("eos_token_id")) {
    return;
  }
  const Json& eos = in.At("eos_token_id");
  if (eos.is_array()) {
    for (const Json& id : eos) {
      config.eos_token_ids.push_back(in.IntOf(id, "eos_token_id"));
    }
  } else {
    config.eos_token_ids.push_back(in.IntOf(eos, "eos_token_id"));
  }
  if (!config.eos_token_ids.empty()) {
    config.eos_token_id = config.eos_token_ids.front();
  }
}

/// Both spellings: "rope_scaling" with "type" or "rope_type", and the newer "rope_parameters",
/// which holds rope_theta too.
void ReadRope(const Reader& in, ModelConfig& config) {
  config.rope_theta = in.Number("rope_theta", 10000);
  const char* key = in.Has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!in.Has(key)) {
    return;
  }
  TERSOR_CHECK(in.At(key).is_object(), in.source(), ": field ", key, " must be an object");
  const Reader rope(in.At(key), in.source() + ": " + key);
  config.rope_theta = rope.Number("rope_theta", config.rope_theta);
  const std::string type = rope.Text("rope_type", rope.Text("type", "default"));
  RopeScaling& scaling = config.rope_scaling;
  if (type == "default") {
    return;
  }
  TERSOR_CHECK(type == "linear" || type == "llama3", in.source(), ": ", key, " of type ", type,
               " is not supported; supported: linear, llama3");
  TERSOR_CHECK(rope.Has("factor"), in.source(), ": ", key, ".factor is missing");
  scaling.factor = rope.Number("factor", 1);
  scaling.kind = RopeScaling::Kind::kLinear;
  if (type == "llama3") {
    scaling.kind = RopeScaling::Kind::kLlama3;
    scaling.low_freq_factor = rope.Number("low_freq_factor", 1);
    scaling.high_freq_factor = rope.Number("high_freq_factor", 4);
    scaling.original_max_position_embeddings = rope.Int("original_max_position_embeddings", 8192);
  }
}

void ReadLlamaFamily(const Reader& in, ModelConfig& config) {
  const Architecture kind = config.architecture;
  config.intermediate_size = in.Int("intermediate_size");
  const int64_t default_kv_heads = kind == Architecture::kMistral ? 8
                                   : kind == Architecture::kQwen2 ? 32
                                                                  : config.num_attention_heads;
  config.num_key_value_heads = in.Int("num_key_value_heads", default_kv_heads);
  const int64_t heads = config.num_attention_heads;
  config.head_dim = in.Int("head_dim", heads > 0 ? config.hidden_size / heads : 0);
  config.tie_word_embeddings = in.Bool("tie_word_embeddings", false);
  config.rms_norm_eps = in.Number("rms_norm_eps", 1e-6);
  ReadRope(in, config);
  const std::string activation = in.Text("hidden_act", "silu");
  TERSOR_CHECK(activation == "silu", in.source(), ": hidden_act ", activation,
               " is not supported; supported: silu");
  config.activation_function = "silu";
  if (kind == Architecture::kMistral) {
    // transformers slides over 4096 tokens unless the file says null.
    config.sliding_window =
        in.Contains("sliding_window") ? OptionalInt(in, "sliding_window") : 4096;
  } else if (kind == Architecture::kQwen2) {
    config.attention_bias = true;
    if (in.Bool("use_sliding_window", false)) {
      config.sliding_window = in.Int("sliding_window", 4096);
      config.max_window_layers = in.Int("max_window_layers", 28);
    }
  } else {
    config.attention_bias = config.attention_out_bias = in.Bool("attention_bias", false);
    config.mlp_bias = in.Bool("mlp_bias", false);
  }
}

void ReadOpt(const Reader& in, ModelConfig& config) {
  config.intermediate_size = in.Int("ffn_dim");
  config.num_key_value_heads = config.num_attention_heads;
  config.head_dim =
      config.num_attention_heads > 0 ? config.hidden_size / config.num_attention_heads : 0;
  config.tie_word_embeddings = in.Bool("tie_word_embeddings", true);
  TERSOR_CHECK(config.tie_word_embeddings, in.source(),
               ": an opt model without tied embeddings is not supported");
  config.do_layer_norm_before = in.Bool("do_layer_norm_before", true);
  config.word_embed_proj_dim = in.Int("word_embed_proj_dim", config.hidden_size);
  config.activation_function = in.Text("activation_function", "relu");
  config.enable_bias = in.Bool("enable_bias", true);
  config.layer_norm_elementwise_affine = in.Bool("layer_norm_elementwise_affine", true);
  config.remove_final_layer_norm = in.Bool("_remove_final_layer_norm", false);
  config.initializer_range = in.Number("init_std", 0.02);
}

}  // namespace

void ModelConfig::Validate(const std::string& source) const {
  // Bounds keep every product of two sizes far from overflow.
  const auto in_range = [&](const char* field, int64_t value, int64_t high) {
    TERSOR_CHECK(value >= 1 && value <= high, source, ": ", field, " is ", value,
                 "; it must be in 1 .. ", high);
  };
  const auto positive = [&](const char* field, double value) {
    TERSOR_CHECK(value > 0 && value < 1e30, source, ": ", field, " is ", value,
                 "; it must be above 0");
  };
  in_range("vocab_size", vocab_size, 1 << 24);
  in_range("hidden_size", hidden_size, 1 << 20);
  in_range("intermediate_size", intermediate_size, 1 << 22);
  in_range("num_hidden_layers", num_hidden_layers, 1 << 12);
  in_range("num_attention_heads", num_attention_heads, 1 << 12);
  in_range("num_key_value_heads", num_key_value_heads, 1 << 12);
  in_range("head_dim", head_dim, 1 << 12);
  in_range("max_position_embeddings", max_position_embeddings, 1 << 28);
  TERSOR_CHECK(num_attention_heads % num_key_value_heads == 0, source, ": num_attention_heads ",
               num_attention_heads, " is not a multiple of num_key_value_heads ",
               num_key_value_heads);
  if (architecture == Architecture::kOpt) {
    in_range("word_embed_proj_dim", word_embed_proj_dim, 1 << 20);
    TERSOR_CHECK(head_dim * num_attention_heads == hidden_size, source, ": hidden_size ",
                 hidden_size, " is not a multiple of num_attention_heads ", num_attention_heads);
    TERSOR_CHECK(activation_function == "relu" || activation_function == "gelu", source,
                 ": activation_function ", activation_function,
                 " is not supported; supported: relu, gelu");
    return;
  }
  TERSOR_CHECK(head_dim % 2 == 0, source, ": head_dim ", head_dim,
               " must be even for rotary positions");
  positive("rope_theta", rope_theta);
  positive("rms_norm_eps", rms_norm_eps);
  positive("rope_scaling.factor", rope_scaling.factor);
  TERSOR_CHECK(rope_scaling.kind != RopeScaling::Kind::kLlama3 ||
                   (rope_scaling.low_freq_factor > 0 &&
                    rope_scaling.high_freq_factor > rope_scaling.low_freq_factor &&
                    rope_scaling.original_max_position_embeddings > 0),
               source,
               ": rope_scaling of type llama3 needs 0 < low_freq_factor < "
               "high_freq_factor and a positive original_max_position_embeddings");
  if (sliding_window) {
    in_range("sliding_window", *sliding_window, 1 << 28);
  }
}

ModelConfig ParseModelConfig(const Json& json, const std::string& source) {
  TERSOR_CHECK(json.is_object(), source, ": not a JSON object");
  const Reader in(json, source);
  const Family& family = FamilyOf(in);
  ModelConfig config;
  config.architecture = family.architecture;
  config.vocab_size = in.Int("vocab_size");
  config.hidden_size = in.Int("hidden_size");
  config.num_hidden_layers = in.Int("num_hidden_layers");
  config.num_attention_heads = in.Int("num_attention_heads");
  config.max_position_embeddings = in.Int("max_position_embeddings", 2048);
  config.initializer_range = in.Number("initializer_range", 0.02);
  config.bos_token_id = OptionalInt(in, "bos_token_id");
  config.pad_token_id = OptionalInt(in, "pad_token_id");
  ReadEos(in, config);
  config.quantization = ReadQuantization(in);
  if (config.architecture == Architecture::kOpt) {
    ReadOpt(in, config);
  } else {
    ReadLlamaFamily(in, config);
  }
  config.Validate(source);
  return config;
}

ModelConfig ReadModelConfig(const std::string& folder) {
  const std::string path = folder + "/config.json";
  return ParseModelConfig(ReadJsonFile(path), path);
}

bool IsBlockMatrix(std::string_view name) {
  const auto contains = [&](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  };
  return (contains(".layers.") || contains(".layer.")) && name.ends_with(".weight") &&
         !contains("norm");
}

Json ToJson(const ModelConfig& c) {
  const Family& family = kFamilies[static_cast<size_t>(c.architecture)];
  Json json = {{"architectures", {family.class_name}},
               {"model_type", family.model_type},
               {"vocab_size", c.vocab_size},
               {"hidden_size", c.hidden_size},
               {"num_hidden_layers", c.num_hidden_layers},
               {"num_attention_heads", c.num_attention_heads},
               {"max_position_embeddings", c.max_position_embeddings},
               {"tie_word_embeddings", c.tie_word_embeddings}};
  const auto add_id = [&](const char* key, const std::optional<int64_t>& id) {
    json[key] = id ? Json(*id) : Json(nullptr);
  };
  add_id("bos_token_id", c.bos_token_id);
  add_id("pad_token_id", c.pad_token_id);
  if (c.eos_token_ids.size() > 1) {
    json["eos_token_id"] = c.eos_token_ids;
  } else {
    add_id("eos_token_id", c.eos_token_id);
  }
  if (c.quantization) {
    json["quantization_config"] = ToJson(*c.quantization);
  }
  if (c.architecture == Architecture::kOpt) {
    json["ffn_dim"] = c.intermediate_size;
    json["word_embed_proj_dim"] = c.word_embed_proj_dim;
    json["do_layer_norm_before"] = c.do_layer_norm_before;
    json["activation_function"] = c.activation_function;
    json["enable_bias"] = c.enable_bias;
    json["layer_norm_elementwise_affine"] = c.layer_norm_elementwise_affine;
    json["_remove_final_layer_norm"] = c.remove_final_layer_norm;
    json["init_std"] = c.initializer_range;
    json["dropout"] = 0.0;
    return json;
  }
  json["intermediate_size"] = c.intermediate_size;
  json["num_key_value_heads"] = c.num_key_value_heads;
  json["head_dim"] = c.head_dim;
  json["initializer_range"] = c.initializer_range;
  json["rms_norm_eps"] = c.rms_norm_eps;
  json["rope_theta"] = c.rope_theta;
  json["hidden_act"] = "silu";
  if (c.architecture == Architecture::kLlama) {
    json["attention_bias"] = c.attention_bias;
    json["mlp_bias"] = c.mlp_bias;
  } else {
    json["sliding_window"] = c.sliding_window ? Json(*c.sliding_window) : Json(nullptr);
  }
  if (c.architecture == Architecture::kQwen2) {
    json["use_sliding_window"] = c.sliding_window.has_value();
    json["max_window_layers"] = c.max_window_layers;
  }
  if (c.rope_scaling.kind == RopeScaling::Kind::kLinear) {
    json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", c.rope_scaling.factor}};
  } else if (c.rope_scaling.kind == RopeScaling::Kind::kLlama3) {
    json["rope_scaling"] = {
        {"rope_type", "llama3"},
        {"factor", c.rope_scaling.factor},
        {"low_freq_factor", c.rope_scaling.low_freq_factor},
        {"high_freq_factor", c.rope_scaling.high_freq_factor},
        {"original_max_position_embeddings", c.rope_scaling.original_max_position_embeddings}};
  }
  return json;
}

}  // namespace tersor::io
