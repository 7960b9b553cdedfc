#include "tersor/report/svg_text.h"

namespace tersor::report {
namespace {

constexpr double kGlyphWidth = 7.6;  // of an average letter at 13 units, in a wide font

/// Bytes that continue a UTF-8 sequence have no width of their own.
bool StartsGlyph(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

double TextWidth(std::string_view text) {
  double width = 0;
  for (const char c : text) {
    width += StartsGlyph(c) ? kGlyphWidth : 0;
  }
  return width;
}

std::string Shortened(std::string_view text, double width) {
  if (TextWidth(text) <= width) {
    return std::string(text);
  }
  double used = kGlyphWidth;  // the ellipsis
  size_t end = 0;
  for (; end < text.size(); ++end) {
    used += StartsGlyph(text[end]) ? kGlyphWidth : 0;
    if (used > width) {
      break;
    }
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace tersor::report
