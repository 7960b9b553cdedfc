// What a BPE tokenizer's files define, and the parts that both kinds of BPE build from it.
#ifndef TERSOR_IO_BPE_DEFINITION_H_
#define TERSOR_IO_BPE_DEFINITION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tersor/io/added_tokens.h"
#include "tersor/io/bpe_merge.h"
#include "tersor/io/tokenizer.h"
#include "tersor/util/text_map.h"

namespace tersor::io {

/// How sentencepiece vocabularies write spaces: as U+2581, with one more in front of ...
struct SpaceMarks {
  enum class Prefix {
    kNever,   // nothing
    kFirst,   // a text that does not start with a space
    kAlways,  // the same, and the text after every added token
    kEvery    // any text and the text after every added token
  } prefix = Prefix::kNever;
  bool split = false;        // no token reaches over the start of a marked word
  bool strip_first = false;  // decoding drops one space at the start
};

struct BpeDefinition {
  std::unordered_map<std::string, int64_t> vocab;           // spelling -> id
  std::vector<std::pair<std::string, std::string>> merges;  // in order of rank
  std::vector<AddedToken> added;
  bool ignore_merges = false;  // a word that is a token is that token
  std::optional<int32_t> bos, eos;
  bool adds_bos = false;

  // Byte-level vocabularies.
  bool byte_level = false;
  std::vector<std::string> patterns;  // applied one after another
  bool add_prefix_space = false;
  bool compose = false;  // NFC first

  // sentencepiece vocabularies: characters, and bytes only where a character is no token.
  std::optional<SpaceMarks> space_marks;

  /// Tokens of the vocabulary and those that are only added.
  size_t vocab_size() const;
};

/// Spellings by id. Throws Error naming `source`: ids with a hole or twice.
std::vector<std::string> SpellingsById(const BpeDefinition& definition, const std::string& source);

/// Throws Error naming `source`: a merge of, or into, a token that the vocabulary lacks.
MergeTable BuildMerges(const BpeDefinition& definition, const std::string& source);

/// The half of a BPE tokenizer that looks ids up.
class BpeTable : public Tokenizer {
 public:
  std::string Decode(std::span<const int32_t> ids) const override;
  std::string TokenBytes(int32_t id) const override;
  int64_t vocab_size() const override { return static_cast<int64_t>(bytes_.size()); }
  std::optional<int32_t> bos_id() const override { return bos_; }
  std::optional<int32_t> eos_id() const override { return eos_; }
  bool adds_bos() const override { return adds_bos_; }

 protected:
  /// `bytes` by id; those of added tokens are set here.
  BpeTable(const BpeDefinition& definition, std::vector<std::string> bytes);

 private:
  std::vector<std::string> bytes_;  // empty for special tokens
  std::optional<int32_t> bos_, eos_;
  bool adds_bos_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_BPE_DEFINITION_H_
