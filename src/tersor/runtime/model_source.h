// Where a model comes from: a folder in Hugging Face's layout or one GGUF file.
#ifndef TERSOR_RUNTIME_MODEL_SOURCE_H_
#define TERSOR_RUNTIME_MODEL_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/chat_template.h"
#include "tersor/io/model_config.h"
#include "tersor/io/tokenizer.h"
#include "tersor/kernel/rope.h"
#include "tersor/runtime/weight_format.h"

namespace tersor::runtime {

/// A matrix as it is stored. Where no format serves it in place, `in_place` is false and `format`
/// is the one that it is best packed into.
struct StoredMatrix {
  int64_t rows = 0, cols = 0;
  const WeightFormat* format = nullptr;
  bool in_place = true;
  std::span<const std::byte> bytes;
};

/// Weights by the names of io::ExpectedTensors; all that it gives out points into it. Query and key
/// rows are in the order that `rope_pairs` tells.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual const io::ModelConfig& config() const = 0;
  virtual kernel::RopePairs rope_pairs() const = 0;
  virtual StoredMatrix Matrix(const std::string& name) const = 0;
  /// Any weight as floats.
  virtual std::vector<float> Floats(const std::string& name) const = 0;
  virtual std::shared_ptr<const io::Tokenizer> LoadTokenizer() const = 0;
  virtual std::optional<io::ChatTemplate> LoadChatTemplate() const = 0;
};

/// `path`: a model folder, or a file whose name ends in .gguf. Throws Error naming what is wrong
/// with which file.
std::shared_ptr<const ModelSource> OpenModel(const std::string& path);

/// The first tensor that holds a value that is not finite; empty where there is none. Reads
/// everything: for an error message.
std::string FindNonFinite(const ModelSource& source);

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_MODEL_SOURCE_H_
