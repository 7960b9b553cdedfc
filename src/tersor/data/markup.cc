#include "tersor/data/markup.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

#include "tersor/util/utf8.h"

namespace tersor::data {
namespace {

constexpr size_t kShortest = 120;  // bytes of a paragraph

struct Entity {
  std::string_view name;
  uint32_t code;
};
constexpr std::array kEntities = {
    Entity{"amp", '&'},      Entity{"lt", '<'},       Entity{"gt", '>'},
    Entity{"quot", '"'},     Entity{"apos", '\''},    Entity{"nbsp", ' '},
    Entity{"mdash", 0x2014}, Entity{"ndash", 0x2013}, Entity{"hellip", 0x2026},
    Entity{"lsquo", 0x2018}, Entity{"rsquo", 0x2019}, Entity{"ldquo", 0x201C},
    Entity{"rdquo", 0x201D}, Entity{"copy", 0xA9},    Entity{"reg", 0xAE},
    Entity{"times", 0xD7},   Entity{"le", 0x2264},    Entity{"ge", 0x2265},
    Entity{"para", ' '},     Entity{"sol", '/'},      Entity{"verbar", '|'},
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// Appends what a named or numeric entity stands for; an unknown one stays as written.
void AppendEntity(std::string& out, std::string_view name) {
  if (name.size() > 1 && name[0] == '#') {
    const bool hex = name[1] == 'x' || name[1] == 'X';
    const std::string_view digits = name.substr(hex ? 2 : 1);
    uint32_t code = 0;
    const auto end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, code, hex ? 16 : 10).ptr == end && code > 0 &&
        code < 0x110000 && (code < 0xD800 || code > 0xDFFF)) {
      AppendUtf8(out, code == 0xA0 ? ' ' : code);
    }
    return;
  }
  for (const Entity& entity : kEntities) {
    if (entity.name == name) {
      AppendUtf8(out, entity.code);
      return;
    }
  }
  out.append("&").append(name).append(";");
}

/// Collapses white space as a browser does; drops the pilcrow of a heading's permanent link.
std::string Collapse(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool space = std::isspace(static_cast<unsigned char>(text[i])) != 0;
    if (!space) {
      out += text[i];
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out;
}

bool In(std::string_view name, std::initializer_list<std::string_view> set) {
  return std::find(set.begin(), set.end(), name) != set.end();
}

/// Walks the tags of a page; what is inside a dropped element adds nothing.
class HtmlReader {
 public:
  std::vector<std::string> Read(std::string_view html) {
    for (size_t i = 0; i < html.size();) {
      if (html[i] == '<') {
        i = Tag(html, i);
      } else if (html[i] == '&') {
        const size_t end = html.find(';', i);
        if (end != std::string_view::npos && end - i <= 10) {
          if (dropped_ == 0) {
            AppendEntity(text_, html.substr(i + 1, end - i - 1));
          }
          i = end + 1;
        } else {
          Character(html[i++]);
        }
      } else {
        Character(html[i++]);
      }
    }
    EndBlock();
    return std::move(blocks_);
  }

 private:
  void Character(char c) {
    if (dropped_ == 0) {
      text_ += c;
    }
  }

  /// Handles the tag at `i` and returns where it ends.
  size_t Tag(std::string_view html, size_t i) {
    if (html.substr(i, 4) == "<!--") {
      const size_t end = html.find("-->", i);
      return end == std::string_view::npos ? html.size() : end + 3;
    }
    const size_t close = html.find('>', i);
    if (close == std::string_view::npos) {
      return html.size();
    }
    const std::string_view tag = html.substr(i + 1, close - i - 1);
    const bool ends = tag.starts_with('/');
    const std::string_view rest = tag.substr(ends ? 1 : 0);
    size_t length = 0;
    while (length < rest.size() && std::isalnum(static_cast<unsigned char>(rest[length])) != 0) {
      ++length;
    }
    const std::string name = Lower(rest.substr(0, length));
    const bool alone = tag.ends_with('/') || In(name, {"br", "hr", "img", "meta", "link", "input"});
    if (In(name, {"script", "style"}) && !ends) {
      // Their contents are no markup: skip to the end tag.
      const size_t end = html.find("</" + name, close);
      return end == std::string_view::npos ? html.size() : html.find('>', end) + 1;
    }
    if (In(name,
           {"p",  "div", "li", "dd", "dt", "td", "th", "tr",  "table",   "ul",         "ol",  "dl",
            "br", "h1",  "h2", "h3", "h4", "h5", "h6", "pre", "section", "blockquote", "body"})) {
      EndBlock();
    }
    if (!alone) {
      Nest(name, rest, ends);
    }
    return close + 1;
  }

  /// Counts the open elements inside a dropped one, of the same name, to find its end.
  void Nest(const std::string& name, std::string_view tag, bool ends) {
    if (dropped_ > 0) {
      if (name == dropping_) {
        dropped_ += ends ? -1 : 1;
      }
      return;
    }
    const bool unwanted =
        In(name, {"head", "pre", "nav", "header", "footer", "svg", "select", "button"}) ||
        (name == "div" && (tag.find("navheader") != std::string_view::npos ||
                           tag.find("navfooter") != std::string_view::npos ||
                           tag.find("\"sphinxsidebar\"") != std::string_view::npos ||
                           tag.find("\"related\"") != std::string_view::npos ||
                           tag.find("\"toc\"") != std::string_view::npos ||
                           tag.find("\"footer") != std::string_view::npos));
    if (unwanted && !ends) {
      dropping_ = name;
      dropped_ = 1;
    }
  }

  void EndBlock() {
    std::string block = Collapse(text_);
    text_.clear();
    if (!block.empty()) {
      blocks_.push_back(std::move(block));
    }
  }

  std::string text_, dropping_;
  int dropped_ = 0;
  std::vector<std::string> blocks_;
};

/// Resolves POD's codes, such as C<code>, L<name|target> and E<gt>, with any nesting.
std::string ResolvePodCodes(std::string_view text, size_t& i, size_t brackets) {
  const std::string closing = brackets > 1 ? " " + std::string(brackets, '>') : ">";
  std::string out;
  while (i < text.size()) {
    if (brackets > 0 && text.substr(i, closing.size()) == closing) {
      i += closing.size();
      return out;
    }
    const bool code = i + 1 < text.size() && text[i] >= 'A' && text[i] <= 'Z' && text[i + 1] == '<';
    if (!code) {
      out += text[i++];
      continue;
    }
    const char kind = text[i++];
    size_t count = 0;
    while (i < text.size() && text[i] == '<') {
      ++count;
      ++i;
    }
    std::string inside = ResolvePodCodes(text, i, count);
    if (count > 1 && !inside.empty() && inside.front() == ' ') {
      inside.erase(0, 1);
    }
    if (kind == 'L') {
      inside = inside.substr(0, inside.find('|'));
    }
    if (kind == 'E') {
      AppendEntity(out, inside);
    } else if (kind != 'X' && kind != 'Z') {
      out += inside;
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> HtmlParagraphs(std::string_view html) { return HtmlReader().Read(html); }

std::vector<std::string> PodParagraphs(std::string_view pod) {
  std::vector<std::string> paragraphs;
  bool inside = false, formatted = false;  // within POD; within a =begin block for other formats
  for (size_t at = 0; at < pod.size();) {
    size_t end = pod.find("\n\n", at);
    end = end == std::string_view::npos ? pod.size() : end;
    std::string_view block = pod.substr(at, end - at);
    at = end + 2;
    while (block.starts_with('\n')) {
      block.remove_prefix(1);
    }
    if (block.starts_with('=')) {
      inside = !block.starts_with("=cut");
      formatted = block.starts_with("=begin") || (formatted && !block.starts_with("=end"));
    } else if (inside && !formatted && !block.empty() && block[0] != ' ' && block[0] != '\t') {
      size_t i = 0;
      paragraphs.push_back(Collapse(ResolvePodCodes(block, i, 0)));
    }
  }
  return paragraphs;
}

bool IsProse(std::string_view paragraph) {
  static const std::set<std::string, std::less<>> kCommon = {
      "the", "of",   "to",  "a",   "and",  "is",    "in",   "that", "for",  "it",
      "be",  "this", "are", "as",  "with", "or",    "if",   "not",  "by",   "on",
      "an",  "will", "can", "you", "from", "which", "when", "at",   "but",  "was",
      "has", "have", "its", "any", "may",  "all",   "than", "then", "these"};
  if (paragraph.size() < kShortest) {
    return false;
  }
  size_t letters = 0, words = 0, common = 0;
  std::string word;
  for (const char c : paragraph) {
    const auto u = static_cast<unsigned char>(c);
    letters += std::isalpha(u) != 0 || c == ' ' || u >= 0x80 ? 1 : 0;
    if (c != ' ') {
      word += static_cast<char>(std::tolower(u));
      continue;
    }
    words += word.empty() ? 0 : 1;
    common += kCommon.contains(word) ? 1 : 0;
    word.clear();
  }
  return letters * 100 >= paragraph.size() * 88 && common * 8 >= words;
}

}  // namespace tersor::data
