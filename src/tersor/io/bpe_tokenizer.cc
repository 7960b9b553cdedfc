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

#include "tersor/io/bpe_merge.h"
#include "tersor/util/error.h"
#include "tersor/util/quoted.h"
#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

/// Code point that stands for a byte: printable Latin-1 for itself, the others from U+0100 on.
std::array<uint32_t, 256> ByteAlphabet() {
  std::array<uint32_t, 256> codes{};
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    codes[byte] = printable ? byte : next++;
  }
  return codes;
}

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
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using WordCache = std::unordered_map<std::string, std::vector<int32_t>, TextHash, std::equal_to<>>;

class BpeTokenizer : public Tokenizer {
 public:
  BpeTokenizer(BpeDefinition definition, const std::string& source)
      : definition_(std::move(definition)) {
    LoadVocabulary(source);
    LoadMerges(source);
    for (const std::string& pattern : definition_.patterns) {
      patterns_.emplace_back(pattern, source);
    }
    const auto late = std::stable_partition(definition_.added.begin(), definition_.added.end(),
                                            [](const AddedToken& t) { return !t.normalized; });
    early_ = AddedTokenMatcher({definition_.added.begin(), late});
    late_ = AddedTokenMatcher({late, definition_.added.end()});
  }

  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const override {
    std::vector<int32_t> ids;
    WordCache cache;
    const auto add_token = [&](const AddedToken& token) { ids.push_back(token.id); };
    const auto add_text = [&](std::string_view plain) { EncodePlain(plain, cache, ids); };
    early_.Split(
        text, parse_special,
        [&](std::string_view plain) {
          const std::string composed = definition_.compose ? Compose(plain) : std::string();
          late_.Split(definition_.compose ? composed : plain, parse_special, add_text, add_token);
        },
        add_token);
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
    TERSOR_CHECK(id >= 0 && id < vocab_size(), "token id ", id, " is outside the vocabulary of ",
                 vocab_size());
    return bytes_[static_cast<size_t>(id)];
  }

  int64_t vocab_size() const override { return static_cast<int64_t>(bytes_.size()); }
  std::optional<int32_t> bos_id() const override { return definition_.bos; }
  std::optional<int32_t> eos_id() const override { return definition_.eos; }
  bool adds_bos() const override { return definition_.adds_bos && definition_.bos.has_value(); }

 private:
  void LoadVocabulary(const std::string& source) {
    const std::array<uint32_t, 256> alphabet = ByteAlphabet();
    std::unordered_map<uint32_t, char> byte_of;
    for (size_t byte = 0; byte < 256; ++byte) {
      byte_of[alphabet[byte]] = static_cast<char>(byte);
    }
    const size_t size = definition_.vocab_size();
    std::vector<bool> seen(size);
    bytes_.resize(size);
    const auto place = [&](const std::string& name, int64_t id, std::string bytes) {
      TERSOR_CHECK(id >= 0 && id < static_cast<int64_t>(size), source, ": token ", Quoted(name),
                   " has id ", id, ", but there are ", size, " tokens: the vocabulary has a hole");
      TERSOR_CHECK(!seen[static_cast<size_t>(id)], source, ": id ", id, " belongs to ",
                   Quoted(name), " and to another token");
      seen[static_cast<size_t>(id)] = true;
      bytes_[static_cast<size_t>(id)] = std::move(bytes);
    };
    for (const auto& [spelling, id] : definition_.vocab) {
      place(spelling, id, Unspell(spelling, byte_of));
    }
    for (const AddedToken& token : definition_.added) {
      const auto found = definition_.vocab.find(token.content);
      if (found == definition_.vocab.end()) {
        place(token.content, token.id, token.content);
      }
      TERSOR_CHECK(found == definition_.vocab.end() || found->second == token.id, source,
                   ": added token ", Quoted(token.content), " has two ids");
      // It is matched as it is written, so it stands for that, even in the byte alphabet's letters.
      bytes_[static_cast<size_t>(token.id)] = token.special ? std::string() : token.content;
    }
    for (size_t byte = 0; byte < 256; ++byte) {
      std::string symbol;
      AppendUtf8(symbol, alphabet[byte]);
      const auto found = definition_.vocab.find(symbol);
      TERSOR_CHECK(found != definition_.vocab.end(), source, ": the vocabulary lacks byte ", byte,
                   "; only byte-level BPE is supported");
      byte_token_[byte] = static_cast<int32_t>(found->second);
    }
  }

  void LoadMerges(const std::string& source) {
    int32_t rank = 0;
    for (const auto& merge : definition_.merges) {
      const auto find = [&](const std::string& token) {
        const auto found = definition_.vocab.find(token);
        TERSOR_CHECK(found != definition_.vocab.end(), source, ": merge ",
                     Quoted(merge.first + " " + merge.second), " needs ", Quoted(token),
                     ", which the vocabulary lacks");
        return static_cast<int32_t>(found->second);
      };
      merges_.Add(find(merge.first), find(merge.second),
                  {rank++, find(merge.first + merge.second)});
    }
    definition_.merges.clear();
    if (definition_.ignore_merges) {
      for (size_t id = 0; id < bytes_.size(); ++id) {
        whole_words_.emplace(bytes_[id], static_cast<int32_t>(id));
      }
    }
  }

  /// Text without added tokens.
  void EncodePlain(std::string_view text, WordCache& cache, std::vector<int32_t>& ids) const {
    std::string prefixed;
    if (definition_.add_prefix_space && !text.starts_with(' ')) {
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

  BpeDefinition definition_;
  std::vector<std::string> bytes_;  // by id; empty for special tokens
  std::array<int32_t, 256> byte_token_{};
  MergeTable merges_;
  std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>>
      whole_words_;  // with ignore_merges
  std::vector<SplitPattern> patterns_;
  AddedTokenMatcher early_, late_;  // applied before and after NFC
};

}  // namespace

size_t BpeDefinition::vocab_size() const {
  return vocab.size() +
         static_cast<size_t>(std::count_if(added.begin(), added.end(), [&](const AddedToken& t) {
           return !vocab.contains(t.content);
         }));
}

std::shared_ptr<const Tokenizer> MakeBpeTokenizer(BpeDefinition definition,
                                                  const std::string& source) {
  return std::make_shared<BpeTokenizer>(std::move(definition), source);
}

}  // namespace tersor::io
