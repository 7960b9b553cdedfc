#include "tersor/io/jinja/expression_parser.h"

#include <algorithm>
#include <array>

#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

using Kind = Token::Kind;

// Jinja's own bound is Python's, of about 200 brackets.
constexpr int kMaxDepth = 150;

template <typename Node>
ExpressionPtr Make(int line, Node node) {
  return std::make_unique<const Expression>(Expression{line, std::move(node)});
}

/// Binary operators of one level, loosest first; comparison stands between "and" and "+".
struct Level {
  std::array<std::string_view, 4> symbols;
};
constexpr Level kLevels[] = {{{"or"}}, {{"and"}}, {{"+", "-"}}, {{"~"}}, {{"*", "/", "//", "%"}},
                             {{"**"}}};
constexpr size_t kAfterAnd = 2;

}  // namespace

void ExpressionParser::Nesting::Deepen() {
  if (++parser_.depth_ > kMaxDepth) {
    throw SyntaxProblem(parser_.line(), "the template nests too deeply");
  }
}

Token ExpressionParser::Next() {
  // The last token, kEnd, stays.
  return at_ + 1 < tokens_.size() ? std::move(tokens_[at_++]) : tokens_[at_];
}

bool ExpressionParser::AtOperator(std::string_view symbol) const {
  return At(Kind::kOperator) && current().text == symbol;
}

bool ExpressionParser::AtName(std::string_view name) const {
  return At(Kind::kName) && current().text == name;
}

bool ExpressionParser::TakeOperator(std::string_view symbol) {
  const bool taken = AtOperator(symbol);
  at_ += taken ? 1 : 0;
  return taken;
}

bool ExpressionParser::TakeName(std::string_view name) {
  const bool taken = AtName(name);
  at_ += taken ? 1 : 0;
  return taken;
}

void ExpressionParser::ExpectOperator(std::string_view symbol) {
  if (!TakeOperator(symbol)) {
    Unexpected("'" + std::string(symbol) + "'");
  }
}

std::string ExpressionParser::ExpectName() {
  if (!At(Kind::kName)) {
    Unexpected("a name");
  }
  return Next().text;
}

void ExpressionParser::Expect(Token::Kind kind, std::string_view what) {
  if (!At(kind)) {
    Unexpected(what);
  }
  Next();
}

void ExpressionParser::Unexpected(std::string_view wanted) const {
  const Token& token = current();
  const std::string got = token.kind == Kind::kEnd        ? "the template ends"
                          : token.kind == Kind::kBlockEnd ? "the block ends"
                          : token.kind == Kind::kPrintEnd ? "the expression ends"
                                                          : "there is " + Quoted(token.text);
  throw SyntaxProblem(line(), got + " where " + std::string(wanted) + " should be");
}

ExpressionPtr ExpressionParser::ParseTuple(bool with_condition) {
  const int first_line = line();
  ListExpression list{.items = {}, .tuple = true};
  list.items.push_back(ParseExpression(with_condition));
  if (!AtOperator(",")) {
    return std::move(list.items[0]);
  }
  while (TakeOperator(",")) {
    if (At(Kind::kBlockEnd) || At(Kind::kPrintEnd) || AtOperator(")")) {
      break;
    }
    list.items.push_back(ParseExpression(with_condition));
  }
  return Make(first_line, std::move(list));
}

ExpressionPtr ExpressionParser::ParseExpression(bool with_condition) {
  Nesting nesting(*this);
  nesting.Deepen();
  const int first_line = line();
  ExpressionPtr value = ParseBinary(0);
  while (with_condition && TakeName("if")) {
    nesting.Deepen();
    ConditionExpression condition{.test = ParseBinary(0), .yes = std::move(value), .no = nullptr};
    if (TakeName("else")) {
      condition.no = ParseExpression();
    }
    value = Make(first_line, std::move(condition));
  }
  return value;
}

