#include <sentencepiece_processor.h>

#include <utility>

#include "tersor/io/plugin/sentencepiece_plugin.h"
#include "tersor/io/sentencepiece.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::io::plugin {
namespace {

constexpr std::string_view kSpaceMark = "\xe2\x96\x81";  // U+2581 stands for a space

class SentencePieceTokenizer : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(const std::string& path) : path_(path) {
    const std::string model = ReadFile(path);
    const auto status = processor_.LoadFromSerializedProto(model);
    TERSOR_CHECK(status.ok(), path, ": not a sentencepiece model: ", status.message());
    TERSOR_CHECK(processor_.GetPieceSize() > 0, path, ": the vocabulary is empty");
  }

  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const override {
    if (!parse_special) {
      return EncodePlain(text);
    }
    // Control pieces such as "</s>" are split off first; the text between them is encoded alone.
    std::vector<int32_t> ids;
    while (!text.empty()) {
      size_t first = text.size();
      int special = -1;
      for (const int id : {processor_.bos_id(), processor_.eos_id()}) {
        const size_t at = id < 0 ? std::string_view::npos : text.find(processor_.IdToPiece(id));
        if (at < first) {
          first = at;
          special = id;
        }
      }
      const std::vector<int32_t> plain = EncodePlain(text.substr(0, first));
      ids.insert(ids.end(), plain.begin(), plain.end());
      if (special < 0) {
        break;
      }
      ids.push_back(special);
      text.remove_prefix(first + processor_.IdToPiece(special).size());
    }
    return ids;
  }

  std::string Decode(std::span<const int32_t> ids) const override {
    for (const int32_t id : ids) {
      CheckId(id);
    }
    std::string text;
    const auto status = processor_.Decode(std::vector<int>(ids.begin(), ids.end()), &text);
    TERSOR_CHECK(status.ok(), path_, ": tokens cannot be decoded: ", status.message());
    return text;
  }

  std::string TokenBytes(int32_t id) const override {
    CheckId(id);
    const std::string& piece = processor_.IdToPiece(id);
    if (processor_.IsControl(id)) {
      return "";
    }
    if (processor_.IsByte(id)) {  // "<0x0A>"
      return std::string(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));
    }
    std::string bytes;
    for (size_t i = 0; i < piece.size();) {
      const bool space = piece.compare(i, kSpaceMark.size(), kSpaceMark) == 0;
      bytes += space ? ' ' : piece[i];
      i += space ? kSpaceMark.size() : 1;
    }
    return bytes;
  }

  int64_t vocab_size() const override { return processor_.GetPieceSize(); }
  std::optional<int32_t> bos_id() const override { return Optional(processor_.bos_id()); }
  std::optional<int32_t> eos_id() const override { return Optional(processor_.eos_id()); }
  bool adds_bos() const override { return processor_.bos_id() >= 0; }

 private:
  static std::optional<int32_t> Optional(int id) {
    return id >= 0 ? std::optional<int32_t>(id) : std::nullopt;
  }

  void CheckId(int32_t id) const {
    TERSOR_CHECK(id >= 0 && id < processor_.GetPieceSize(), path_, ": token id ", id,
                 " is outside the vocabulary of ", processor_.GetPieceSize());
  }

  std::vector<int32_t> EncodePlain(std::string_view text) const {
    std::vector<int> ids;
    const auto status = processor_.Encode({text.data(), text.size()}, &ids);
    TERSOR_CHECK(status.ok(), path_, ": text cannot be encoded: ", status.message());
    return {ids.begin(), ids.end()};
  }

  std::string path_;
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::shared_ptr<const Tokenizer> Load(const std::string& path) {
  return std::make_shared<SentencePieceTokenizer>(path);
}

}  // namespace tersor::io::plugin

extern "C" void tersor_sentencepiece_plugin(tersor::io::SentencePiecePlugin* plugin) {
  *plugin = {tersor::io::plugin::Load, tersor::io::plugin::Train};
}
