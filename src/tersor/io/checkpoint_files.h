// The files of a checkpoint folder beside its weights.
#ifndef TERSOR_IO_CHECKPOINT_FILES_H_
#define TERSOR_IO_CHECKPOINT_FILES_H_

#include <string>

#include "tersor/io/dtype.h"
#include "tersor/io/model_config.h"
#include "tersor/io/vit_config.h"

namespace tersor::io {

/// Writes config.json, naming `dtype` as the type of the stored weights.
void WriteModelConfig(const std::string& folder, const ModelConfig& config, Dtype dtype);
void WriteModelConfig(const std::string& folder, const VitConfig& config, Dtype dtype);

/// Copies the tokenizer files of `from` (a model folder or one tokenizer file) to `folder`.
void CopyTokenizer(const std::string& from, const std::string& folder);

}  // namespace tersor::io

#endif  // TERSOR_IO_CHECKPOINT_FILES_H_
