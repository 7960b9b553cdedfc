// A small model folder of random weights over the bytes as tokens.
#ifndef TERSOR_TESTS_RUNTIME_RANDOM_MODEL_H_
#define TERSOR_TESTS_RUNTIME_RANDOM_MODEL_H_

#include <string>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/io/safetensors.h"
#include "tersor/util/rng.h"
#include "test_files.h"

namespace tersor::testing {

inline io::ModelConfig SmallLlama() {
  io::ModelConfig c;
  c.vocab_size = 258;
  c.hidden_size = 48;
  c.intermediate_size = 80;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 6;
  c.num_key_value_heads = 2;
  c.head_dim = 8;
  c.max_position_embeddings = 96;
  return c;
}

/// N(0, 1), the same for the same stream.
inline std::vector<float> Noise(int64_t count, uint64_t stream) {
  const Rng rng(1, stream);
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(rng.Normal(i));
  }
  return values;
}

/// Weights N(0, 0.3²), norms around 1, as float32; the same for the same seed.
inline void WriteRandomModel(const std::string& folder, const io::ModelConfig& config,
                             uint64_t seed = 1) {
  const std::vector<io::TensorShape> shapes = io::ExpectedTensors(config);
  std::vector<std::vector<float>> values;
  std::vector<io::HostTensor> tensors;
  for (const io::TensorShape& shape : shapes) {
    io::HostTensor tensor{shape.name, io::Dtype::kF32, shape.shape, {}};
    std::vector<float>& data = values.emplace_back(static_cast<size_t>(tensor.size()));
    const Rng rng(seed, values.size());
    for (size_t i = 0; i < data.size(); ++i) {
      data[i] = static_cast<float>(0.3 * rng.Normal(i)) + (shape.name.ends_with("norm.weight"));
    }
    tensor.bytes = std::as_bytes(std::span(data));
    tensors.push_back(tensor);
  }
  Json json = io::ToJson(config);
  json["torch_dtype"] = "float32";
  Spill(folder + "/config.json", json.dump());
  Spill(folder + "/tokenizer_config.json", R"({"tokenizer_class": "ByteTokenizer"})");
  io::WriteSafetensors(folder + "/model.safetensors", tensors);
}

}  // namespace tersor::testing

#endif  // TERSOR_TESTS_RUNTIME_RANDOM_MODEL_H_
