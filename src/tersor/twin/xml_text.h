// Text as XML writes it.
#ifndef TERSOR_TWIN_XML_TEXT_H_
#define TERSOR_TWIN_XML_TEXT_H_

#include <string>
#include <string_view>

namespace tersor::twin {

/// Appends a value for an attribute in double quotes.
inline void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        *out += "&amp;";
        break;
      case '<':
        *out += "&lt;";
        break;
      case '>':
        *out += "&gt;";
        break;
      case '"':
        *out += "&quot;";
        break;
      default:
        *out += c;
    }
  }
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_XML_TEXT_H_
