// Byte-level BPE from its definition; bpe_files.cc reads definitions.
#ifndef TERSOR_IO_BPE_TOKENIZER_H_
#define TERSOR_IO_BPE_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tersor/io/added_tokens.h"
#include "tersor/io/pre_tokenizer.h"
#include "tersor/io/tokenizer.h"

namespace tersor::io {

struct BpeDefinition {
  std::unordered_map<std::string, int64_t> vocab;           // spelling -> id
  std::vector<std::pair<std::string, std::string>> merges;  // in order of rank
  std::vector<AddedToken> added;
  std::vector<std::string> patterns;  // applied one after another
  bool add_prefix_space = false;
  bool ignore_merges = false;  // a word that is a token is that token
  bool compose = false;        // NFC first
  std::optional<int32_t> bos, eos;
  bool adds_bos = false;

  /// Tokens of the vocabulary and those that are only added.
  size_t vocab_size() const;
};

/// Throws Error naming `source`: ids with a hole or twice, merges of unknown tokens, missing bytes,
/// an invalid pattern.
std::shared_ptr<const Tokenizer> MakeBpeTokenizer(BpeDefinition definition,
                                                  const std::string& source);

}  // namespace tersor::io

#endif  // TERSOR_IO_BPE_TOKENIZER_H_
