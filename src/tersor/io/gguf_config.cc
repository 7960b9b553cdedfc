#include "tersor/io/gguf_config.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "tersor/io/gguf_names.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

/// Parameters of llama3 scaling, of which GGUF itself stores the resulting factors only.
constexpr const char* kLlama3Key = "tersor.rope_scaling.llama3";

/// How products were trained, which GGUF has no key for: `activations` of Quantization, as
/// config.json spells it.
constexpr const char* kActivationsKey = "tersor.mxfp4.activations";

bool AllClose(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return std::fabs(x - y) <= 1e-3F * std::fabs(y); });
}

/// The scaling that gives these factors: as tersor wrote it, else Llama 3's own thresholds with
/// the largest factor, which is what files from elsewhere hold.
RopeScaling ReadLlama3(const GgufFile& file, const GgufTensor& tensor, ModelConfig config) {
  const std::vector<float> factors = tensor.ToFloats();
  RopeScaling& scaling = config.rope_scaling;
  scaling = {.kind = RopeScaling::Kind::kLlama3};
  scaling.factor = *std::max_element(factors.begin(), factors.end());
  if (file.metadata().Has(kLlama3Key)) {
    const std::vector<double> stored = file.metadata().Numbers(kLlama3Key);
    TERSOR_CHECK(stored.size() == 4 && stored[3] >= 1 && stored[3] < 1e9, file.path(), ": key ",
                 Quoted(kLlama3Key), " does not hold four parameters");
    scaling.factor = stored[0];
    scaling.low_freq_factor = stored[1];
    scaling.high_freq_factor = stored[2];
    scaling.original_max_position_embeddings = static_cast<int64_t>(stored[3]);
  }
  config.Validate(file.path());
  TERSOR_CHECK(AllClose(Llama3Factors(config), factors), file.path(), ": tensor ",
               Quoted(tensor.name),
               " scales rotary frequencies in a way that is not supported; "
               "supported: that of Llama 3");
  return scaling;
}

void ReadRope(const GgufFile& file, const std::string& prefix, ModelConfig& config) {
  const GgufMetadata& in = file.metadata();
  config.rope_theta = in.Number(prefix + "rope.freq_base", 10000);
  const int64_t turned = in.Int(prefix + "rope.dimension_count", config.head_dim);
  TERSOR_CHECK(turned == config.head_dim, file.path(), ": key '", prefix,
               "rope.dimension_count' is ", turned, ", but only whole heads of ", config.head_dim,
               " are supported");
  const double factor =
      in.Number(prefix + "rope.scaling.factor", in.Number(prefix + "rope.scale_linear", 0));
  // llama.cpp takes a factor without a type as linear.
  const std::string type = in.String(prefix + "rope.scaling.type", factor > 0 ? "linear" : "none");
  TERSOR_CHECK(type == "none" || type == "linear", file.path(), ": rotary scaling ", Quoted(type),
               " is not supported; supported: none, linear, and the factors of Llama 3");
  if (type == "linear" && factor > 0 && factor != 1) {
    config.rope_scaling = {.kind = RopeScaling::Kind::kLinear, .factor = factor};
  }
  if (const GgufTensor* factors = file.Find(kGgufRopeFactors)) {
    TERSOR_CHECK(config.rope_scaling.kind == RopeScaling::Kind::kNone, file.path(),
                 ": rotary frequencies are scaled both linearly and by ", kGgufRopeFactors);
    TERSOR_CHECK(factors->type == GgmlType::kF32, file.path(), ": tensor ",
                 Quoted(kGgufRopeFactors), " is stored as ", Name(factors->type), ", not F32");
    TERSOR_CHECK(factors->shape == std::vector<int64_t>{config.head_dim / 2}, file.path(),
                 ": tensor ", Quoted(kGgufRopeFactors), " must have ", config.head_dim / 2,
                 " factors");
    config.rope_scaling = ReadLlama3(file, *factors, config);
  }
}

