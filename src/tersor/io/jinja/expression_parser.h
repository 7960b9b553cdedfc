// Expressions of a template, by Jinja's grammar: its order of operators differs from Python's in
// that filters and tests bind closest, and "~" closer than "+".
#ifndef TERSOR_IO_JINJA_EXPRESSION_PARSER_H_
#define TERSOR_IO_JINJA_EXPRESSION_PARSER_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/jinja/ast.h"
#include "tersor/io/jinja/lexer.h"

namespace tersor::io::jinja {

/// Reads tokens one by one; throws SyntaxProblem.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  /// `with_condition`: whether "a if b else c" may follow.
  ExpressionPtr ParseExpression(bool with_condition = true);
  /// One expression, or several with commas between them as a tuple.
  ExpressionPtr ParseTuple(bool with_condition = true);
  /// Filters behind "|" or `filter`, without the object that the first applies to.
  ExpressionPtr ParseFilters(bool after_bar);
  /// A postfix expression such as a call.
  ExpressionPtr ParseUnary(bool with_filters = true);

  const Token& current() const { return tokens_[at_]; }
  int line() const { return current().line; }
  Token Next();
  bool At(Token::Kind kind) const { return current().kind == kind; }
  bool AtOperator(std::string_view symbol) const;
  bool AtName(std::string_view name) const;
  bool TakeOperator(std::string_view symbol);
  bool TakeName(std::string_view name);
  void ExpectOperator(std::string_view symbol);
  std::string ExpectName();
  void Expect(Token::Kind kind, std::string_view what);
  [[noreturn]] void Unexpected(std::string_view wanted) const;

  /// Gives back on its end the levels of nesting that `Deepen` took, one for each bracket, sign or
  /// block, and one for each link of a chain such as a + b + c, whose tree leans to the left.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser) : parser_(parser), before_(parser.depth_) {}
    ~Nesting() { parser_.depth_ = before_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    void Deepen();

   private:
    ExpressionParser& parser_;
    const int before_;
  };

 private:
  ExpressionPtr ParseBinary(size_t level);
  ExpressionPtr ParseNot();
  ExpressionPtr ParseCompare();
  ExpressionPtr ParsePrimary();
  ExpressionPtr ParsePostfix(ExpressionPtr object, Nesting& nesting);
  ExpressionPtr ParseFiltersAndTests(ExpressionPtr object, Nesting& nesting);
  ExpressionPtr ParseFilter(ExpressionPtr object);
  ExpressionPtr ParseTest(ExpressionPtr object);
  ExpressionPtr ParseSubscript(ExpressionPtr object);
  ExpressionPtr ParseCall(ExpressionPtr callee);
  CallArguments ParseArguments();
  ExpressionPtr ParseDict();
  ExpressionPtr ParseString();
  std::string ParseDottedName();

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_EXPRESSION_PARSER_H_
