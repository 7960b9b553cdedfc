#include "tersor/io/tokenizer.h"

#include <filesystem>
#include <system_error>

#include "tersor/io/sentencepiece.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"

namespace tersor::io {
namespace {

namespace fs = std::filesystem;

constexpr int32_t kByteBos = 256, kByteEos = 257;

class ByteTokenizer : public Tokenizer {
 public:
  std::vector<int32_t> Encode(std::string_view text, bool) const override {
    std::vector<int32_t> ids;
    ids.reserve(text.size());
    for (const char c : text) {
      ids.push_back(static_cast<unsigned char>(c));
    }
    return ids;
  }

  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text;
    for (const int32_t id : ids) {
      text += TokenBytes(id);
    }
    return text;
  }

  std::string TokenBytes(int32_t id) const override {
    TERSOR_CHECK(id >= 0 && id <= kByteEos, "token id ", id, " is outside the byte vocabulary");
    return id < kByteBos ? std::string(1, static_cast<char>(id)) : std::string();
  }

  int64_t vocab_size() const override { return kByteEos + 1; }
  std::optional<int32_t> bos_id() const override { return kByteBos; }
  std::optional<int32_t> eos_id() const override { return kByteEos; }
  bool adds_bos() const override { return true; }
};

bool Exists(const std::string& path) {
  std::error_code none;
  return fs::exists(path, none);
}

bool SaysByte(const std::string& folder) {
  const std::string path = folder + "/tokenizer_config.json";
  if (!Exists(path)) {
    return false;
  }
  const Json json = ReadJsonFile(path);
  return json.is_object() && json.contains("tokenizer_class") &&
         json["tokenizer_class"] == "ByteTokenizer";
}

}  // namespace

std::shared_ptr<const Tokenizer> MakeByteTokenizer() { return std::make_shared<ByteTokenizer>(); }

std::shared_ptr<const Tokenizer> LoadTokenizer(const std::string& path) {
  if (std::error_code none; fs::is_regular_file(path, none)) {
    return path.ends_with(".json") ? LoadBpeTokenizer(path) : LoadSentencePiece(path);
  }
  // A folder with both holds the same vocabulary twice; the sentencepiece file is the original.
  if (Exists(path + "/tokenizer.model")) {
    return LoadSentencePiece(path + "/tokenizer.model");
  }
  if (Exists(path + "/tokenizer.json")) {
    return LoadBpeTokenizer(path + "/tokenizer.json");
  }
  if (Exists(path + "/vocab.json") && Exists(path + "/merges.txt")) {
    return LoadVocabAndMerges(path);
  }
  TERSOR_CHECK(SaysByte(path), path,
               ": no tokenizer there: expected tokenizer.model, tokenizer.json, vocab.json with "
               "merges.txt, or a tokenizer_config.json of class ByteTokenizer");
  return MakeByteTokenizer();
}

}  // namespace tersor::io
