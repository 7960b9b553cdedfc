#include "tersor/io/jinja/evaluator.h"

#include "tersor/io/jinja/filters.h"
#include "tersor/io/jinja/operators.h"
#include "tersor/io/jinja/print.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

// A level takes a few hundred bytes of stack, some thousand under the sanitizers.
constexpr int kMaxDepth = 400;

}  // namespace

const Value* Scope::Find(Meter& meter, std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
    meter.Charge(2 * scope->variables.size());
    for (const auto& [key, value] : scope->variables) {
      if (key == name) {
        return &value;
      }
    }
  }
  return nullptr;
}

void Scope::Set(std::string_view name, Value value) {
  for (auto& [key, old] : variables) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  variables.emplace_back(name, std::move(value));
}

/// A fresh scope inside `parent` while it lives; scopes that a macro may look into live on.
class Evaluator::InScope {
 public:
  InScope(Evaluator& evaluator, Scope* parent)
      : evaluator_(evaluator), outer_(evaluator.scope_), scope_(std::make_unique<Scope>()) {
    scope_->parent = parent;
    evaluator_.scope_ = scope_.get();
  }
  ~InScope() {
    evaluator_.scope_ = outer_;
    if (scope_->kept) {
      evaluator_.kept_scopes_.push_back(std::move(scope_));
    }
  }
  InScope(const InScope&) = delete;
  InScope& operator=(const InScope&) = delete;

 private:
  Evaluator& evaluator_;
  Scope* const outer_;
  std::unique_ptr<Scope> scope_;
};

