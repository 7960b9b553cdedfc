// A small checkpoint folder with random weights, for tests of what reads and converts such folders.
#ifndef TERSOR_TESTS_IO_RANDOM_CHECKPOINT_H_
#define TERSOR_TESTS_IO_RANDOM_CHECKPOINT_H_

#include <list>
#include <string>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/io/safetensors.h"
#include "tersor/util/rng.h"
#include "test_files.h"

namespace tersor::io::testing_checkpoint {

inline ModelConfig SmallConfig(Architecture architecture) {
  ModelConfig config;
  config.architecture = architecture;
  config.vocab_size = 352;
  config.hidden_size = 64;
  config.intermediate_size = 96;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 16;
  config.max_position_embeddings = 256;
  config.rms_norm_eps = 1e-5;
  config.rope_theta = 50000;
  config.activation_function = "silu";
  config.bos_token_id = 1;
  config.eos_token_id = 2;
  config.eos_token_ids = {2};
  config.attention_bias = architecture == Architecture::kQwen2;
  return config;
}

/// Writes config.json and model.safetensors; the tokenizer is the test's own affair.
inline void WriteRandomCheckpoint(const std::string& folder, const ModelConfig& config) {
  testing::Spill(folder + "/config.json", ToJson(config).dump(2));
  const Rng rng(17);
  uint64_t draw = 0;
  std::list<std::vector<float>> values;  // stay in place
  std::vector<HostTensor> tensors;
  for (const TensorShape& shape : ExpectedTensors(config)) {
    HostTensor tensor{shape.name, Dtype::kF32, shape.shape, {}};
    std::vector<float>& of = values.emplace_back(static_cast<size_t>(tensor.size()));
    for (float& value : of) {
      value = static_cast<float>(0.05 * rng.Normal(draw++)) + (shape.shape.size() == 1 ? 1.0F : 0);
    }
    tensor.bytes = std::as_bytes(std::span(of));
    tensors.push_back(std::move(tensor));
  }
  WriteSafetensors(folder + "/model.safetensors", tensors);
}

}  // namespace tersor::io::testing_checkpoint

#endif  // TERSOR_TESTS_IO_RANDOM_CHECKPOINT_H_
