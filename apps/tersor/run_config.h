// Everything that `tersor train` can be told: the recipe's fields.
#ifndef TERSOR_APPS_TERSOR_RUN_CONFIG_H_
#define TERSOR_APPS_TERSOR_RUN_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/precision/precision_config.h"
#include "tersor/train/trainer.h"
#include "tersor/util/config.h"

namespace tersor::cli {

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

  train::TrainerConfig trainer;
  precision::PrecisionConfig precision;

  void AddFields(Schema& schema);

  /// The model's shape over a vocabulary. Throws UsageError naming the field.
  io::ModelConfig Shape(int64_t vocab) const;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_RUN_CONFIG_H_
