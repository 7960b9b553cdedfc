// Calls of methods and of the functions that transformers gives to chat templates.
#include <ctime>

#include "tersor/io/jinja/evaluator.h"
#include "tersor/io/jinja/methods.h"
#include "tersor/io/jinja/operators.h"
#include "tersor/io/jinja/print.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

std::string FormatNow(const std::string& format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[1024];
  // strftime returns 0 for an empty text and for one that does not fit alike.
  const size_t size = std::strftime(text, sizeof text, (format + ".").c_str(), &parts);
  if (size == 0) {
    throw Problem("strftime_now() gets a format that is too long");
  }
  return {text, size - 1};
}

}  // namespace

Arguments Evaluator::EvaluateArguments(const CallArguments& arguments) {
  Arguments values;
  for (const ExpressionPtr& argument : arguments.positional) {
    values.positional.push_back(Evaluate(*argument));
  }
  for (const auto& [name, argument] : arguments.keyword) {
    values.keyword.emplace_back(name, Evaluate(*argument));
  }
  return values;
}

Value Evaluator::EvaluateCall(const CallExpression& call, const Value* caller) {
  const Value callee = Evaluate(*call.callee);
  RequireDefined(callee);
  const Callable* callable = callee.callable();
  if (callable == nullptr) {
    throw Problem("'" + callee.TypeName() + "' cannot be called");
  }
  const Arguments arguments = EvaluateArguments(call.arguments);
  if (callable->macro != nullptr) {
    return CallMacro(*callable, arguments, caller);
  }
  return callable->self.IsUndefined()
             ? CallGlobal(callable->name, arguments)
             : CallMethod(meter_, callable->self, callable->name, arguments);
}

Value Evaluator::MakeNamespace(const Arguments& arguments) {
  namespaces_.push_back(std::make_unique<Namespace>());
  Namespace* space = namespaces_.back().get();
  meter_.ChargeItems(8 + arguments.keyword.size());
  for (const Value& initial : arguments.positional) {
    if (initial.dict() == nullptr) {
      throw Problem("namespace() takes an object or named values");
    }
    meter_.ChargeItems(initial.dict()->items.size() * initial.dict()->items.size());
    for (const auto& [key, value] : initial.dict()->items) {
      space->Set(Str(meter_, key), value);
    }
  }
  for (const auto& [name, value] : arguments.keyword) {
    space->Set(name, value);
  }
  return space;
}

Value Evaluator::Range(const Arguments& arguments) {
  int64_t bounds[3] = {0, 0, 1};
  const Values& given = arguments.positional;
  for (size_t i = 0; i < given.size(); ++i) {
    if (i == 3 || !given[i].AsInteger(&bounds[given.size() == 1 ? 1 : i])) {
      throw Problem("range() takes one to three integers");
    }
  }
  const auto [start, stop, step] = bounds;
  if (given.empty() || !arguments.keyword.empty() || step == 0) {
    throw Problem("range() takes one to three integers, the third not 0");
  }
  Values items;
  for (int64_t at = start; step > 0 ? at < stop : at > stop;) {
    // Jinja's sandbox has the same bound.
    if (items.size() == 100000) {
      throw Problem("range() is longer than 100000");
    }
    meter_.ChargeItems(1);
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) {
      break;
    }
  }
  return Value::MakeList(std::move(items));
}

Value Evaluator::CallGlobal(const std::string& name, const Arguments& arguments) {
  if (name == "namespace") {
    return MakeNamespace(arguments);
  }
  if (name == "range") {
    return Range(arguments);
  }
  if (name == "dict") {
    Dict dict;
    if (!arguments.positional.empty() && arguments.positional[0].dict() != nullptr) {
      meter_.ChargeItems(2 * arguments.positional[0].dict()->items.size());
      dict.items = arguments.positional[0].dict()->items;
    }
    for (const auto& [key, value] : arguments.keyword) {
      Insert(meter_, dict, std::string(key), value);
    }
    return Value::MakeDict(std::move(dict.items));
  }
  const Value* text = Bind(name, arguments, {name == "strftime_now" ? "format" : "message"})[0];
  const std::string written = text != nullptr ? Str(meter_, *text) : "";
  if (name == "strftime_now") {
    return FormatNow(written);
  }
  throw Problem("the template refuses: " + written);
}

}  // namespace tersor::io::jinja
