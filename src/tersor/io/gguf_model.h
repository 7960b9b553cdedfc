// A GGUF file read as a model: weights by the names that `ExpectedTensors` gives them.
#ifndef TERSOR_IO_GGUF_MODEL_H_
#define TERSOR_IO_GGUF_MODEL_H_

#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/gguf.h"
#include "tersor/io/model_config.h"

namespace tersor::io {

/// Movable; tensors point into the mapped file.
class GgufModel {
 public:
  /// Checks that every tensor is there with the shape that the metadata implies. Throws Error
  /// naming the file, the tensor and both shapes. Tensors that nothing asks for are warned about.
  explicit GgufModel(const std::string& path);

  const ModelConfig& config() const { return config_; }
  const GgufFile& file() const { return file_; }

  /// The tensor as it is stored, by Hugging Face's name ("model.norm.weight"); nullptr where the
  /// model has none. Where `IsInterleaved`, its rows are not in Hugging Face's order; any other
  /// tensor can be used in place.
  const GgufTensor* Find(std::string_view name) const;

  /// True where the rows of each head are stored as `InterleaveRows` leaves them.
  bool IsInterleaved(std::string_view name) const;

  /// A weight as floats, its rows in Hugging Face's order. Throws Error naming the file and the
  /// tensor: none of that name, or stored in a type that cannot be read.
  std::vector<float> Weight(std::string_view name) const;

 private:
  void CheckTensors() const;

  GgufFile file_;
  ModelConfig config_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_MODEL_H_