/// What the presence of a tensor says, because no key does.
void ReadParts(const GgufFile& file, ModelConfig& config) {
  config.tie_word_embeddings = file.Find("output.weight") == nullptr;
  config.attention_bias = file.Find("blk.0.attn_q.bias") != nullptr;
  config.attention_out_bias = file.Find("blk.0.attn_output.bias") != nullptr;
  config.mlp_bias = file.Find("blk.0.ffn_up.bias") != nullptr;
  const GgufTensor* embedding = file.Find("token_embd.weight");
  TERSOR_CHECK(embedding != nullptr, file.path(), ": tensor 'token_embd.weight' is missing");
  config.vocab_size = embedding->shape[0];
}

void ReadQuantization(const GgufFile& file, ModelConfig& config) {
  if (!file.metadata().Has(kActivationsKey)) {
    return;
  }
  const std::string activations = file.metadata().String(kActivationsKey);
  TERSOR_CHECK(activations == "none" || activations == "mxfp4", file.path(), ": key ",
               Quoted(kActivationsKey), " is ", Quoted(activations), "; there are: none, mxfp4");
  config.quantization = {.round_activations = activations == "mxfp4"};
}

std::optional<int64_t> ReadToken(const GgufMetadata& in, const char* key) {
  return in.Has(key) ? std::optional(in.Int(key)) : std::nullopt;
}

void ReadTokens(const GgufMetadata& in, ModelConfig& config) {
  config.bos_token_id = ReadToken(in, "tokenizer.ggml.bos_token_id");
  config.eos_token_id = ReadToken(in, "tokenizer.ggml.eos_token_id");
  config.pad_token_id = ReadToken(in, "tokenizer.ggml.padding_token_id");
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    const std::optional<int64_t> id = ReadToken(in, key);
    if (id && std::find(config.eos_token_ids.begin(), config.eos_token_ids.end(), *id) ==
                  config.eos_token_ids.end()) {
      config.eos_token_ids.push_back(*id);
    }
  }
}

void SetRope(const ModelConfig& c, const std::string& prefix, GgufMetadata& out) {
  out.Set(prefix + "rope.freq_base", GgufValue::Float32(static_cast<float>(c.rope_theta)));
  out.Set(prefix + "rope.dimension_count", GgufValue::Uint32(static_cast<uint32_t>(c.head_dim)));
  const RopeScaling& scaling = c.rope_scaling;
  if (scaling.kind == RopeScaling::Kind::kLinear) {
    out.Set(prefix + "rope.scaling.type", GgufValue::String("linear"));
    out.Set(prefix + "rope.scaling.factor", GgufValue::Float32(static_cast<float>(scaling.factor)));
  } else if (scaling.kind == RopeScaling::Kind::kLlama3) {
    const double parameters[] = {scaling.factor, scaling.low_freq_factor, scaling.high_freq_factor,
                                 static_cast<double>(scaling.original_max_position_embeddings)};
    out.Set(kLlama3Key, GgufValue::Float64s(parameters));
  }
}

}  // namespace

std::vector<float> Llama3Factors(const ModelConfig& config) {
  const RopeScaling& scaling = config.rope_scaling;
  const auto length = static_cast<double>(scaling.original_max_position_embeddings);
  std::vector<float> factors;
  for (int64_t i = 0; i < config.head_dim; i += 2) {
    const double wavelength =
        2 * std::numbers::pi *
        std::pow(config.rope_theta, static_cast<double>(i) / static_cast<double>(config.head_dim));
    // 1 for what turns often within the trained length, `factor` for what turns rarely.
    const double share = (length / wavelength - scaling.low_freq_factor) /
                         (scaling.high_freq_factor - scaling.low_freq_factor);
    const double kept = std::clamp(share, 0.0, 1.0);
    factors.push_back(static_cast<float>(1 / ((1 - kept) / scaling.factor + kept)));
  }
  return factors;
}

