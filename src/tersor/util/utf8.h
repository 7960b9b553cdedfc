// UTF-8: validity and repair.
#ifndef TERSOR_UTIL_UTF8_H_
#define TERSOR_UTIL_UTF8_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace tersor {

/// Length of the valid UTF-8 character at the start of `text`, 0 where there is none (overlong
/// forms, surrogates and values above U+10FFFF are not valid).
size_t CharacterLength(std::string_view text);

/// Code point of one valid UTF-8 character, all of `character`.
uint32_t DecodeCharacter(std::string_view character);

/// Length of the longest prefix of `text` that is valid UTF-8.
size_t ValidPrefix(std::string_view text);

/// Replaces every byte that is part of no valid character by U+FFFD, in place; their number.
int64_t RepairUtf8(std::string& text);

/// Appends a code point.
void AppendUtf8(std::string& text, uint32_t code);

}  // namespace tersor

#endif  // TERSOR_UTIL_UTF8_H_
