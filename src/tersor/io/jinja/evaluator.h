// Runs a template's tree.
#ifndef TERSOR_IO_JINJA_EVALUATOR_H_
#define TERSOR_IO_JINJA_EVALUATOR_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tersor/io/jinja/ast.h"
#include "tersor/io/jinja/value.h"

namespace tersor::io::jinja {

using Variables = std::vector<std::pair<std::string, Value>>;

/// Names that a block, a loop's turn or a macro's call sees: its own, then those around it.
struct Scope {
  Scope* parent = nullptr;
  Variables variables;
  bool kept = false;  // a macro may still look into it

  const Value* Find(Meter& meter, std::string_view name) const;
  void Set(std::string_view name, Value value);
};

/// One rendering.
class Evaluator {
 public:
  explicit Evaluator(Variables variables);

  /// Throws Problem; `line` tells where.
  std::string Render(const Block& block);
  int line() const { return line_; }

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class InScope;
  class Deeper;

  // Statements; each writes to *out_.
  Flow Run(const Block& block);
  Flow Execute(const TextStatement& statement);
  Flow Execute(const PrintStatement& statement);
  Flow Execute(const IfStatement& statement);
  Flow Execute(const ForStatement& statement);
  Flow Execute(const SetStatement& statement);
  Flow Execute(const SetBlockStatement& statement);
  Flow Execute(const MacroStatement& statement);
  Flow Execute(const CallBlockStatement& statement);
  Flow Execute(const FilterBlockStatement& statement);
  Flow Execute(const ScopeStatement& statement);
  Flow Execute(const BreakStatement&) { return Flow::kBreak; }
  Flow Execute(const ContinueStatement&) { return Flow::kContinue; }

  void Write(std::string_view text);
  /// What `block` writes, in a scope of its own; `flow` where it may end by break or continue.
  std::string Capture(const Block& block, Flow* flow = nullptr);
  void Assign(const Target& target, Value value);
  Values LoopItems(const ForStatement& statement);
  Value MakeMacro(const MacroStatement& macro);

  // Expressions.
  Value Evaluate(const Expression& expression);
  /// None where there is no expression.
  Value EvaluateOptional(const ExpressionPtr& expression);
  Value Evaluate(const LiteralExpression& literal) { return literal.value; }
  Value Evaluate(const NameExpression& name);
  Value Evaluate(const ListExpression& list);
  Value Evaluate(const DictExpression& dict);
  Value Evaluate(const AttributeExpression& attribute);
  Value Evaluate(const ItemExpression& item);
  Value Evaluate(const SliceExpression& slice);
  Value Evaluate(const CallExpression& call) { return EvaluateCall(call, nullptr); }
  Value Evaluate(const FilterExpression& filter);
  Value Evaluate(const TestExpression& test);
  Value Evaluate(const UnaryExpression& unary);
  Value Evaluate(const BinaryExpression& binary);
  Value Evaluate(const CompareExpression& compare);
  Value Evaluate(const ConditionExpression& condition);

  Arguments EvaluateArguments(const CallArguments& arguments);
  Value EvaluateCall(const CallExpression& call, const Value* caller);
  Value CallMacro(const Callable& macro, const Arguments& arguments, const Value* caller);
  Value CallGlobal(const std::string& name, const Arguments& arguments);
  Value Filtered(const ExpressionPtr& filters, Value text);
  Value MakeNamespace(const Arguments& arguments);
  Value Range(const Arguments& arguments);

  Meter meter_;
  Scope global_;
  Scope* scope_ = &global_;
  std::vector<std::unique_ptr<Scope>> kept_scopes_;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  const Value* filter_input_ = nullptr;  // of a filter block's first filter
  std::string* out_ = nullptr;
  int line_ = 1;
  int depth_ = 0;
};

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_EVALUATOR_H_
