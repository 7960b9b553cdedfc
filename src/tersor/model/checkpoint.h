// Language models from and to checkpoint folders in Hugging Face's layout.
#ifndef TERSOR_MODEL_CHECKPOINT_H_
#define TERSOR_MODEL_CHECKPOINT_H_

#include <memory>
#include <string>

#include "tersor/model/language_model.h"

namespace tersor::model {

/// Opens config.json and the weights of `folder`, any stored float type, into float32 parameters.
/// Throws Error naming the file and the field or tensor that is wrong.
std::unique_ptr<LanguageModel> LoadLanguageModel(const std::string& folder,
                                                 const Plugs& plugs = {});

}  // namespace tersor::model

#endif  // TERSOR_MODEL_CHECKPOINT_H_
