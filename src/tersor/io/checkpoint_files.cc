#include "tersor/io/checkpoint_files.h"

#include <filesystem>

#include "tersor/util/file.h"

namespace tersor::io {
namespace {

constexpr const char* kTokenizerFiles[] = {
    "tokenizer.json",          "tokenizer.model",   "tokenizer_config.json",
    "special_tokens_map.json", "vocab.json",        "merges.txt",
    "generation_config.json",  "added_tokens.json", "chat_template.jinja",
    "chat_template.json",
};

const char* TorchName(Dtype dtype) {
  switch (dtype) {
    case Dtype::kBF16:
      return "bfloat16";
    case Dtype::kF16:
      return "float16";
    default:
      return "float32";
  }
}

void WriteConfig(const std::string& folder, Json json, Dtype dtype) {
  json["torch_dtype"] = TorchName(dtype);
  WriteFileAtomically(folder + "/config.json", json.dump(2) + "\n");
}

}  // namespace

void WriteModelConfig(const std::string& folder, const ModelConfig& config, Dtype dtype) {
  WriteConfig(folder, ToJson(config), dtype);
}

void WriteModelConfig(const std::string& folder, const VitConfig& config, Dtype dtype) {
  WriteConfig(folder, ToJson(config), dtype);
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

}  // namespace tersor::io
