// Python's str methods on UTF-8 text that is known to be valid; positions count code points.
#ifndef TERSOR_IO_JINJA_TEXT_H_
#define TERSOR_IO_JINJA_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::io::jinja {

/// str.isspace().
bool IsSpace(uint32_t code);
/// Code point of the character that ends (or starts) a text which is not empty, and its size.
struct Character {
  uint32_t code;
  size_t size;
};
Character FirstCharacter(std::string_view text);
Character LastCharacter(std::string_view text);
int64_t CountCharacters(std::string_view text);

/// Strips whitespace, or any of `set`'s characters.
std::string_view StripLeft(std::string_view text, std::optional<std::string_view> set = {});
std::string_view StripRight(std::string_view text, std::optional<std::string_view> set = {});

/// First place of `part` at or after `from`, npos without; linear in the texts' sizes.
size_t FindText(std::string_view text, std::string_view part, size_t from = 0);

/// At most `limit` cuts where it is not negative. Without a separator: by runs of whitespace.
std::vector<std::string_view> Split(std::string_view text, std::optional<std::string_view> by,
                                    int64_t limit);
std::vector<std::string_view> SplitFromRight(std::string_view text, std::string_view by,
                                             int64_t limit);
/// At "\n", "\r\n" and the other ends of lines, which `keep` keeps.
std::vector<std::string_view> SplitLines(std::string_view text, bool keep);

std::string Upper(std::string_view text);
std::string Lower(std::string_view text);
/// First character upper, the rest lower.
std::string Capitalize(std::string_view text);
/// str.title(): words are runs of letters.
std::string Title(std::string_view text);
/// The filter `title`: words end at whitespace and at any of -({[<.
std::string TitleWords(std::string_view text);

/// Whether every character is in a class, and there is one.
bool AllDigits(std::string_view text);
bool AllLetters(std::string_view text);
bool AllAlphanumeric(std::string_view text);
bool AllSpace(std::string_view text);
/// str.isupper() and str.islower(): has a cased letter and none of the other case.
bool IsUpper(std::string_view text);
bool IsLower(std::string_view text);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_TEXT_H_
