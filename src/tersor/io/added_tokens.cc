#include "tersor/io/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

/// Code point and length of the character that starts (ends) a text; a length of 0 at bad UTF-8.
struct Character {
  int32_t code = 0;
  size_t length = 0;
};

Character FirstCharacter(std::string_view text) {
  const size_t length = CharacterLength(text);
  return length == 0
             ? Character{}
             : Character{static_cast<int32_t>(DecodeCharacter(text.substr(0, length))), length};
}

Character LastCharacter(std::string_view text) {
  for (size_t length = 1; length <= std::min<size_t>(4, text.size()); ++length) {
    const Character last = FirstCharacter(text.substr(text.size() - length));
    if (last.length == length) {
      return last;
    }
  }
  return {};
}

bool IsSpace(Character character) {
  const int32_t code = character.code;
  if (character.length == 0) {
    return false;
  }
  const utf8proc_category_t category = ::utf8proc_category(code);
  return (code >= '\t' && code <= '\r') || code == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
         category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/// Letters, marks, decimal digits and connectors: what \w matches in Unicode.
bool IsWord(Character character) {
  if (character.length == 0) {
    return false;
  }
  const utf8proc_category_t category = ::utf8proc_category(character.code);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ND) ||
         category == UTF8PROC_CATEGORY_PC;
}

/// How much of `text` before `at` is left when the white space in front of `at` goes.
size_t TrimEnd(std::string_view text, size_t first, size_t at) {
  while (at > first) {
    const Character last = LastCharacter(text.substr(first, at - first));
    if (!IsSpace(last)) {
      break;
    }
    at -= last.length;
  }
  return at;
}

size_t TrimStart(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Character next = FirstCharacter(text.substr(at));
    if (!IsSpace(next)) {
      break;
    }
    at += next.length;
  }
  return at;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& content = tokens_[i].content;
    if (!content.empty() && by_content_.emplace(content, i).second) {
      lengths_[static_cast<unsigned char>(content[0])].push_back(content.size());
    }
  }
  for (std::vector<size_t>& lengths : lengths_) {
    std::sort(lengths.begin(), lengths.end(), std::greater<>());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  }
}

const AddedToken* AddedTokenMatcher::MatchAt(std::string_view text, size_t at,
                                             bool parse_special) const {
  for (const size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
    const auto found =
        length <= text.size() - at ? by_content_.find(text.substr(at, length)) : by_content_.end();
    if (found == by_content_.end()) {
      continue;
    }
    const AddedToken& token = tokens_[found->second];
    const bool touches = token.single_word && (IsWord(LastCharacter(text.substr(0, at))) ||
                                               IsWord(FirstCharacter(text.substr(at + length))));
    if ((!token.special || parse_special) && !touches) {
      return &token;
    }
  }
  return nullptr;
}

void AddedTokenMatcher::Split(std::string_view text, bool parse_special,
                              const std::function<void(std::string_view)>& on_text,
                              const std::function<void(const AddedToken&)>& on_token) const {
  size_t done = 0;  // all before is handed over
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = MatchAt(text, at, parse_special);
    if (token == nullptr) {
      ++at;
      continue;
    }
    const size_t last = token->lstrip ? TrimEnd(text, done, at) : at;
    if (last > done) {
      on_text(text.substr(done, last - done));
    }
    on_token(*token);
    at += token->content.size();
    at = token->rstrip ? TrimStart(text, at) : at;
    done = at;
  }
  if (done < text.size()) {
    on_text(text.substr(done));
  }
}

}  // namespace tersor::io
