#include "tersor/model/checkpoint.h"

#include "tersor/io/checkpoint.h"
#include "tersor/nn/tensor_io.h"

namespace tersor::model {

std::unique_ptr<LanguageModel> LoadLanguageModel(const std::string& folder, const Plugs& plugs) {
  const io::Checkpoint checkpoint = io::Checkpoint::Open(folder);
  std::unique_ptr<LanguageModel> model = MakeLanguageModel(checkpoint.config(), plugs);
  for (const nn::Parameter& parameter : model->Parameters()) {
    nn::CopyFrom(checkpoint.Weight(parameter.name), parameter.value);
  }
  return model;
}

}  // namespace tersor::model
