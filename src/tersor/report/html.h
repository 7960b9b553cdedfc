// Writing HTML and SVG so that no string can leave its place: text and attributes are always
// escaped, and every element that is opened is closed.
#ifndef TERSOR_REPORT_HTML_H_
#define TERSOR_REPORT_HTML_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tersor::report {

/// `text` for use as element text or inside a double-quoted attribute. Control characters, which
/// HTML does not allow, become U+FFFD.
std::string Escape(std::string_view text);

/// A growing fragment of markup.
///
///   Html html;
///   html.Open("p", {{"class", "note"}}).Text("a < b").Close();
class Html {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

  /// `tag` and attribute names are literals of ours and are written as they are.
  Html& Open(std::string_view tag, Attributes attributes = {});
  Html& Close();
  Html& Text(std::string_view text);

  /// An element with text only.
  Html& Element(std::string_view tag, Attributes attributes, std::string_view text);

  /// An element without contents: a void element of HTML or a shape of SVG.
  Html& Leaf(std::string_view tag, Attributes attributes = {});

  /// A finished fragment.
  Html& Append(const Html& fragment);

  /// Markup of our own, written as it is: the style sheet and the script. Never a string that came
  /// from a record.
  Html& Trusted(std::string_view markup);

  /// The markup; every element must be closed.
  const std::string& str() const;

 private:
  void Tag(std::string_view tag, Attributes attributes);

  std::string text_;
  std::vector<std::string_view> open_;  // tags are literals
};

}  // namespace tersor::report

#endif  // TERSOR_REPORT_HTML_H_