ExpressionPtr ExpressionParser::ParseBinary(size_t level) {
  if (level == std::size(kLevels)) {
    return ParseUnary();
  }
  const auto operand = [&] { return level + 1 == kAfterAnd ? ParseNot() : ParseBinary(level + 1); };
  Nesting nesting(*this);
  const int first_line = line();
  ExpressionPtr left = operand();
  while (At(level < kAfterAnd ? Kind::kName : Kind::kOperator)) {
    std::string_view symbol;
    for (const std::string_view candidate : kLevels[level].symbols) {
      symbol = !candidate.empty() && current().text == candidate ? candidate : symbol;
    }
    if (symbol.empty()) {
      break;
    }
    Next();
    nesting.Deepen();
    left = Make(first_line, BinaryExpression{std::string(symbol), std::move(left), operand()});
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseNot() {
  Nesting nesting(*this);
  const int first_line = line();
  if (TakeName("not")) {
    nesting.Deepen();
    return Make(first_line, UnaryExpression{"not", ParseNot()});
  }
  return ParseCompare();
}

ExpressionPtr ExpressionParser::ParseCompare() {
  const int first_line = line();
  CompareExpression compare{.first = ParseBinary(kAfterAnd), .rest = {}};
  while (true) {
    std::string symbol;
    if (At(Kind::kOperator)) {
      for (const char* candidate : {"==", "!=", "<", "<=", ">", ">="}) {
        symbol = current().text == candidate ? candidate : symbol;
      }
      if (symbol.empty()) {
        break;
      }
      Next();
    } else if (TakeName("in")) {
      symbol = "in";
    } else if (AtName("not") && tokens_[at_ + 1].kind == Kind::kName &&
               tokens_[at_ + 1].text == "in") {
      at_ += 2;
      symbol = "not in";
    } else {
      break;
    }
    compare.rest.emplace_back(symbol, ParseBinary(kAfterAnd));
  }
  return compare.rest.empty() ? std::move(compare.first) : Make(first_line, std::move(compare));
}

ExpressionPtr ExpressionParser::ParseUnary(bool with_filters) {
  Nesting nesting(*this);
  const int first_line = line();
  ExpressionPtr value;
  if (AtOperator("-") || AtOperator("+")) {
    nesting.Deepen();
    std::string symbol = Next().text;
    value = Make(first_line, UnaryExpression{std::move(symbol), ParseUnary(false)});
  } else {
    value = ParsePrimary();
  }
  value = ParsePostfix(std::move(value), nesting);
  return with_filters ? ParseFiltersAndTests(std::move(value), nesting) : std::move(value);
}

ExpressionPtr ExpressionParser::ParsePrimary() {
  const int first_line = line();
  if (At(Kind::kString)) {
    return ParseString();
  }
  if (At(Kind::kInteger)) {
    return Make(first_line, LiteralExpression{Next().integer});
  }
  if (At(Kind::kFloat)) {
    return Make(first_line, LiteralExpression{Next().number});
  }
  if (At(Kind::kName)) {
    std::string name = Next().text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      return Make(first_line, LiteralExpression{name[0] == 't' || name[0] == 'T'});
    }
    if (name == "none" || name == "None") {
      return Make(first_line, LiteralExpression{None()});
    }
    return Make(first_line, NameExpression{std::move(name)});
  }
  if (TakeOperator("(")) {
    if (TakeOperator(")")) {
      return Make(first_line, ListExpression{.items = {}, .tuple = true});
    }
    ExpressionPtr value = ParseTuple();
    ExpectOperator(")");
    return value;
  }
  if (TakeOperator("[")) {
    ListExpression list{.items = {}, .tuple = false};
    while (!AtOperator("]")) {
      list.items.push_back(ParseExpression());
      if (!TakeOperator(",")) {
        break;
      }
    }
    ExpectOperator("]");
    return Make(first_line, std::move(list));
  }
  return AtOperator("{") ? ParseDict() : (Unexpected("an expression"), nullptr);
}

ExpressionPtr ExpressionParser::ParseDict() {
  const int first_line = line();
  ExpectOperator("{");
  DictExpression dict;
  while (!AtOperator("}")) {
    ExpressionPtr key = ParseExpression();
    ExpectOperator(":");
    dict.items.emplace_back(std::move(key), ParseExpression());
    if (!TakeOperator(",")) {
      break;
    }
  }
  ExpectOperator("}");
  return Make(first_line, std::move(dict));
}

ExpressionPtr ExpressionParser::ParseString() {
  const int first_line = line();
  std::string text = Next().text;
  while (At(Kind::kString)) {  // "a" "b" is "ab"
    text += Next().text;
  }
  return Make(first_line, LiteralExpression{std::move(text)});
}

ExpressionPtr ExpressionParser::ParsePostfix(ExpressionPtr object, Nesting& nesting) {
  while (true) {
    const int first_line = line();
    if (TakeOperator(".")) {
      if (At(Kind::kInteger)) {
        ExpressionPtr index = Make(first_line, LiteralExpression{Next().integer});
        object = Make(first_line, ItemExpression{std::move(object), std::move(index)});
      } else {
        std::string name = ExpectName();
        object = Make(first_line, AttributeExpression{std::move(object), std::move(name)});
      }
    } else if (AtOperator("[")) {
      object = ParseSubscript(std::move(object));
    } else if (AtOperator("(")) {
      object = ParseCall(std::move(object));
    } else {
      return object;
    }
    nesting.Deepen();
  }
}

ExpressionPtr ExpressionParser::ParseSubscript(ExpressionPtr object) {
  const int first_line = line();
  ExpectOperator("[");
  SliceExpression slice{};
  bool is_slice = false;
  const auto part = [&](ExpressionPtr& out) {
    if (!AtOperator(":") && !AtOperator("]")) {
      out = ParseExpression();
    }
  };
  part(slice.start);
  for (ExpressionPtr* next : {&slice.stop, &slice.step}) {
    if (TakeOperator(":")) {
      is_slice = true;
      part(*next);
    }
  }
  if (!is_slice && slice.start == nullptr) {
    Unexpected("an index");
  }
  ExpectOperator("]");
  if (!is_slice) {
    return Make(first_line, ItemExpression{std::move(object), std::move(slice.start)});
  }
  slice.object = std::move(object);
  return Make(first_line, std::move(slice));
}

ExpressionPtr ExpressionParser::ParseCall(ExpressionPtr callee) {
  const int first_line = line();
  CallArguments arguments = ParseArguments();
  return Make(first_line, CallExpression{std::move(callee), std::move(arguments)});
}

CallArguments ExpressionParser::ParseArguments() {
  ExpectOperator("(");
  CallArguments arguments;
  while (!AtOperator(")")) {
    const Token& behind = tokens_[std::min(at_ + 1, tokens_.size() - 1)];
    if (AtOperator("*") || AtOperator("**")) {
      Unexpected("an argument (unpacking is not supported)");
    }
    if (At(Kind::kName) && behind.kind == Kind::kOperator && behind.text == "=") {
      std::string name = Next().text;
      Next();
      arguments.keyword.emplace_back(std::move(name), ParseExpression());
    } else if (!arguments.keyword.empty()) {
      Unexpected("an argument with a name");
    } else {
      arguments.positional.push_back(ParseExpression());
    }
    if (!TakeOperator(",")) {
      break;
    }
  }
  ExpectOperator(")");
  return arguments;
}

ExpressionPtr ExpressionParser::ParseFiltersAndTests(ExpressionPtr object, Nesting& nesting) {
  while (true) {
    if (TakeOperator("|")) {
      object = ParseFilter(std::move(object));
    } else if (TakeName("is")) {
      object = ParseTest(std::move(object));
    } else if (AtOperator("(")) {
      object = ParseCall(std::move(object));
    } else {
      return object;
    }
    nesting.Deepen();
  }
}

std::string ExpressionParser::ParseDottedName() {
  std::string name = ExpectName();
  while (TakeOperator(".")) {
    name += '.';
    name += ExpectName();
  }
  return name;
}

ExpressionPtr ExpressionParser::ParseFilter(ExpressionPtr object) {
  const int first_line = line();
  FilterExpression filter{.object = std::move(object), .name = ParseDottedName(), .arguments = {}};
  if (AtOperator("(")) {
    filter.arguments = ParseArguments();
  }
  return Make(first_line, std::move(filter));
}

ExpressionPtr ExpressionParser::ParseFilters(bool after_bar) {
  Nesting nesting(*this);
  ExpressionPtr filters;
  while (!after_bar || TakeOperator("|")) {
    filters = ParseFilter(std::move(filters));
    nesting.Deepen();
    after_bar = true;
  }
  return filters;
}

ExpressionPtr ExpressionParser::ParseTest(ExpressionPtr object) {
  const int first_line = line();
  const bool negated = TakeName("not");
  TestExpression test{.object = std::move(object), .name = ParseDottedName(), .arguments = {}};
  const bool word = At(Kind::kName) && !AtName("else") && !AtName("or") && !AtName("and");
  if (AtOperator("(")) {
    test.arguments = ParseArguments();
  } else if (word || At(Kind::kString) || At(Kind::kInteger) || At(Kind::kFloat) ||
             AtOperator("[") || AtOperator("{")) {
    // "x is divisibleby 3": one argument without brackets.
    if (AtName("is")) {
      Unexpected("the end of a test (tests do not chain)");
    }
    Nesting nesting(*this);
    test.arguments.positional.push_back(ParsePostfix(ParsePrimary(), nesting));
  }
  ExpressionPtr result = Make(first_line, std::move(test));
  return negated ? Make(first_line, UnaryExpression{"not", std::move(result)}) : std::move(result);
}

}  // namespace tersor::io::jinja
