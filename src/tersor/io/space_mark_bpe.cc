// sentencepiece BPE as tokenizer.json spells it: spaces written as U+2581, characters merged by
// rank, and a character that is no token spelled by its bytes ("<0xE4>").
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "tersor/io/bpe_tokenizer.h"
#include "tersor/io/space_mark.h"
#include "tersor/util/error.h"
#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

/// True where no merge reaches over the start of a marked word. Then words can be encoded alone,
/// and each only once: the same tokens twenty times as fast.
bool WordsStandAlone(const BpeDefinition& definition) {
  return std::none_of(definition.merges.begin(), definition.merges.end(), [](const auto& merge) {
    return NextMarkedWord(merge.first + merge.second, 0) != std::string_view::npos;
  });
}

class SpaceMarkBpe : public BpeTable {
 public:
  SpaceMarkBpe(const BpeDefinition& definition, const std::string& source)
      : BpeTable(definition, Bytes(definition, source)),
        marks_(*definition.space_marks),
        ignore_merges_(definition.ignore_merges),
        words_stand_alone_(!ignore_merges_ && WordsStandAlone(definition)),
        merges_(BuildMerges(definition, source)),
        matcher_(definition.added) {
    for (const auto& [spelling, id] : definition.vocab) {
      ids_.emplace(spelling, static_cast<int32_t>(id));
    }
    for (size_t byte = 0; byte < 256; ++byte) {
      byte_token_[byte] = ids_.at(ByteSpelling(static_cast<uint8_t>(byte)));
    }
  }

  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const override {
    std::vector<int32_t> ids;
    TextMap<std::vector<int32_t>> words;
    matcher_.Split(
        text, parse_special,
        [&](std::string_view plain) {
          EncodePlain(plain, plain.data() == text.data(), words, ids);
        },
        [&](const AddedToken& token) { ids.push_back(token.id); });
    return ids;
  }

  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text = BpeTable::Decode(ids);
    return marks_.strip_first && text.starts_with(' ') ? text.substr(1) : text;
  }

 private:
  static std::vector<std::string> Bytes(const BpeDefinition& definition,
                                        const std::string& source) {
    std::vector<std::string> bytes = SpellingsById(definition, source);
    for (std::string& spelling : bytes) {
      spelling = UnmarkSpaces(spelling);
    }
    for (size_t byte = 0; byte < 256; ++byte) {
      const auto found = definition.vocab.find(ByteSpelling(static_cast<uint8_t>(byte)));
      TERSOR_CHECK(found != definition.vocab.end(), source, ": the vocabulary lacks byte ",
                   ByteSpelling(static_cast<uint8_t>(byte)), ", which byte_fallback needs");
      bytes[static_cast<size_t>(found->second)] = std::string(1, static_cast<char>(byte));
    }
    return bytes;
  }

  bool TakesPrefix(std::string_view marked, bool first) const {
    switch (marks_.prefix) {
      case SpaceMarks::Prefix::kNever:
        return false;
      case SpaceMarks::Prefix::kFirst:
        return first && !marked.starts_with(kSpaceMark);
      case SpaceMarks::Prefix::kAlways:
        return !marked.starts_with(kSpaceMark);
      case SpaceMarks::Prefix::kEvery:
        return true;
    }
    return false;
  }

  /// Text without added tokens; `first` where it starts the whole text. `words` holds those met.
  void EncodePlain(std::string_view text, bool first, TextMap<std::vector<int32_t>>& words,
                   std::vector<int32_t>& ids) const {
    std::string marked = MarkSpaces(text);
    if (TakesPrefix(marked, first)) {
      marked.insert(0, kSpaceMark);
    }
    for (std::string_view rest = marked; !rest.empty();) {
      const size_t end = std::min(WordLength(rest), rest.size());
      const std::string_view word = rest.substr(0, end);
      auto found = words.find(word);
      if (found == words.end()) {
        found = words.emplace(word, EncodeWord(word)).first;
      }
      ids.insert(ids.end(), found->second.begin(), found->second.end());
      rest.remove_prefix(end);
    }
  }

  size_t WordLength(std::string_view text) const {
    if (marks_.split) {
      return text.find(kSpaceMark, 1);
    }
    return words_stand_alone_ ? NextMarkedWord(text, 1) : std::string_view::npos;
  }

  std::vector<int32_t> EncodeWord(std::string_view word) const {
    const auto whole = ignore_merges_ ? ids_.find(word) : ids_.end();
    if (whole != ids_.end()) {
      return {whole->second};
    }
    std::vector<int32_t> symbols;
    symbols.reserve(word.size());
    while (!word.empty()) {
      const size_t length = std::max<size_t>(CharacterLength(word), 1);
      const auto found = ids_.find(word.substr(0, length));
      if (found != ids_.end()) {
        symbols.push_back(found->second);
      } else {
        for (const char c : word.substr(0, length)) {
          symbols.push_back(byte_token_[static_cast<unsigned char>(c)]);
        }
      }
      word.remove_prefix(length);
    }
    ApplyMerges(merges_, symbols);
    return symbols;
  }

  SpaceMarks marks_;
  bool ignore_merges_, words_stand_alone_;
  MergeTable merges_;
  // Added tokens that are "normalized" are matched as they are written, too: what the format
  // defines for them, a match of the marked spelling, misses most uses of "[PAD]" and its like.
  AddedTokenMatcher matcher_;
  TextMap<int32_t> ids_;
  std::array<int32_t, 256> byte_token_{};
};

}  // namespace

std::shared_ptr<const Tokenizer> MakeSpaceMarkBpe(const BpeDefinition& definition,
                                                  const std::string& source) {
  return std::make_shared<SpaceMarkBpe>(definition, source);
}

}  // namespace tersor::io
