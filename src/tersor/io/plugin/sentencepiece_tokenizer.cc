#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include "tersor/io/added_tokens.h"
#include "tersor/io/plugin/sentencepiece_plugin.h"
#include "tersor/io/sentencepiece.h"
#include "tersor/io/special_tokens.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/quoted.h"
#include "tersor/util/text_map.h"
#include "tersor/util/utf8.h"

namespace tersor::io::plugin {
namespace {

constexpr std::string_view kSpaceMark = "\xe2\x96\x81";  // U+2581 stands for a space
constexpr std::string_view kUnknown = " \xe2\x81\x87 ";  // what sentencepiece prints for <unk>

bool IsPlain(char c) { return c > ' ' && c < 0x7F; }

/// The first single space between ASCII characters, which no normalization rule joins; npos
/// without one.
size_t FindWordEnd(std::string_view text) {
  for (size_t at = text.find(' '); at != std::string_view::npos; at = text.find(' ', at + 1)) {
    if (at > 0 && IsPlain(text[at - 1]) && at + 1 < text.size() && IsPlain(text[at + 1])) {
      return at;
    }
  }
  return std::string_view::npos;
}

class SentencePieceTokenizer : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(const std::string& path) : path_(path) {
    const std::string model = ReadFile(path);
    const auto status = processor_.LoadFromSerializedProto(model);
    TERSOR_CHECK(status.ok(), path, ": not a sentencepiece model: ", status.message());
    TERSOR_CHECK(processor_.GetPieceSize() > 0, path, ": the vocabulary is empty");
    const std::string folder = std::filesystem::path(path).parent_path().string();
    LoadAddedTokens(folder);
    LoadSpecialTokens(folder);
    LoadByteTokens();
    FindPlaceholder();
    const std::vector<int32_t> letter = EncodeValid("a");
    dummy_prefix_ = !letter.empty() && TokenBytes(letter[0]).starts_with(' ');
    words_stand_alone_ = dummy_prefix_ && WordsStandAlone();
  }

  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const override {
    std::vector<int32_t> ids;
    matcher_.Split(
        text, parse_special,
        [&](std::string_view plain) {
          const std::vector<int32_t> more =
              ValidPrefix(plain) == plain.size() ? EncodeValid(plain) : EncodeInvalid(plain);
          ids.insert(ids.end(), more.begin(), more.end());
        },
        [&](const AddedToken& token) { ids.push_back(token.id); });
    return ids;
  }

  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text;
    for (const int32_t id : ids) {
      text += TokenBytes(id);
    }
    // Every text is encoded with one space in front.
    return dummy_prefix_ && text.starts_with(' ') ? text.substr(1) : text;
  }

