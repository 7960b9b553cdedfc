// How sentencepiece vocabularies spell spaces and bytes: U+2581 and "<0x0A>".
#ifndef TERSOR_IO_SPACE_MARK_H_
#define TERSOR_IO_SPACE_MARK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tersor::io {

inline constexpr std::string_view kSpaceMark = "\xe2\x96\x81";  // U+2581

/// `text` with every space written as a mark, and back.
std::string MarkSpaces(std::string_view text);
std::string UnmarkSpaces(std::string_view text);

/// First place after `from` where a mark follows something else than a mark; npos without one.
size_t NextMarkedWord(std::string_view text, size_t from);

/// "<0x0A>" for 10, and back; nullopt for a text that is no such spelling.
std::string ByteSpelling(uint8_t byte);
std::optional<uint8_t> ByteOfSpelling(std::string_view spelling);

}  // namespace tersor::io

#endif  // TERSOR_IO_SPACE_MARK_H_
