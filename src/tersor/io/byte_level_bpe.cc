// Byte-level BPE as GPT-2, OPT, Llama 3 and Qwen 2 use it: words cut by a pattern, their UTF-8
// bytes spelled in an alphabet of 256 printable characters, neighbouring tokens merged by rank.
#include "tersor/io/bpe_tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "tersor/io/byte_alphabet.h"
#include "tersor/io/pre_tokenizer.h"
#include "tersor/util/error.h"
#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

/// The bytes that a token's spelling stands for; a spelling outside the alphabet is meant as it is.
std::string Unspell(const std::string& spelling, const std::unordered_map<uint32_t, char>& bytes) {
  std::string out;
  for (size_t i = 0; i < spelling.size();) {
    const size_t length = CharacterLength(std::string_view(spelling).substr(i));
    const auto found =
        length == 0 ? bytes.end() : bytes.find(DecodeCharacter({spelling.data() + i, length}));
    if (found == bytes.end()) {
      return spelling;
    }
    out += found->second;
    i += length;
  }
  return out;
}

/// Canonical composition (NFC) of valid UTF-8.
std::string ComposeValid(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const utf8proc_ssize_t length =
      ::utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()), &composed,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  TERSOR_CHECK(length >= 0, "text cannot be composed (NFC): ", ::utf8proc_errmsg(length));
  std::string out(reinterpret_cast<const char*>(composed), static_cast<size_t>(length));
  std::free(composed);
  return out;
}

/// NFC of the valid runs; bytes that are no UTF-8 stay as they are.
std::string Compose(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t valid = ValidPrefix(text);
    out += ComposeValid(text.substr(0, valid));
    text.remove_prefix(valid);
    if (!text.empty()) {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

/// Tokens of the words met so far in one call.
using WordCache = TextMap<std::vector<int32_t>>;

class ByteLevelBpe : public BpeTable {
 public:
  ByteLevelBpe(const BpeDefinition& definition, const std::string& source)
      : BpeTable(definition, Bytes(definition, source)),
        add_prefix_space_(definition.add_prefix_space),
        compose_(definition.compose),
        merges_(BuildMerges(definition, source)) {
    LoadByteTokens(definition, source);
    for (const std::string& pattern : definition.patterns) {
      patterns_.emplace_back(pattern, source);
    }
    if (definition.ignore_merges) {
      for (const auto& [spelling, id] : definition.vocab) {
        whole_words_.emplace(TokenBytes(static_cast<int32_t>(id)), static_cast<int32_t>(id));
      }
    }
    std::vector<AddedToken> early = definition.added;
    const auto late = std::stable_partition(early.begin(), early.end(),
                                            [](const AddedToken& t) { return !t.normalized; });
    late_ = AddedTokenMatcher({late, early.end()});
    early.erase(late, early.end());
    early_ = AddedTokenMatcher(std::move(early));
  }

  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const override {
    std::vector<int32_t> ids;
    WordCache cache;
    const auto add_token = [&](const AddedToken& token) { ids.push_back(token.id); };
    const auto add_text = [&](std::string_view plain) { EncodePlain(plain, cache, ids); };
    early_.Split(
        text, parse_special,
        [&](std::string_view plain) {
          const std::string composed = compose_ ? Compose(plain) : std::string();
          late_.Split(compose_ ? composed : plain, parse_special, add_text, add_token);
        },
        add_token);
    return ids;
  }

 private:
  /// What each token stands for.
  static std::vector<std::string> Bytes(const BpeDefinition& definition,
                                        const std::string& source) {
    const std::array<uint32_t, 256> alphabet = ByteAlphabet();
    std::unordered_map<uint32_t, char> byte_of;
    for (size_t byte = 0; byte < 256; ++byte) {
      byte_of[alphabet[byte]] = static_cast<char>(byte);
    }
    std::vector<std::string> bytes = SpellingsById(definition, source);
    for (std::string& spelling : bytes) {
      spelling = Unspell(spelling, byte_of);
    }
    return bytes;
  }

  void LoadByteTokens(const BpeDefinition& definition, const std::string& source) {
    const std::array<uint32_t, 256> alphabet = ByteAlphabet();
    for (size_t byte = 0; byte < 256; ++byte) {
      std::string symbol;
      AppendUtf8(symbol, alphabet[byte]);
      const auto found = definition.vocab.find(symbol);
      TERSOR_CHECK(found != definition.vocab.end(), source, ": the vocabulary lacks byte ", byte,
                   "; byte-level BPE needs all 256");
      byte_token_[byte] = static_cast<int32_t>(found->second);
    }
  }

  /// Text without added tokens.
  void EncodePlain(std::string_view text, WordCache& cache, std::vector<int32_t>& ids) const {
    std::string prefixed;
    if (add_prefix_space_ && !text.starts_with(' ')) {
      prefixed = std::string(1, ' ').append(text);
      text = prefixed;
    }
    std::vector<std::string_view> words = {text};
    for (const SplitPattern& pattern : patterns_) {
      std::vector<std::string_view> finer;
      for (const std::string_view word : words) {
        pattern.Split(word, finer);
      }
      words = std::move(finer);
    }
    for (const std::string_view word : words) {
      auto found = cache.find(word);
      if (found == cache.end()) {
        found = cache.emplace(word, EncodeWord(word)).first;
      }
      ids.insert(ids.end(), found->second.begin(), found->second.end());
    }
  }

  std::vector<int32_t> EncodeWord(std::string_view word) const {
    if (const auto whole = whole_words_.find(word); whole != whole_words_.end()) {
      return {whole->second};
    }
    std::vector<int32_t> ids;
    ids.reserve(word.size());
    for (const char c : word) {
      ids.push_back(byte_token_[static_cast<unsigned char>(c)]);
    }
    ApplyMerges(merges_, ids);
    return ids;
  }

  bool add_prefix_space_, compose_;
  MergeTable merges_;
  std::array<int32_t, 256> byte_token_{};
  TextMap<int32_t> whole_words_;  // by bytes, with ignore_merges
  std::vector<SplitPattern> patterns_;
  AddedTokenMatcher early_, late_;  // applied before and after NFC
};

}  // namespace

std::shared_ptr<const Tokenizer> MakeByteLevelBpe(const BpeDefinition& definition,
                                                  const std::string& source) {
  return std::make_shared<ByteLevelBpe>(definition, source);
}

}  // namespace tersor::io
