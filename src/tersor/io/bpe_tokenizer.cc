// Byte-level BPE as GPT-2, OPT, Llama 3 and Qwen 2 use it: words cut by a pattern, their UTF-8
// bytes spelled in an alphabet of 256 printable characters, neighbouring tokens merged by rank.
#include "tersor/io/bpe_tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <utility>

#include "tersor/io/bpe_merge.h"
#include "tersor/util/error.h"
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

uint32_t DecodeCharacter(std::string_view text, size_t length) {
  const auto lead = static_cast<unsigned char>(text[0]);
  uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  return code;
}

/// The bytes that a token's spelling stands for; a spelling outside the alphabet is meant as it is.
std::string Unspell(const std::string& spelling, const std::unordered_map<uint32_t, char>& bytes) {
  std::string out;
  for (size_t i = 0; i < spelling.size();) {
    const size_t length = CharacterLength(std::string_view(spelling).substr(i));
    const auto found =
        length == 0 ? bytes.end()
                    : bytes.find(DecodeCharacter(std::string_view(spelling).substr(i), length));
    if (found == bytes.end()) {
      return spelling;
    }
    out += found->second;
    i += length;
  }
  return out;
}

/// Canonical composition, as a tokenizer.json with the normalizer NFC wants it.
std::string Compose(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const utf8proc_ssize_t length =
      ::utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()), &composed,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (length < 0) {
    return std::string(text);  // Not UTF-8: its bytes are encoded as they are.
  }
  std::string out(reinterpret_cast<const char*>(composed), static_cast<size_t>(length));
  std::free(composed);
  return out;
}

class BpeTokenizer : public Tokenizer {
 public:
  BpeTokenizer(BpeDefinition definition, const std::string& source)
      : definition_(std::move(definition)) {
    LoadVocabulary(source);
    LoadMerges(source);
    for (const std::string& pattern : definition_.patterns) {
      patterns_.emplace_back(pattern, source);
    }
    // The longest first, so that a token that begins another does not hide it.
    std::stable_sort(definition_.added.begin(), definition_.added.end(),
                     [](const AddedToken& a, const AddedToken& b) {
                       return a.content.size() > b.content.size();
                     });
  }

  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const override {
    std::vector<int32_t> ids;
    WordCache cache;
    while (!text.empty()) {
      const AddedToken* token = nullptr;
      const size_t at = FindAdded(text, parse_special, &token);
      std::string_view plain = text.substr(0, at);
      if (token == nullptr) {
        EncodePlain(plain, cache, ids);
        break;
      }
      text.remove_prefix(at + token->content.size());
      while (token->lstrip && !plain.empty() && IsSpace(plain.back())) {
        plain.remove_suffix(1);
      }
      while (token->rstrip && !text.empty() && IsSpace(text.front())) {
        text.remove_prefix(1);
      }
      EncodePlain(plain, cache, ids);
      ids.push_back(token->id);
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
    TERSOR_CHECK(id >= 0 && id < vocab_size(), "token id ", id, " is outside the vocabulary of ",
                 vocab_size());
    return bytes_[static_cast<size_t>(id)];
  }

  int64_t vocab_size() const override { return static_cast<int64_t>(bytes_.size()); }
  std::optional<int32_t> bos_id() const override { return definition_.bos; }
  std::optional<int32_t> eos_id() const override { return definition_.eos; }
  bool adds_bos() const override { return definition_.adds_bos && definition_.bos.has_value(); }

 private:
  using WordCache = std::unordered_map<std::string_view, std::vector<int32_t>>;

  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

  void LoadVocabulary(const std::string& source) {
    const std::array<uint32_t, 256> alphabet = ByteAlphabet();
    std::unordered_map<uint32_t, char> byte_of;
    for (size_t byte = 0; byte < 256; ++byte) {
      byte_of[alphabet[byte]] = static_cast<char>(byte);
    }
    const size_t size = definition_.vocab.size() + NewAddedTokens();
    std::vector<bool> seen(size);
    bytes_.resize(size);
    const auto place = [&](const std::string& name, int64_t id, std::string bytes) {
      TERSOR_CHECK(id >= 0 && id < static_cast<int64_t>(size), source, ": token '", name,
                   "' has id ", id, ", but there are ", size, " tokens: the vocabulary has a hole");
      TERSOR_CHECK(!seen[static_cast<size_t>(id)], source, ": id ", id, " belongs to '", name,
                   "' and to another token");
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
                   ": added token '", token.content, "' has two ids");
      if (token.special) {
        bytes_[static_cast<size_t>(token.id)].clear();
      }
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

  size_t NewAddedTokens() const {
    return static_cast<size_t>(
        std::count_if(definition_.added.begin(), definition_.added.end(),
                      [&](const AddedToken& t) { return !definition_.vocab.contains(t.content); }));
  }

  void LoadMerges(const std::string& source) {
    int32_t rank = 0;
    for (const auto& [left, right] : definition_.merges) {
      const auto find = [&](const std::string& token) {
        const auto found = definition_.vocab.find(token);
        TERSOR_CHECK(found != definition_.vocab.end(), source, ": merge '", left, " ", right,
                     "' needs '", token, "', which the vocabulary lacks");
        return static_cast<int32_t>(found->second);
      };
      merges_.Add(find(left), find(right), {rank++, find(left + right)});
    }
    definition_.merges.clear();
    if (definition_.ignore_merges) {
      for (size_t id = 0; id < bytes_.size(); ++id) {
        whole_words_.emplace(bytes_[id], static_cast<int32_t>(id));
      }
    }
  }

  /// Where the next added token stands in the text, and which.
  size_t FindAdded(std::string_view text, bool parse_special, const AddedToken** token) const {
    size_t first = text.size();
    for (const AddedToken& candidate : definition_.added) {
      if (candidate.special && !parse_special) {
        continue;
      }
      const size_t at = text.substr(0, std::min(text.size(), first + candidate.content.size()))
                            .find(candidate.content);
      if (at < first) {
        first = at;
        *token = &candidate;
      }
    }
    return first;
  }

  void EncodePlain(std::string_view text, WordCache& cache, std::vector<int32_t>& ids) const {
    if (text.empty()) {
      return;
    }
    std::string changed;
    const bool prefix = definition_.add_prefix_space && text.front() != ' ';
    if (definition_.compose || prefix) {
      changed = (prefix ? " " : "") + (definition_.compose ? Compose(text) : std::string(text));
      text = changed;
      cache.clear();  // Its keys must outlive the call, and this text does not.
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
      const auto [found, fresh] = cache.try_emplace(word);
      if (fresh) {
        found->second = EncodeWord(word);
      }
      ids.insert(ids.end(), found->second.begin(), found->second.end());
    }
    if (!changed.empty()) {
      cache.clear();
    }
  }

  std::vector<int32_t> EncodeWord(std::string_view word) const {
    if (const auto whole = whole_words_.find(std::string(word)); whole != whole_words_.end()) {
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
  std::unordered_map<std::string, int32_t> whole_words_;  // with ignore_merges
  std::vector<SplitPattern> patterns_;
};

}  // namespace

std::shared_ptr<const Tokenizer> MakeBpeTokenizer(BpeDefinition definition,
                                                  const std::string& source) {
  return std::make_shared<BpeTokenizer>(std::move(definition), source);
}

}  // namespace tersor::io
