#include "tersor/io/jinja/lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "tersor/io/jinja/text.h"
#include "tersor/util/quoted.h"
#include "tersor/util/utf8.h"

namespace tersor::io::jinja {
namespace {

/// "\r\n" and "\r" become "\n"; one newline at the very end is not part of the template.
std::string NormalizeNewlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      i += source.substr(i + 1, 1) == "\n" ? 1 : 0;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') {
    out.pop_back();
  }
  return out;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool StartsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool ContinuesName(char c) { return StartsName(c) || IsDigit(c); }

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)), rest_(source_) {}

  std::vector<Token> Run() {
    while (!rest_.empty()) {
      const size_t mark = FindMark();
      const std::string_view text = rest_.substr(0, mark);
      if (mark == std::string_view::npos) {
        AddText(text, '\0', false);
        Skip(rest_.size());
        break;
      }
      const char kind = rest_[mark + 1];
      const char sign = mark + 2 < rest_.size() ? rest_[mark + 2] : '\0';
      AddText(text, sign, kind != '{');
      Skip(mark + 2 + (sign == '-' || sign == '+' ? 1 : 0));
      kind == '#' ? Comment() : kind == '{' ? Print() : Block();
    }
    Add(Token::Kind::kEnd);
    return std::move(tokens_);
  }

 private:
  size_t FindMark() const {
    for (size_t at = rest_.find('{'); at != std::string_view::npos; at = rest_.find('{', at + 1)) {
      if (at + 1 < rest_.size() &&
          std::string_view("{%#").find(rest_[at + 1]) != std::string_view::npos) {
        return at;
      }
    }
    return std::string_view::npos;
  }

  void Skip(size_t bytes) {
    line_ += static_cast<int>(std::count(rest_.begin(), rest_.begin() + bytes, '\n'));
    if (bytes > 0) {
      line_starts_ = rest_[bytes - 1] == '\n';
    }
    rest_.remove_prefix(bytes);
  }

  bool SkipIf(std::string_view spelling) {
    if (!rest_.starts_with(spelling)) {
      return false;
    }
    Skip(spelling.size());
    return true;
  }

  void SkipSpace() { Skip(rest_.size() - StripLeft(rest_).size()); }

  Token& Add(Token::Kind kind, std::string text = "") {
    tokens_.push_back({.kind = kind, .text = std::move(text), .line = line_});
    return tokens_.back();
  }

  /// `sign` and `is_block` belong to the mark behind the text: "-" strips all space before it; a
  /// block or comment that starts its line loses the line's indentation, but for "+".
  void AddText(std::string_view text, char sign, bool is_block) {
    if (sign == '-') {
      text = StripRight(text);
    } else if (sign != '+' && is_block) {
      const size_t line = text.rfind('\n') + 1;  // 0 where there is none
      if ((line > 0 || line_starts_) && StripLeft(text.substr(line)).empty()) {
        text = text.substr(0, line);
      }
    }
    if (!text.empty()) {
      Add(Token::Kind::kText, std::string(text));
    }
  }

  /// What follows a block or comment: one newline goes (trim_blocks), or all space after "-".
  bool SkipEnd(std::string_view mark) {
    if (SkipIf("-" + std::string(mark))) {
      SkipSpace();
      return true;
    }
    if (SkipIf("+" + std::string(mark))) {
      return true;
    }
    if (SkipIf(mark)) {
      SkipIf("\n");
      return true;
    }
    return false;
  }

  void Comment() {
    const size_t end = rest_.find("#}");
    if (end == std::string_view::npos) {
      throw SyntaxProblem(line_, "a comment has no end");
    }
    const bool signed_end = end > 0 && (rest_[end - 1] == '-' || rest_[end - 1] == '+');
    Skip(signed_end ? end - 1 : end);
    SkipEnd("#}");
  }

  void Print() {
    Add(Token::Kind::kPrintBegin);
    Expression([this] {
      if (SkipIf("-}}")) {
        SkipSpace();
        return true;
      }
      return SkipIf("}}");
    });
    Add(Token::Kind::kPrintEnd);
  }

  void Block() {
    if (Raw()) {
      return;
    }
    Add(Token::Kind::kBlockBegin);
    Expression([this] { return SkipEnd("%}"); });
    Add(Token::Kind::kBlockEnd);
  }

  /// {% raw %} to {% endraw %}; false where no such block starts here.
  bool Raw() {
    std::string_view head = StripLeft(rest_);
    if (!head.starts_with("raw")) {
      return false;
    }
    head = StripLeft(head.substr(3));
    const bool strips = head.starts_with("-%}");
    if (!strips && !head.starts_with("%}")) {
      return false;
    }
    const int first_line = line_;
    Skip(rest_.size() - head.size() + (strips ? 3 : 2));
    if (strips) {
      SkipSpace();
    }
    for (size_t at = rest_.find("{%"); at != std::string_view::npos;
         at = rest_.find("{%", at + 2)) {
      std::string_view tail = rest_.substr(at + 2);
      const char sign = !tail.empty() && (tail[0] == '-' || tail[0] == '+') ? tail[0] : '\0';
      tail = StripLeft(tail.substr(sign != '\0' ? 1 : 0));
      if (!tail.starts_with("endraw")) {
        continue;
      }
      tail = StripLeft(tail.substr(6));
      if (!tail.starts_with("%}") && !tail.starts_with("-%}") && !tail.starts_with("+%}")) {
        continue;
      }
      AddText(rest_.substr(0, at), sign, true);
      Skip(rest_.size() - tail.size());
      SkipEnd("%}");
      return true;
    }
    throw SyntaxProblem(first_line, "{% raw %} has no {% endraw %}");
  }

  /// Tokens up to what `at_end` takes, which inside brackets is no end.
  template <typename AtEnd>
  void Expression(const AtEnd& at_end) {
    const int first_line = line_;
    std::string brackets;
    while (true) {
      if (brackets.empty() && at_end()) {
        return;
      }
      if (rest_.empty()) {
        throw SyntaxProblem(first_line, "a block or print statement has no end");
      }
      if (IsSpace(FirstCharacter(rest_).code)) {
        SkipSpace();
      } else if (IsDigit(rest_[0])) {
        Number();
      } else if (StartsName(rest_[0])) {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), ContinuesName);
        const auto size = static_cast<size_t>(end - rest_.begin());
        Add(Token::Kind::kName, std::string(rest_.substr(0, size)));
        Skip(size);
      } else if (rest_[0] == '"' || rest_[0] == '\'') {
        String();
      } else {
        Operator(brackets);
      }
    }
  }

  void Operator(std::string& brackets) {
    static constexpr std::string_view kLong[] = {"//", "**", "==", "!=", "<=", ">="};
    static constexpr std::string_view kShort = "+-/*%~[](){}<>=.:|,";
    std::string_view spelling = rest_.substr(0, 2);
    if (std::find(std::begin(kLong), std::end(kLong), spelling) == std::end(kLong)) {
      spelling = rest_.substr(0, 1);
      if (kShort.find(spelling[0]) == std::string_view::npos) {
        throw SyntaxProblem(line_, "unexpected character " + Quoted(spelling));
      }
    }
    const char c = spelling[0];
    if (c == '(' || c == '[' || c == '{') {
      brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets.empty() || brackets.back() != c) {
        throw SyntaxProblem(line_, "unexpected " + Quoted(spelling));
      }
      brackets.pop_back();
    }
    Add(Token::Kind::kOperator, std::string(spelling));
    Skip(spelling.size());
  }

  void Number() {
    size_t end = 0;
    const auto digits = [&] {
      while (end < rest_.size() &&
             (IsDigit(rest_[end]) || (rest_[end] == '_' && end + 1 < rest_.size() &&
                                      IsDigit(rest_[end + 1]) && IsDigit(rest_[end - 1])))) {
        ++end;
      }
    };
    const auto digit_at = [&](size_t at) { return at < rest_.size() && IsDigit(rest_[at]); };
    digits();
    bool is_float = false;
    // After a dot ("messages.0.content") a number is an index, never a float.
    const bool is_index = !tokens_.empty() && tokens_.back().text == "." &&
                          tokens_.back().kind == Token::Kind::kOperator;
    if (!is_index && end < rest_.size() && rest_[end] == '.' && digit_at(end + 1)) {
      is_float = true;
      ++end;
      digits();
    }
    if (!is_index && end < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
      const size_t sign =
          end + 1 < rest_.size() && (rest_[end + 1] == '+' || rest_[end + 1] == '-');
      if (digit_at(end + 1 + sign)) {
        is_float = true;
        end += 1 + sign;
        digits();
      }
    }
    std::string text(rest_.substr(0, end));
    std::erase(text, '_');
    Token& token = Add(is_float ? Token::Kind::kFloat : Token::Kind::kInteger, text);
    const char* last = text.data() + text.size();
    const auto result = is_float ? std::from_chars(text.data(), last, token.number)
                                 : std::from_chars(text.data(), last, token.integer);
    if (result.ec != std::errc()) {
      throw SyntaxProblem(line_, "the number " + Quoted(text) + " is out of range");
    }
    Skip(end);
  }

  void String() {
    const char quote = rest_[0];
    std::string text;
    size_t at = 1;
    while (at < rest_.size() && rest_[at] != quote) {
      if (rest_[at] == '\\' && at + 1 < rest_.size()) {
        at = Escape(at + 1, text);
      } else {
        text += rest_[at++];
      }
    }
    if (at >= rest_.size()) {
      throw SyntaxProblem(line_, "a string has no end");
    }
    Add(Token::Kind::kString, std::move(text));
    Skip(at + 1);
  }

  /// Python's escapes; `at` is behind the backslash. Returns the place behind the escape.
  size_t Escape(size_t at, std::string& text) {
    static constexpr std::string_view kNames = "abfnrtv\\'\"", kMeanings = "\a\b\f\n\r\t\v\\'\"";
    const char c = rest_[at];
    if (const size_t named = kNames.find(c); named != std::string_view::npos) {
      text += kMeanings[named];
      return at + 1;
    }
    if (c == '\n') {
      return at + 1;
    }
    const size_t hex_digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    size_t size = hex_digits;
    if (hex_digits == 0) {
      while (size < 3 && at + size < rest_.size() && rest_[at + size] >= '0' &&
             rest_[at + size] <= '7') {
        ++size;
      }
    }
    if (size == 0) {
      text += '\\';  // an escape that Python does not know stays as it is
      return at;
    }
    const std::string_view digits = rest_.substr(at + (hex_digits > 0 ? 1 : 0), size);
    uint32_t code = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), code,
                                     hex_digits > 0 ? 16 : 8);
    if (digits.size() != size || end.ptr != digits.data() + size || code > 0x10FFFF ||
        (code >= 0xD800 && code < 0xE000)) {
      throw SyntaxProblem(line_, "a string has an escape that is no character");
    }
    AppendUtf8(text, code);
    return at + size + (hex_digits > 0 ? 1 : 0);
  }

  const std::string source_;
  std::string_view rest_;
  std::vector<Token> tokens_;
  int line_ = 1;
  bool line_starts_ = true;  // what was read last ended a line
};

}  // namespace

std::vector<Token> Tokenize(std::string_view source) {
  if (const size_t valid = ValidPrefix(source); valid != source.size()) {
    const auto lines = std::count(source.begin(), source.begin() + valid, '\n');
    throw SyntaxProblem(static_cast<int>(lines) + 1, "the text is not valid UTF-8");
  }
  return Lexer(NormalizeNewlines(source)).Run();
}

}  // namespace tersor::io::jinja
