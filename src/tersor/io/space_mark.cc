#include "tersor/io/space_mark.h"

#include <algorithm>

namespace tersor::io {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

/// `text` with every `from` written as `to`.
std::string Replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t next = std::min(text.find(from, at), text.size());
    out += text.substr(at, next - at);
    out += next < text.size() ? to : "";
    at = next + from.size();
  }
  return out;
}

}  // namespace

std::string MarkSpaces(std::string_view text) { return Replace(text, " ", kSpaceMark); }
std::string UnmarkSpaces(std::string_view text) { return Replace(text, kSpaceMark, " "); }

size_t NextMarkedWord(std::string_view text, size_t from) {
  for (size_t at = text.find(kSpaceMark, from); at != std::string_view::npos;
       at = text.find(kSpaceMark, at + 1)) {
    if (at > 0 && !text.substr(0, at).ends_with(kSpaceMark)) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::string ByteSpelling(uint8_t byte) {
  return {'<', '0', 'x', kDigits[byte / 16], kDigits[byte % 16], '>'};
}

std::optional<uint8_t> ByteOfSpelling(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || !spelling.ends_with('>')) {
    return std::nullopt;
  }
  const size_t high = kDigits.find(spelling[3]), low = kDigits.find(spelling[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) {
    return std::nullopt;
  }
  return static_cast<uint8_t>(16 * high + low);
}

}  // namespace tersor::io