ModelConfig ReadGgufConfig(const GgufFile& file) {
  const GgufMetadata& in = file.metadata();
  const std::string architecture = in.String("general.architecture");
  TERSOR_CHECK(architecture == "llama" || architecture == "qwen2", file.path(), ": architecture ",
               Quoted(architecture), " is not supported; supported: llama, qwen2");
  TERSOR_CHECK(in.Int("split.count", 1) <= 1, file.path(),
               ": the model is split into several files; join them with llama-gguf-split");
  const std::string prefix = architecture + ".";
  TERSOR_CHECK(in.Int(prefix + "expert_count", 0) == 0, file.path(), ": key '", prefix,
               "expert_count': a mixture of experts is not supported");
  ModelConfig config;
  config.architecture = architecture == "qwen2" ? Architecture::kQwen2 : Architecture::kLlama;
  config.activation_function = "silu";
  config.hidden_size = in.Int(prefix + "embedding_length");
  config.intermediate_size = in.Int(prefix + "feed_forward_length");
  config.num_hidden_layers = in.Int(prefix + "block_count");
  config.num_attention_heads = in.Int(prefix + "attention.head_count");
  config.num_key_value_heads =
      in.Int(prefix + "attention.head_count_kv", config.num_attention_heads);
  config.max_position_embeddings = in.Int(prefix + "context_length");
  config.rms_norm_eps = in.Number(prefix + "attention.layer_norm_rms_epsilon");
  const int64_t heads = std::max<int64_t>(config.num_attention_heads, 1);
  config.head_dim = in.Int(prefix + "attention.key_length", config.hidden_size / heads);
  TERSOR_CHECK(in.Int(prefix + "attention.value_length", config.head_dim) == config.head_dim,
               file.path(), ": keys and values of different length are not supported");
  if (const int64_t window = in.Int(prefix + "attention.sliding_window", 0); window > 0) {
    config.architecture = architecture == "llama" ? Architecture::kMistral : config.architecture;
    config.sliding_window = window;
  }
  ReadTokens(in, config);
  ReadParts(file, config);
  ReadQuantization(file, config);
  config.Validate(file.path());
  ReadRope(file, prefix, config);
  config.Validate(file.path());
  return config;
}

void SetGgufConfig(const ModelConfig& c, const std::string& source, GgufMetadata& out) {
  TERSOR_CHECK(c.architecture != Architecture::kOpt, source,
               ": opt models cannot be written as GGUF, which has no name for them; supported: "
               "llama, mistral, qwen2");
  const bool qwen = c.architecture == Architecture::kQwen2;
  TERSOR_CHECK(!qwen || c.rope_scaling.kind != RopeScaling::Kind::kLlama3, source,
               ": rope_scaling llama3 cannot be written as GGUF for qwen2");
  const std::string name = qwen ? "qwen2" : "llama", prefix = name + ".";
  const auto set = [&](const char* key, int64_t value) {
    out.Set(prefix + key, GgufValue::Uint32(static_cast<uint32_t>(value)));
  };
  out.Set("general.architecture", GgufValue::String(name));
  set("block_count", c.num_hidden_layers);
  set("context_length", c.max_position_embeddings);
  set("embedding_length", c.hidden_size);
  set("feed_forward_length", c.intermediate_size);
  set("attention.head_count", c.num_attention_heads);
  set("attention.head_count_kv", c.num_key_value_heads);
  set("attention.key_length", c.head_dim);
  set("attention.value_length", c.head_dim);
  out.Set(prefix + "attention.layer_norm_rms_epsilon",
          GgufValue::Float32(static_cast<float>(c.rms_norm_eps)));
  set("vocab_size", c.vocab_size);
  SetRope(c, prefix, out);
  if (c.quantization) {
    out.Set(kActivationsKey,
            GgufValue::String(c.quantization->round_activations ? "mxfp4" : "none"));
  }
  if (c.sliding_window && *c.sliding_window < c.max_position_embeddings) {
    log::Warn("{}: llama.cpp ignores sliding_window {}: beyond it, its results will differ", source,
              *c.sliding_window);
  }
  if (c.sliding_window && !qwen) {
    set("attention.sliding_window", *c.sliding_window);
  }
}

}  // namespace tersor::io
