// Language models from and to checkpoint folders in Hugging Face's layout.
#ifndef TERSOR_MODEL_CHECKPOINT_H_
#define TERSOR_MODEL_CHECKPOINT_H_

#include <memory>
#include <string>

#include "tersor/io/dtype.h"
#include "tersor/model/language_model.h"

namespace tersor::model {

/// Opens config.json and the weights of `folder`, any stored float type, into float32 parameters.
/// Throws Error naming the file and the field or tensor that is wrong.
std::unique_ptr<LanguageModel> LoadLanguageModel(const std::string& folder,
                                                 const Plugs& plugs = {});

/// Writes config.json, naming `dtype` as the type of the stored weights.
void WriteModelConfig(const std::string& folder, const io::ModelConfig& config, io::Dtype dtype);

/// Copies the tokenizer files of `from` (a model folder or one tokenizer file) to `folder`.
void CopyTokenizer(const std::string& from, const std::string& folder);

}  // namespace tersor::model

#endif  // TERSOR_MODEL_CHECKPOINT_H_
