// Everything that `tersor train` can be told: the recipe's fields.
#ifndef TERSOR_APPS_TERSOR_RUN_CONFIG_H_
#define TERSOR_APPS_TERSOR_RUN_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/attention/attention_config.h"
#include "tersor/data/augment.h"
#include "tersor/io/model_config.h"
#include "tersor/io/vit_config.h"
#include "tersor/precision/precision_config.h"
#include "tersor/train/trainer.h"
#include "tersor/util/config.h"

namespace tersor::cli {

/// What only image models have.
struct ImageConfig {
  int64_t size = 0;        // side in pixels; 0: as the images have it
  int64_t channels = 0;    // 1 or 3; 0: as the images have it
  int64_t patch_size = 0;  // side in pixels; 0: 4 for images below 64 pixels, else 16
  double drop_path = 0;
  data::AugmentConfig augment;

  bool operator==(const ImageConfig&) const = default;
};

struct RunConfig {
  std::vector<std::string> data, validation;
  std::string cache = "out/cache";
  int64_t validation_tokens = 65536;

  std::string tokenizer;      // a folder or file; empty: train one
  int64_t vocab_size = 4096;  // of a tokenizer that is trained

  std::string model_type = "llama";
  int64_t hidden_size = 256, intermediate_size = 0, layers = 4, heads = 4, kv_heads = 0;
  int64_t window = 512;  // max_position_embeddings, and the length of training windows
  double rope_theta = 10000;
  bool tie_embeddings = true;
  double initializer_range = 0.02;
  bool recompute = false;
  int64_t glu_outliers = 0;
  double glu_outlier_factor = 64;

  attention::AttentionConfig attention;

  ImageConfig image;

  train::TrainerConfig trainer;
  precision::PrecisionConfig precision;

  void AddFields(Schema& schema);

  static bool IsImageModel(const std::string& model_type) { return model_type == "vit"; }

  /// Throws UsageError where a field or the data belongs to the other kind of models than `type`:
  /// that of the model to start from, or model_type.
  void CheckKind(const std::string& type) const;

  /// The language model's shape over a vocabulary. Throws UsageError naming the field.
  io::ModelConfig Shape(int64_t vocab) const;

  /// The image model's shape over images and classes. Throws UsageError naming the field.
  io::VitConfig VitShape(const data::ImageSet& images) const;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_RUN_CONFIG_H_
