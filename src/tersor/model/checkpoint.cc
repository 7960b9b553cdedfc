#include "tersor/model/checkpoint.h"

#include <filesystem>

#include "tersor/io/checkpoint.h"
#include "tersor/nn/tensor_io.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::model {
namespace {

constexpr const char* kTokenizerFiles[] = {
    "tokenizer.json", "tokenizer.model", "tokenizer_config.json",  "special_tokens_map.json",
    "vocab.json",     "merges.txt",      "generation_config.json", "added_tokens.json",
};

const char* TorchName(io::Dtype dtype) {
  switch (dtype) {
    case io::Dtype::kBF16:
      return "bfloat16";
    case io::Dtype::kF16:
      return "float16";
    default:
      return "float32";
  }
}

}  // namespace

std::unique_ptr<LanguageModel> LoadLanguageModel(const std::string& folder, const Plugs& plugs) {
  const io::Checkpoint checkpoint = io::Checkpoint::Open(folder);
  std::unique_ptr<LanguageModel> model = MakeLanguageModel(checkpoint.config(), plugs);
  for (const nn::Parameter& parameter : model->Parameters()) {
    nn::CopyFrom(checkpoint.Weight(parameter.name), parameter.value);
  }
  return model;
}

void WriteModelConfig(const std::string& folder, const io::ModelConfig& config, io::Dtype dtype) {
  Json json = io::ToJson(config);
  json["torch_dtype"] = TorchName(dtype);
  WriteFileAtomically(folder + "/config.json", json.dump(2) + "\n");
}

void CopyTokenizer(const std::string& from, const std::string& folder) {
  namespace fs = std::filesystem;
  const auto copy = [&](const fs::path& file) {
    WriteFileAtomically(folder + "/" + file.filename().string(), ReadFile(file.string()));
  };
  if (fs::is_regular_file(from)) {
    copy(from);
    return;
  }
  for (const char* name : kTokenizerFiles) {
    if (fs::exists(fs::path(from) / name)) {
      copy(fs::path(from) / name);
    }
  }
}

}  // namespace tersor::model
