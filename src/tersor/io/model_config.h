// config.json of a Hugging Face checkpoint folder: the shape of a model.
#ifndef TERSOR_IO_MODEL_CONFIG_H_
#define TERSOR_IO_MODEL_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/quantization.h"
#include "tersor/util/json.h"

namespace tersor::io {

enum class Architecture { kLlama, kMistral, kQwen2, kOpt };

/// How rotary frequencies are stretched beyond the length the model was first trained on.
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3 } kind = Kind::kNone;
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  int64_t original_max_position_embeddings = 8192;   // llama3
};

/// Member names are those of config.json, where it has one for the idea.
struct ModelConfig {
  Architecture architecture = Architecture::kLlama;
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;  // opt: ffn_dim
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;  // equal to num_attention_heads without grouped queries
  int64_t head_dim = 0;
  int64_t max_position_embeddings = 0;
  bool tie_word_embeddings = false;
  double initializer_range = 0.02;
  std::optional<int64_t> bos_token_id, eos_token_id, pad_token_id;
  std::vector<int64_t> eos_token_ids;        // all of them, where config.json lists several
  std::optional<Quantization> quantization;  // nullopt: none

  // llama, mistral, qwen2
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;
  RopeScaling rope_scaling;
  std::optional<int64_t> sliding_window;  // tokens each query sees, itself included; nullopt: all
  int64_t max_window_layers = 0;          // qwen2: layers below this one attend to everything
  bool attention_bias = false;            // biases of q, k, v (qwen2: always)
  bool attention_out_bias = false;        // bias of o
  bool mlp_bias = false;

  // opt
  bool do_layer_norm_before = true;
  int64_t word_embed_proj_dim = 0;
  std::string activation_function = "relu";  // "relu" or "gelu"; llama family: "silu"
  bool enable_bias = true;
  bool layer_norm_elementwise_affine = true;
  bool remove_final_layer_norm = false;

  /// Throws Error that names the field, the value and what is allowed.
  void Validate(const std::string& source) const;
};

/// Parses config.json's content; errors name `source` and the field. Throws Error for an unknown
/// model_type (naming those supported) and for features that would silently change the result.
ModelConfig ParseModelConfig(const Json& json, const std::string& source);
ModelConfig ReadModelConfig(const std::string& folder);

/// What transformers reads back: model_type, architectures and every field above.
Json ToJson(const ModelConfig& config);

/// True for the weights of the blocks' linear layers, of language and image models, which are what
/// `Quantization` is about.
bool IsBlockMatrix(std::string_view name);

/// One expected tensor of a checkpoint.
struct TensorShape {
  std::string name;
  std::vector<int64_t> shape;
  bool operator==(const TensorShape&) const = default;
};

/// Names and shapes of all weights of a checkpoint with this configuration, in model order.
std::vector<TensorShape> ExpectedTensors(const ModelConfig& config);

}  // namespace tersor::io

#endif  // TERSOR_IO_MODEL_CONFIG_H_
