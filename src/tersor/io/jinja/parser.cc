#include "tersor/io/jinja/parser.h"

#include <initializer_list>

#include "tersor/io/jinja/expression_parser.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

using Kind = Token::Kind;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : in_(std::move(tokens)) {}

  Block ParseTemplate() {
    Block block = ParseBlock({});
    if (!in_.At(Kind::kEnd)) {
      in_.Unexpected("the template's end");
    }
    return block;
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  /// Statements up to a block that one of `ends` names, which stays; `{%` is taken.
  Block ParseBlock(Names ends) {
    ExpressionParser::Nesting nesting(in_);
    nesting.Deepen();
    const int first_line = in_.line();
    Block block;
    while (!in_.At(Kind::kEnd)) {
      const int line = in_.line();
      if (in_.At(Kind::kText)) {
        block.push_back({line, TextStatement{in_.Next().text}});
      } else if (in_.At(Kind::kPrintBegin)) {
        in_.Next();
        block.push_back({line, PrintStatement{in_.ParseTuple()}});
        in_.Expect(Kind::kPrintEnd, "'}}'");
      } else {
        in_.Expect(Kind::kBlockBegin, "'{%'");
        for (const std::string_view end : ends) {
          if (in_.AtName(end)) {
            return block;
          }
        }
        block.push_back(ParseStatement());
        in_.Expect(Kind::kBlockEnd, "'%}'");
      }
    }
    if (ends.size() > 0) {
      throw SyntaxProblem(first_line, "a block that starts here has no {% " +
                                          std::string(*(ends.end() - 1)) + " %}");
    }
    return block;
  }

  /// The inside of a block and its closing tag, but for that tag's `%}`.
  Block ParseBody(std::string_view end) {
    in_.Expect(Kind::kBlockEnd, "'%}'");
    Block body = ParseBlock({end});
    in_.Next();
    return body;
  }

  Statement ParseStatement() {
    const int line = in_.line();
    const std::string name = in_.ExpectName();
    if (name == "if") {
      return {line, ParseIf()};
    }
    if (name == "for") {
      return {line, ParseFor()};
    }
    if (name == "set") {
      return ParseSet(line);
    }
    if (name == "macro") {
      MacroStatement macro{.name = in_.ExpectName(), .parameters = ParseParameters(), .body = {}};
      macro.body = ParseMacroBody("endmacro");
      return {line, std::move(macro)};
    }
    if (name == "call") {
      return {line, ParseCallBlock()};
    }
    if (name == "filter") {
      FilterBlockStatement filter{.filters = in_.ParseFilters(false), .body = {}};
      filter.body = ParseBody("endfilter");
      return {line, std::move(filter)};
    }
    if (name == "with") {
      return {line, ParseWith()};
    }
    if (name == "generation") {
      return {line, ScopeStatement{.variables = {}, .body = ParseBody("endgeneration")}};
    }
    if (name == "break" || name == "continue") {
      return ParseLoopControl(line, name);
    }
    throw SyntaxProblem(line, "chat templates have no statement " + Quoted(name) + " here");
  }

  IfStatement ParseIf() {
    IfStatement statement;
    do {
      ExpressionPtr test = in_.ParseTuple(false);
      in_.Expect(Kind::kBlockEnd, "'%}'");
      statement.branches.emplace_back(std::move(test), ParseBlock({"elif", "else", "endif"}));
    } while (in_.TakeName("elif"));
    if (in_.TakeName("else")) {
      statement.otherwise = ParseBody("endif");
    } else {
      in_.Next();
    }
    return statement;
  }

  ForStatement ParseFor() {
    ForStatement statement;
    statement.target = ParseTargets(false);
    if (!in_.TakeName("in")) {
      in_.Unexpected("'in'");
    }
    statement.items = in_.ParseTuple(false);
    if (in_.TakeName("if")) {
      statement.filter = in_.ParseExpression();
    }
    if (in_.AtName("recursive")) {
      throw SyntaxProblem(in_.line(), "recursive loops are not supported");
    }
    in_.Expect(Kind::kBlockEnd, "'%}'");
    ++loops_;
    statement.body = ParseBlock({"else", "endfor"});
    --loops_;
    if (in_.TakeName("else")) {
      statement.otherwise = ParseBody("endfor");
    } else {
      in_.Next();
    }
    return statement;
  }

  Statement ParseSet(int line) {
    Target target = ParseTargets(true);
    if (in_.TakeOperator("=")) {
      return {line, SetStatement{std::move(target), in_.ParseTuple()}};
    }
    SetBlockStatement set{
        .target = std::move(target), .filters = in_.ParseFilters(true), .body = {}};
    set.body = ParseBody("endset");
    return {line, std::move(set)};
  }

  /// `a`, `a.b`, `a, b` or `(a, (b, c))`
  Target ParseTargets(bool with_attributes) {
    Target first = ParseTarget(with_attributes);
    if (!in_.AtOperator(",")) {
      return first;
    }
    Target tuple;
    tuple.items.push_back(std::move(first));
    while (in_.TakeOperator(",")) {
      if (!in_.At(Kind::kName) && !in_.AtOperator("(")) {
        break;
      }
      tuple.items.push_back(ParseTarget(with_attributes));
    }
    return tuple;
  }

  Target ParseTarget(bool with_attributes) {
    ExpressionParser::Nesting nesting(in_);
    nesting.Deepen();
    Target target;
    if (in_.TakeOperator("(")) {
      target = ParseTargets(with_attributes);
      in_.ExpectOperator(")");
      return target;
    }
    const int line = in_.line();
    target.name = in_.ExpectName();
    for (const char* constant : {"true", "false", "none", "True", "False", "None"}) {
      if (target.name == constant) {
        throw SyntaxProblem(line, "cannot assign to " + Quoted(target.name));
      }
    }
    if (with_attributes && in_.TakeOperator(".")) {
      target.attribute = in_.ExpectName();
    }
    return target;
  }

  std::vector<std::pair<std::string, ExpressionPtr>> ParseParameters() {
    std::vector<std::pair<std::string, ExpressionPtr>> parameters;
    in_.ExpectOperator("(");
    while (!in_.AtOperator(")")) {
      std::string name = in_.ExpectName();
      ExpressionPtr value = in_.TakeOperator("=") ? in_.ParseExpression() : nullptr;
      if (value == nullptr && !parameters.empty() && parameters.back().second != nullptr) {
        throw SyntaxProblem(in_.line(), "parameter " + Quoted(name) + " needs a default");
      }
      parameters.emplace_back(std::move(name), std::move(value));
      if (!in_.TakeOperator(",")) {
        break;
      }
    }
    in_.ExpectOperator(")");
    return parameters;
  }

  /// A loop's break does not reach out of a macro.
  Block ParseMacroBody(std::string_view end) {
    const int outer_loops = std::exchange(loops_, 0);
    Block body = ParseBody(end);
    loops_ = outer_loops;
    return body;
  }

  CallBlockStatement ParseCallBlock() {
    CallBlockStatement statement;
    statement.caller.name = "caller";
    if (in_.AtOperator("(")) {
      statement.caller.parameters = ParseParameters();
    }
    const int line = in_.line();
    statement.call = in_.ParseUnary();
    if (!std::holds_alternative<CallExpression>(statement.call->node)) {
      throw SyntaxProblem(line, "{% call %} needs a call");
    }
    statement.caller.body = ParseMacroBody("endcall");
    return statement;
  }

  ScopeStatement ParseWith() {
    ScopeStatement scope;
    while (!in_.At(Kind::kBlockEnd)) {
      Target target = ParseTarget(false);
      in_.ExpectOperator("=");
      scope.variables.emplace_back(std::move(target), in_.ParseExpression());
      if (!in_.TakeOperator(",")) {
        break;
      }
    }
    scope.body = ParseBody("endwith");
    return scope;
  }

  Statement ParseLoopControl(int line, const std::string& name) {
    if (loops_ == 0) {
      throw SyntaxProblem(line, Quoted(name) + " stands outside of a loop");
    }
    if (name == "break") {
      return {line, BreakStatement{}};
    }
    return {line, ContinueStatement{}};
  }

  ExpressionParser in_;
  int loops_ = 0;
};

}  // namespace

Block Parse(std::string_view source) { return Parser(Tokenize(source)).ParseTemplate(); }

}  // namespace tersor::io::jinja
