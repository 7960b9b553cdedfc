// Where a model comes from: a folder in Hugging Face's layout or one GGUF file.
#ifndef TERSOR_RUNTIME_MODEL_SOURCE_H_
#define TERSOR_RUNTIME_MODEL_SOURCE_H_

#include <memory>
#include <optional>
#include <string>

#include "tersor/io/chat_template.h"
#include "tersor/io/model_config.h"
#include "tersor/io/tokenizer.h"
#include "tersor/kernel/rope.h"
#include "tersor/runtime/matrix_source.h"

namespace tersor::runtime {

/// Weights by the names of io::ExpectedTensors. Query and key rows are in the order that
/// `rope_pairs` tells.
class ModelSource : public MatrixSource {
 public:
  virtual const io::ModelConfig& config() const = 0;
  virtual kernel::RopePairs rope_pairs() const = 0;
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