  std::string TokenBytes(int32_t id) const override {
    TERSOR_CHECK(id >= 0 && id < vocab_size(), path_, ": token id ", id,
                 " is outside the vocabulary of ", vocab_size());
    if (id >= processor_.GetPieceSize()) {
      const AddedToken& token = added_[static_cast<size_t>(id - processor_.GetPieceSize())];
      return token.special ? "" : token.content;
    }
    if (processor_.IsControl(id) || processor_.IsUnknown(id)) {
      return std::string(processor_.IsUnknown(id) ? kUnknown : "");
    }
    const std::string& piece = processor_.IdToPiece(id);
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

  int64_t vocab_size() const override {
    return processor_.GetPieceSize() + static_cast<int64_t>(added_.size());
  }
  std::optional<int32_t> bos_id() const override { return special_.bos; }
  std::optional<int32_t> eos_id() const override { return special_.eos; }
  bool adds_bos() const override {
    return special_.bos.has_value() && special_.adds_bos.value_or(true);
  }

 private:
  /// Tokens that a fine-tuned model has beyond the file's own pieces, and the control pieces.
  void LoadAddedTokens(const std::string& folder) {
    const int32_t pieces = processor_.GetPieceSize();
    std::vector<AddedToken> matched;
    for (int32_t id = 0; id < pieces; ++id) {
      if (processor_.IsControl(id)) {
        matched.push_back({.content = processor_.IdToPiece(id), .id = id, .special = true});
      }
    }
    for (AddedToken& token : ReadAddedTokens(folder)) {
      if (token.id < pieces) {
        continue;
      }
      TERSOR_CHECK(token.id == vocab_size(), path_, ": added token ", Quoted(token.content),
                   " has id ", token.id, " where ", vocab_size(),
                   " is next: the vocabulary has a hole");
      matched.push_back(token);
      added_.push_back(std::move(token));
    }
    matcher_ = AddedTokenMatcher(std::move(matched));
  }

  void LoadSpecialTokens(const std::string& folder) {
    special_ = ReadSpecialTokens(folder, vocab_size(), [this](const std::string& token) {
      for (const AddedToken& added : added_) {
        if (added.content == token) {
          return std::optional<int32_t>(added.id);
        }
      }
      const int id = processor_.PieceToId(token);
      return processor_.IsUnknown(id) ? std::nullopt : std::optional<int32_t>(id);
    });
    if (!special_.bos && processor_.bos_id() >= 0) {
      special_.bos = processor_.bos_id();
    }
    if (!special_.eos && processor_.eos_id() >= 0) {
      special_.eos = processor_.eos_id();
    }
  }

  void LoadByteTokens() {
    for (int32_t id = 0; id < processor_.GetPieceSize(); ++id) {
      if (processor_.IsByte(id)) {
        byte_token_[static_cast<unsigned char>(TokenBytes(id)[0])] = id;
      }
    }
  }

  /// Unicode reserves U+FDD0 .. U+FDEF for such internal use, so texts hold them as good as never.
  void FindPlaceholder() {
    for (uint32_t code = 0xFDD0; code <= 0xFDEF && placeholder_.empty(); ++code) {
      std::string character;
      AppendUtf8(character, code);
      for (size_t i = 0; i < placeholder_ids_.size(); ++i) {
        placeholder_ids_[i] = byte_token_[static_cast<unsigned char>(character[i])];
      }
      const std::vector<int32_t> ids = EncodeValid(character);
      const bool in_bytes =
          ids.size() >= placeholder_ids_.size() && processor_.IsByte(ids.back()) &&
          std::equal(placeholder_ids_.rbegin(), placeholder_ids_.rend(), ids.rbegin());
      placeholder_ = in_bytes ? character : std::string();
    }
  }

  /// No piece reaches over a space, and scores are whole numbers, as the ranks of BPE are: those of
  /// unigram models are summed over the whole text, and their rounding decides between equals.
  bool WordsStandAlone() const {
    for (int32_t id = 0; id < processor_.GetPieceSize(); ++id) {
      const std::string bytes = TokenBytes(id);
      const size_t first = bytes.find_first_not_of(' ');
      const bool reaches =
          first != std::string::npos && bytes.find(' ', first) != std::string::npos;
      const float score = processor_.GetScore(id);
      if (score != std::trunc(score) || (reaches && !processor_.IsUnknown(id))) {
        return false;
      }
    }
    return true;
  }

  /// sentencepiece takes longer than in proportion to the text, and meets most words again. Words
  /// that stand alone give the same tokens by themselves: the space in front of each is the one
  /// that sentencepiece puts before every text.
  std::vector<int32_t> EncodeValid(std::string_view text) const {
    if (!words_stand_alone_) {
      return EncodeWhole(text);
    }
    std::vector<int32_t> ids;
    TextMap<std::vector<int32_t>> words;
    for (bool more = true; more;) {
      const size_t end = std::min(FindWordEnd(text), text.size());
      const std::string_view word = text.substr(0, end);
      auto found = words.find(word);
      if (found == words.end()) {
        found = words.emplace(word, EncodeWhole(word)).first;
      }
      ids.insert(ids.end(), found->second.begin(), found->second.end());
      more = end < text.size();
      text.remove_prefix(more ? end + 1 : end);
    }
    return ids;
  }

  std::vector<int32_t> EncodeWhole(std::string_view text) const {
    std::vector<int> ids;
    const auto status = processor_.Encode({text.data(), text.size()}, &ids);
    TERSOR_CHECK(status.ok(), path_, ": text cannot be encoded: ", status.message());
    return {ids.begin(), ids.end()};
  }

  /// sentencepiece reads a byte that is no UTF-8 as U+FFFD, which would lose it. So a placeholder
  /// that the vocabulary spells in bytes is put there, and its tokens then give way to the byte's.
  std::vector<int32_t> EncodeInvalid(std::string_view text) const {
    TERSOR_CHECK(!placeholder_.empty(), path_,
                 ": the text is not UTF-8, and this vocabulary has no tokens for single bytes");
    std::string repaired;
    std::vector<int32_t> meant;  // by placeholder: the token of its byte, or -1 for a real one
    while (!text.empty()) {
      const size_t length = CharacterLength(text);
      if (length == 0 || text.starts_with(placeholder_)) {
        meant.push_back(length > 0 ? -1 : byte_token_[static_cast<unsigned char>(text[0])]);
        repaired += placeholder_;
      } else {
        repaired += text.substr(0, length);
      }
      text.remove_prefix(std::max<size_t>(length, 1));
    }
    const std::vector<int32_t> ids = EncodeValid(repaired);
    const auto size = static_cast<std::ptrdiff_t>(placeholder_ids_.size());
    std::vector<int32_t> out;
    size_t next = 0;
    for (auto at = ids.begin(); at != ids.end();) {
      const bool marked = ids.end() - at >= size &&
                          std::equal(placeholder_ids_.begin(), placeholder_ids_.end(), at);
      const int32_t byte = marked && next < meant.size() ? meant[next] : -1;
      next += marked ? 1 : 0;
      const auto end = at + (marked ? size : 1);
      if (byte >= 0) {
        out.push_back(byte);
      } else {
        out.insert(out.end(), at, end);
      }
      at = end;
    }
    TERSOR_CHECK(next == meant.size(), path_,
                 ": the text is not UTF-8, and this model rewrites what would stand for its bytes");
    return out;
  }

  std::string path_;
  sentencepiece::SentencePieceProcessor processor_;
  std::vector<AddedToken> added_;  // ids follow those of the pieces
  AddedTokenMatcher matcher_;
  SpecialTokens special_;
  std::array<int32_t, 256> byte_token_{};
  std::string placeholder_;  // a character that is no token; empty without tokens for bytes
  std::array<int32_t, 3> placeholder_ids_{};
  bool dummy_prefix_ = false, words_stand_alone_ = false;
};

}  // namespace

std::shared_ptr<const Tokenizer> Load(const std::string& path) {
  return std::make_shared<SentencePieceTokenizer>(path);
}

}  // namespace tersor::io::plugin

extern "C" void tersor_sentencepiece_plugin(tersor::io::SentencePiecePlugin* plugin) {
  *plugin = {tersor::io::plugin::Load, tersor::io::plugin::Train};
}
