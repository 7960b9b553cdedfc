// Added tokens: spellings that are found in the text itself, before a tokenizer's own rules apply.
#ifndef TERSOR_IO_ADDED_TOKENS_H_
#define TERSOR_IO_ADDED_TOKENS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/text_map.h"

namespace tersor::io {

/// Member names are those of tokenizer.json.
struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool special = false;                 // matched only where the caller asks; decodes to nothing
  bool lstrip = false, rstrip = false;  // takes the white space before, after it
  bool single_word = false;             // only where no letter, digit or "_" touches it
  bool normalized = false;              // matched after the text was normalized, not before
};

/// Cuts text at added tokens in one pass: the leftmost match wins, of those the longest.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() = default;
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens);

  /// Calls `on_text` for the text between tokens (never empty) and `on_token` for tokens, in order.
  /// Special tokens count as text unless `parse_special`.
  void Split(std::string_view text, bool parse_special,
             const std::function<void(std::string_view)>& on_text,
             const std::function<void(const AddedToken&)>& on_token) const;

 private:
  const AddedToken* MatchAt(std::string_view text, size_t at, bool parse_special) const;

  std::vector<AddedToken> tokens_;
  TextMap<size_t> by_content_;  // indices of tokens_
  // Lengths of the tokens that start with a byte, the longest first. Some vocabularies add
  // thousands of tokens that start alike, but of few lengths: one look-up each.
  std::array<std::vector<size_t>, 256> lengths_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_ADDED_TOKENS_H_
