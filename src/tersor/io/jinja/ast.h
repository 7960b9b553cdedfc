// The tree of a template: expressions and statements.
#ifndef TERSOR_IO_JINJA_AST_H_
#define TERSOR_IO_JINJA_AST_H_

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tersor/io/jinja/value.h"

namespace tersor::io::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<const Expression>;

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> keyword;
};

struct LiteralExpression {
  Value value;
};
struct NameExpression {
  std::string name;
};
struct ListExpression {
  std::vector<ExpressionPtr> items;
  bool tuple;
};
struct DictExpression {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> items;
};
struct AttributeExpression {
  ExpressionPtr object;
  std::string name;
};
struct ItemExpression {
  ExpressionPtr object, index;
};
struct SliceExpression {
  ExpressionPtr object, start, stop, step;  // the last three may be null
};
struct CallExpression {
  ExpressionPtr callee;
  CallArguments arguments;
};
/// `object | name(arguments)`; without an object it applies to what a block renders.
struct FilterExpression {
  ExpressionPtr object;
  std::string name;
  CallArguments arguments;
};
/// `object is name(arguments)`
struct TestExpression {
  ExpressionPtr object;
  std::string name;
  CallArguments arguments;
};
/// "-", "+" or "not"
struct UnaryExpression {
  std::string symbol;
  ExpressionPtr operand;
};
/// Arithmetic, "~", "and", "or"
struct BinaryExpression {
  std::string symbol;
  ExpressionPtr left, right;
};
/// `first < second == third`, also "in" and "not in"
struct CompareExpression {
  ExpressionPtr first;
  std::vector<std::pair<std::string, ExpressionPtr>> rest;
};
/// `yes if test else no`; `no` may be null.
struct ConditionExpression {
  ExpressionPtr test, yes, no;
};

struct Expression {
  int line;
  std::variant<LiteralExpression, NameExpression, ListExpression, DictExpression,
               AttributeExpression, ItemExpression, SliceExpression, CallExpression,
               FilterExpression, TestExpression, UnaryExpression, BinaryExpression,
               CompareExpression, ConditionExpression>
      node;
};

struct Statement;
using Block = std::vector<Statement>;

/// What `set` and `for` assign to: a name, a namespace's attribute, or several of these.
struct Target {
  std::string name, attribute;
  std::vector<Target> items;
};

struct TextStatement {
  std::string text;
};
struct PrintStatement {
  ExpressionPtr value;
};
struct IfStatement {
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  Block otherwise;
};
struct ForStatement {
  Target target;
  ExpressionPtr items, filter;  // `filter` may be null
  Block body, otherwise;
};
struct SetStatement {
  Target target;
  ExpressionPtr value;
};
/// {% set name | filter %} ... {% endset %}; `filters` may be null.
struct SetBlockStatement {
  Target target;
  ExpressionPtr filters;
  Block body;
};
struct MacroStatement {
  std::string name;
  std::vector<std::pair<std::string, ExpressionPtr>> parameters;  // with defaults or null
  Block body;
};
/// {% call(parameters) callee(...) %} body {% endcall %}: the body is the callee's `caller`.
struct CallBlockStatement {
  MacroStatement caller;
  ExpressionPtr call;
};
struct FilterBlockStatement {
  ExpressionPtr filters;
  Block body;
};
/// {% with a = 1 %}, and with no variables {% generation %}: a scope of its own.
struct ScopeStatement {
  std::vector<std::pair<Target, ExpressionPtr>> variables;
  Block body;
};
struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  int line;
  std::variant<TextStatement, PrintStatement, IfStatement, ForStatement, SetStatement,
               SetBlockStatement, MacroStatement, CallBlockStatement, FilterBlockStatement,
               ScopeStatement, BreakStatement, ContinueStatement>
      node;
};

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_AST_H_
