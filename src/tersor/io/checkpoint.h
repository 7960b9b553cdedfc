// A checkpoint folder in Hugging Face's layout: config.json and the weights that it calls for.
#ifndef TERSOR_IO_CHECKPOINT_H_
#define TERSOR_IO_CHECKPOINT_H_

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/model_config.h"
#include "tersor/io/safetensors.h"

namespace tersor::io {

/// Checks that every expected tensor is there, in the expected shape. Throws Error naming the
/// folder, the tensor and both shapes. Tensors that nothing asks for are counted in a warning.
/// `find`: store.Find, or what knows further names.
void CheckTensors(const std::string& folder, const TensorStore& store,
                  std::span<const TensorShape> expected,
                  const std::function<const HostTensor*(std::string_view)>& find);

class Checkpoint {
 public:
  /// Throws Error where config.json or a tensor is missing or wrong (CheckTensors), and for weights
  /// that are packed (Quantization::packed).
  static Checkpoint Open(const std::string& folder);

  /// The same for a folder whose weights may be packed. Tensors that are, [bytes] of type U8, are
  /// for the caller to check.
  static Checkpoint OpenPacked(const std::string& folder);

  const ModelConfig& config() const { return config_; }

  /// A weight by its name in `ExpectedTensors`; older OPT files lack the leading "model.".
  const HostTensor& Weight(std::string_view name) const;

 private:
  Checkpoint(ModelConfig config, TensorStore store)
      : config_(std::move(config)), store_(std::move(store)) {}
  const HostTensor* Find(std::string_view name) const;
  std::vector<TensorShape> Expected() const;

  ModelConfig config_;
  TensorStore store_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_CHECKPOINT_H_
