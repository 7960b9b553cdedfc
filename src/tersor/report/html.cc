#include "tersor/report/html.h"

#include <cassert>

namespace tersor::report {

std::string Escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += "\xef\xbf\xbd";
        } else {
          out += c;
        }
    }
  }
  return out;
}

void Html::Tag(std::string_view tag, Attributes attributes) {
  text_ += '<';
  text_ += tag;
  for (const auto& [name, value] : attributes) {
    text_ += ' ';
    text_ += name;
    text_ += "=\"";
    text_ += Escape(value);
    text_ += '"';
  }
}

Html& Html::Open(std::string_view tag, Attributes attributes) {
  Tag(tag, attributes);
  text_ += '>';
  open_.push_back(tag);
  return *this;
}

Html& Html::Close() {
  assert(!open_.empty());
  text_ += "</";
  text_ += open_.back();
  text_ += ">\n";
  open_.pop_back();
  return *this;
}

Html& Html::Text(std::string_view text) {
  text_ += Escape(text);
  return *this;
}

Html& Html::Element(std::string_view tag, Attributes attributes, std::string_view text) {
  return Open(tag, attributes).Text(text).Close();
}

Html& Html::Leaf(std::string_view tag, Attributes attributes) {
  Tag(tag, attributes);
  text_ += "/>\n";
  return *this;
}

Html& Html::Append(const Html& fragment) { return Trusted(fragment.str()); }

Html& Html::Trusted(std::string_view markup) {
  text_ += markup;
  return *this;
}

const std::string& Html::str() const {
  assert(open_.empty());
  return text_;
}

}  // namespace tersor::report