/// One level of recursion while it lives.
class Evaluator::Deeper {
 public:
  explicit Deeper(Evaluator& evaluator) : evaluator_(evaluator) {
    if (++evaluator_.depth_ > kMaxDepth) {
      --evaluator_.depth_;
      throw Problem("macros call each other too deeply");
    }
    evaluator_.meter_.Charge(Meter::kStep);
  }
  ~Deeper() { --evaluator_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  Evaluator& evaluator_;
};

Evaluator::Evaluator(Variables variables) { global_.variables = std::move(variables); }

std::string Evaluator::Render(const Block& block) {
  std::string text;
  out_ = &text;
  Run(block);
  return text;
}

void Evaluator::Write(std::string_view text) {
  meter_.ChargeAppend(out_->size(), text.size());
  *out_ += text;
}

std::string Evaluator::Capture(const Block& block, Flow* flow) {
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  const InScope scope(*this, scope_);
  const Flow end = Run(block);
  if (flow != nullptr) {
    *flow = end;
  }
  out_ = outer;
  return text;
}

Evaluator::Flow Evaluator::Run(const Block& block) {
  const Deeper deeper(*this);
  for (const Statement& statement : block) {
    line_ = statement.line;
    meter_.Charge(Meter::kStep);
    const Flow flow =
        std::visit([this](const auto& node) { return Execute(node); }, statement.node);
    if (flow != Flow::kNext) {
      return flow;
    }
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Execute(const TextStatement& statement) {
  Write(statement.text);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Execute(const PrintStatement& statement) {
  Write(Str(meter_, Evaluate(*statement.value)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Execute(const IfStatement& statement) {
  for (const auto& [test, block] : statement.branches) {
    if (Evaluate(*test).Truth()) {
      return Run(block);
    }
  }
  return Run(statement.otherwise);
}

Values Evaluator::LoopItems(const ForStatement& statement) {
  Values items = Iterate(meter_, Evaluate(*statement.items));
  if (statement.filter == nullptr) {
    return items;
  }
  Values kept;
  for (Value& item : items) {
    const InScope scope(*this, scope_);
    Assign(statement.target, item);
    if (Evaluate(*statement.filter).Truth()) {
      kept.push_back(std::move(item));
    }
  }
  return kept;
}

Evaluator::Flow Evaluator::Execute(const ForStatement& statement) {
  const Value list = Value::MakeList(LoopItems(statement));
  const Values& items = list.list()->items;
  for (size_t i = 0; i < items.size(); ++i) {
    meter_.Charge(Meter::kStep);
    const InScope scope(*this, scope_);
    scope_->Set("loop", std::make_shared<const Loop>(Loop{list.shared_list(), i}));
    Assign(statement.target, items[i]);
    if (Run(statement.body) == Flow::kBreak) {
      break;
    }
  }
  if (items.empty()) {
    const InScope scope(*this, scope_);
    return Run(statement.otherwise);
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Execute(const SetStatement& statement) {
  Assign(statement.target, Evaluate(*statement.value));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Execute(const SetBlockStatement& statement) {
  Flow flow = Flow::kNext;
  std::string text = Capture(statement.body, &flow);
  if (flow == Flow::kNext) {
    Assign(statement.target, Filtered(statement.filters, std::move(text)));
  }
  return flow;
}

Evaluator::Flow Evaluator::Execute(const FilterBlockStatement& statement) {
  Flow flow = Flow::kNext;
  std::string text = Capture(statement.body, &flow);
  Write(Str(meter_, Filtered(statement.filters, std::move(text))));
  return flow;
}

Value Evaluator::Filtered(const ExpressionPtr& filters, Value text) {
  if (filters == nullptr) {
    return text;
  }
  const Value* const outer = std::exchange(filter_input_, &text);
  Value filtered = Evaluate(*filters);
  filter_input_ = outer;
  return filtered;
}

Evaluator::Flow Evaluator::Execute(const ScopeStatement& statement) {
  Values values;
  for (const auto& [target, value] : statement.variables) {
    values.push_back(Evaluate(*value));
  }
  const InScope scope(*this, scope_);
  for (size_t i = 0; i < values.size(); ++i) {
    Assign(statement.variables[i].first, std::move(values[i]));
  }
  return Run(statement.body);
}

Value Evaluator::MakeMacro(const MacroStatement& macro) {
  meter_.Charge(4 * Meter::kStep);
  for (Scope* scope = scope_; scope != nullptr && !scope->kept; scope = scope->parent) {
    scope->kept = true;
  }
  return std::make_shared<const Callable>(
      Callable{.name = macro.name, .self = Value(), .macro = &macro, .scope = scope_});
}

Evaluator::Flow Evaluator::Execute(const MacroStatement& statement) {
  scope_->Set(statement.name, MakeMacro(statement));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Execute(const CallBlockStatement& statement) {
  const Value caller = MakeMacro(statement.caller);
  Write(Str(meter_, EvaluateCall(std::get<CallExpression>(statement.call->node), &caller)));
  return Flow::kNext;
}

Value Evaluator::CallMacro(const Callable& macro, const Arguments& arguments, const Value* caller) {
  const auto& parameters = macro.macro->parameters;
  std::vector<std::string_view> names;
  for (const auto& [name, value] : parameters) {
    names.push_back(name);
  }
  const std::vector<const Value*> bound = Bind(macro.name, arguments, names);
  const InScope scope(*this, macro.scope);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, absent] = parameters[i];
    scope_->Set(name, bound[i] != nullptr ? *bound[i]
                      : absent != nullptr ? Evaluate(*absent)
                                          : Value::MakeUndefined(Quoted(name) + " is undefined"));
  }
  if (caller != nullptr) {
    scope_->Set("caller", *caller);
  }
  return Capture(macro.macro->body);
}

void Evaluator::Assign(const Target& target, Value value) {
  if (!target.items.empty()) {
    Values parts = Iterate(meter_, value);
    if (parts.size() != target.items.size()) {
      throw Problem(std::to_string(parts.size()) + " values are to be assigned to " +
                    std::to_string(target.items.size()) + " names");
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      Assign(target.items[i], std::move(parts[i]));
    }
  } else if (target.attribute.empty()) {
    meter_.Charge(scope_->variables.size());
    scope_->Set(target.name, std::move(value));
  } else {
    const Value* space = scope_->Find(meter_, target.name);
    if (space == nullptr || space->space() == nullptr) {
      throw Problem("only attributes of a namespace can be set, and " + Quoted(target.name) +
                    " is none");
    }
    meter_.Charge(Meter::kStep + space->space()->items.size());
    space->space()->Set(target.attribute, std::move(value));
  }
}

Value Evaluator::Evaluate(const Expression& expression) {
  const Deeper deeper(*this);
  line_ = expression.line;
  return std::visit([this](const auto& node) { return Evaluate(node); }, expression.node);
}

Value Evaluator::EvaluateOptional(const ExpressionPtr& expression) {
  return expression != nullptr ? Evaluate(*expression) : Value(None());
}

Value Evaluator::Evaluate(const NameExpression& name) {
  if (const Value* found = scope_->Find(meter_, name.name)) {
    return *found;
  }
  for (const char* global : {"range", "namespace", "raise_exception", "strftime_now", "dict"}) {
    if (name.name == global) {
      return std::make_shared<const Callable>(Callable{.name = name.name, .self = Value()});
    }
  }
  return Value::MakeUndefined(Quoted(name.name) + " is undefined");
}

Value Evaluator::Evaluate(const ListExpression& list) {
  Values items;
  for (const ExpressionPtr& item : list.items) {
    items.push_back(Evaluate(*item));
  }
  return Value::MakeList(std::move(items), list.tuple);
}

Value Evaluator::Evaluate(const DictExpression& dict) {
  Dict made;
  for (const auto& [key, value] : dict.items) {
    Value name = Evaluate(*key);
    Insert(meter_, made, std::move(name), Evaluate(*value));
  }
  return Value::MakeDict(std::move(made.items));
}

Value Evaluator::Evaluate(const AttributeExpression& attribute) {
  return GetAttribute(meter_, Evaluate(*attribute.object), attribute.name);
}

Value Evaluator::Evaluate(const ItemExpression& item) {
  const Value object = Evaluate(*item.object);
  return GetItem(meter_, object, Evaluate(*item.index));
}

Value Evaluator::Evaluate(const SliceExpression& slice) {
  const Value object = Evaluate(*slice.object);
  const Value start = EvaluateOptional(slice.start), stop = EvaluateOptional(slice.stop);
  return GetSlice(meter_, object, start, stop, EvaluateOptional(slice.step));
}

Value Evaluator::Evaluate(const FilterExpression& filter) {
  const Value value = filter.object != nullptr ? Evaluate(*filter.object) : *filter_input_;
  return ApplyFilter(meter_, filter.name, value, EvaluateArguments(filter.arguments));
}

Value Evaluator::Evaluate(const TestExpression& test) {
  const Value value = Evaluate(*test.object);
  return ApplyTest(meter_, test.name, value, EvaluateArguments(test.arguments));
}

Value Evaluator::Evaluate(const UnaryExpression& unary) {
  const Value value = Evaluate(*unary.operand);
  if (unary.symbol == "not") {
    return !value.Truth();
  }
  const Value negative = Negate(value);
  return unary.symbol == "-" ? negative : Negate(negative);
}

Value Evaluator::Evaluate(const BinaryExpression& binary) {
  Value left = Evaluate(*binary.left);
  if (binary.symbol == "and" || binary.symbol == "or") {
    return left.Truth() == (binary.symbol == "and") ? Evaluate(*binary.right) : left;
  }
  const Value right = Evaluate(*binary.right);
  return Arithmetic(meter_, binary.symbol, left, right);
}

Value Evaluator::Evaluate(const CompareExpression& compare) {
  Value left = Evaluate(*compare.first);
  for (const auto& [symbol, operand] : compare.rest) {
    Value right = Evaluate(*operand);
    if (!Compare(meter_, symbol, left, right)) {
      return false;
    }
    left = std::move(right);
  }
  return true;
}

Value Evaluator::Evaluate(const ConditionExpression& condition) {
  if (Evaluate(*condition.test).Truth()) {
    return Evaluate(*condition.yes);
  }
  return condition.no != nullptr ? Evaluate(*condition.no)
                                 : Value::MakeUndefined("an 'if' without 'else' has no value here");
}

}  // namespace tersor::io::jinja
