// A small checker of the markup that we write: quoted attributes, nested and closed elements.
#ifndef TERSOR_TESTS_REPORT_MARKUP_CHECKER_H_
#define TERSOR_TESTS_REPORT_MARKUP_CHECKER_H_

#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::report {

struct Markup {
  std::string error;                 // "" when well-formed
  std::map<std::string, int> count;  // elements by tag
  std::string text;                  // outside tags, style and script; still escaped
};

/// Reads `html`: every element but void HTML ones must be closed in order, attributes must be
/// quoted, ids unique. The contents of <style> and <script> are skipped.
inline Markup CheckMarkup(std::string_view html) {
  Markup markup;
  std::vector<std::string> open;
  std::set<std::string> ids;
  size_t i = 0;
  const auto fail = [&](const std::string& what) {
    if (markup.error.empty()) {
      markup.error = what + " near: " + std::string(html.substr(i, 60));
    }
  };
  const auto name = [&] {
    const size_t begin = i;
    while (i < html.size() &&
           (std::isalnum(static_cast<unsigned char>(html[i])) || html[i] == '-')) {
      ++i;
    }
    return std::string(html.substr(begin, i - begin));
  };
  while (i < html.size() && markup.error.empty()) {
    if (html[i] != '<') {
      markup.text += html[i++];
      continue;
    }
    if (html.substr(i).starts_with("<!DOCTYPE html>")) {
      i += 15;
      continue;
    }
    if (html[++i] == '/') {
      ++i;
      const std::string tag = name();
      if (open.empty() || open.back() != tag || html[i] != '>') {
        fail("</" + tag + "> does not close <" + (open.empty() ? "" : open.back()) + ">");
        break;
      }
      open.pop_back();
      ++i;
      continue;
    }
    const std::string tag = name();
    if (tag.empty()) {
      fail("a bare <");
      break;
    }
    ++markup.count[tag];
    while (i < html.size() && html[i] == ' ') {
      ++i;
      const std::string attribute = name();
      if (attribute.empty() || !html.substr(i).starts_with("=\"")) {
        fail("an attribute without quotes");
        break;
      }
      const size_t begin = i + 2, end = html.find('"', begin);
      const std::string value(html.substr(begin, end - begin));
      if (end == std::string_view::npos || value.find('<') != std::string::npos) {
        fail("a bad attribute value");
        break;
      }
      if (attribute == "id" && !ids.insert(value).second) {
        fail("a second id " + value);
      }
      if (attribute.starts_with("on") || attribute == "src") {
        fail("an attribute that loads or runs: " + attribute);
      }
      i = end + 1;
    }
    if (html.substr(i).starts_with("/>")) {
      i += 2;
    } else if (i < html.size() && html[i] == '>') {
      ++i;
      open.push_back(tag);
      if (tag == "script" || tag == "style") {
        i = html.find("</" + tag, i);
      }
    } else {
      fail("<" + tag + " does not end");
    }
  }
  if (!open.empty()) {
    fail("<" + open.back() + "> is not closed");
  }
  return markup;
}

}  // namespace tersor::report

#endif  // TERSOR_TESTS_REPORT_MARKUP_CHECKER_H_
