// What the JSON files beside a tokenizer say about its special tokens.
#ifndef TERSOR_IO_SPECIAL_TOKENS_H_
#define TERSOR_IO_SPECIAL_TOKENS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tersor/io/added_tokens.h"

namespace tersor::io {

/// Beginning- and end-of-text tokens of a model folder, and whether prompts start with the first.
struct SpecialTokens {
  std::optional<int32_t> bos, eos;
  std::optional<bool> adds_bos;
};

/// Id of a token's spelling, where the vocabulary has it.
using TokenLookup = std::function<std::optional<int32_t>(const std::string& token)>;

/// Reads tokenizer_config.json, else special_tokens_map.json (tokens by spelling, as texts or as
/// objects with "content"), else config.json (by id), each where it is there. Names that the
/// vocabulary lacks count as absent. Throws Error: a file that is no JSON object, an id in
/// config.json that the vocabulary lacks.
SpecialTokens ReadSpecialTokens(const std::string& folder, int64_t vocab_size,
                                const TokenLookup& lookup);

/// Tokens that tokenizer_config.json ("added_tokens_decoder") or else added_tokens.json lists, by
/// id; empty without either. Throws Error: an entry without a text or a valid id, an id twice.
std::vector<AddedToken> ReadAddedTokens(const std::string& folder);

}  // namespace tersor::io

#endif  // TERSOR_IO_SPECIAL_TOKENS_H_
