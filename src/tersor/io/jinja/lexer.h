// Template text to tokens, as Jinja cuts it under trim_blocks and lstrip_blocks.
#ifndef TERSOR_IO_JINJA_LEXER_H_
#define TERSOR_IO_JINJA_LEXER_H_

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/jinja/value.h"

namespace tersor::io::jinja {

/// A fault of the template's syntax.
class SyntaxProblem : public Problem {
 public:
  SyntaxProblem(int line, const std::string& what) : Problem(what), line_(line) {}
  int line() const { return line_; }

 private:
  int line_;
};

struct Token {
  enum class Kind {
    kText,        // outside of all marks
    kPrintBegin,  // {{
    kPrintEnd,    // }}
    kBlockBegin,  // {%
    kBlockEnd,    // %}
    kName,
    kString,  // `text` is what it means
    kInteger,
    kFloat,
    kOperator,  // `text` is its spelling
    kEnd,
  };
  Kind kind = Kind::kEnd;
  std::string text;
  int line = 1;
  int64_t integer = 0;
  double number = 0;
};

/// Ends with a token kEnd. Throws SyntaxProblem.
std::vector<Token> Tokenize(std::string_view source);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_LEXER_H_
