// config.json of a Vision Transformer for image classification in Hugging Face's layout: the shape
// of the model and the names of its classes.
#ifndef TERSOR_IO_VIT_CONFIG_H_
#define TERSOR_IO_VIT_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/util/json.h"

namespace tersor::io {

/// Dosovitskiy et al. 2021, arXiv:2010.11929. Member names are those of config.json. DeiT's shapes
/// (Touvron et al. 2021, arXiv:2012.12877) are 192 wide with 3 heads (tiny, the default here), 384
/// with 6 (small), 768 with 12 (base); all 12 blocks deep with an MLP 4 times as wide.
struct VitConfig {
  int64_t hidden_size = 192;
  int64_t intermediate_size = 768;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 3;
  int64_t image_size = 224;  // side in pixels
  int64_t patch_size = 16;   // side in pixels
  int64_t num_channels = 3;
  bool qkv_bias = true;
  double layer_norm_eps = 1e-12;
  double initializer_range = 0.02;
  std::vector<std::string> labels;           // id2label, by class
  std::optional<Quantization> quantization;  // nullopt: none

  int64_t head_dim() const { return hidden_size / num_attention_heads; }
  int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }
  int64_t tokens() const { return patches() + 1; }  // with the class token
  int64_t patch_values() const { return num_channels * patch_size * patch_size; }
  int64_t classes() const { return static_cast<int64_t>(labels.size()); }

  /// Throws Error that names the field, the value and what is allowed.
  void Validate(const std::string& source) const;
};

/// Parses the content of a config.json with model_type "vit"; errors name `source` and the field.
VitConfig ParseVitConfig(const Json& json, const std::string& source);
VitConfig ReadVitConfig(const std::string& folder);

/// What transformers reads back as ViTForImageClassification.
Json ToJson(const VitConfig& config);

/// Names and shapes of all weights of ViTForImageClassification, in model order.
std::vector<TensorShape> ExpectedTensors(const VitConfig& config);

/// model_type of a folder's config.json; "" where it has none. Throws Error where there is no such
/// file.
std::string ReadModelType(const std::string& folder);

}  // namespace tersor::io

#endif  // TERSOR_IO_VIT_CONFIG_H_
