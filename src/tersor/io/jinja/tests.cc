// Tests: `value is name`.
#include <algorithm>

#include "tersor/io/jinja/filters.h"
#include "tersor/io/jinja/operators.h"
#include "tersor/io/jinja/print.h"
#include "tersor/io/jinja/text.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

bool IsNumber(const Value& value) {
  double number;
  return value.AsNumber(&number);
}

/// Tests that compare with one argument, and the operators that they stand for.
struct Comparison {
  std::string_view name, symbol;
};
constexpr Comparison kComparisons[] = {
    {"==", "=="},         {"eq", "=="}, {"equalto", "=="}, {"!=", "!="},
    {"ne", "!="},         {"<", "<"},   {"lt", "<"},       {"lessthan", "<"},
    {"<=", "<="},         {"le", "<="}, {">", ">"},        {"gt", ">"},
    {"greaterthan", ">"}, {">=", ">="}, {"ge", ">="},      {"in", "in"},
};

using Predicate = bool (*)(const Value&);
struct NamedPredicate {
  std::string_view name;
  Predicate holds;
};
constexpr NamedPredicate kPredicates[] = {
    {"defined", [](const Value& v) { return !v.IsUndefined(); }},
    {"undefined", [](const Value& v) { return v.IsUndefined(); }},
    {"none", [](const Value& v) { return v.IsNone(); }},
    {"boolean", [](const Value& v) { return v.Is<bool>(); }},
    {"true", [](const Value& v) { return v.Is<bool>() && v.Truth(); }},
    {"false", [](const Value& v) { return v.Is<bool>() && !v.Truth(); }},
    {"integer", [](const Value& v) { return v.Is<int64_t>(); }},
    {"float", [](const Value& v) { return v.Is<double>(); }},
    {"number", IsNumber},
    {"string", [](const Value& v) { return v.text() != nullptr; }},
    {"mapping", [](const Value& v) { return v.dict() != nullptr; }},
    {"callable", [](const Value& v) { return v.callable() != nullptr; }},
    {"escaped", [](const Value&) { return false; }},
    // Undefined iterates over nothing, so that Jinja counts it here.
    {"iterable",
     [](const Value& v) { return v.text() || v.list() || v.dict() || v.IsUndefined(); }},
    {"sequence",
     [](const Value& v) { return v.text() || v.list() || v.dict() || v.IsUndefined(); }},
};

bool SameAs(const Value& a, const Value& b, Meter& meter) {
  return a.TypeName() == b.TypeName() && Equal(meter, a, b);
}

bool IsMultiple(Meter& meter, const Value& value, const Value& divisor) {
  return Equal(meter, Arithmetic(meter, "%", value, divisor), int64_t{0});
}

}  // namespace

bool ApplyTest(Meter& meter, const std::string& name, const Value& value,
               const Arguments& arguments) {
  meter.Charge(Meter::kStep);
  const auto argument = [&]() -> const Value& {
    const Value* bound = Bind(name, arguments, {"other"})[0];
    if (bound == nullptr) {
      throw Problem("test " + Quoted(name) + " needs an argument");
    }
    return *bound;
  };
  for (const auto& [candidate, symbol] : kComparisons) {
    if (name == candidate) {
      return Compare(meter, symbol, value, argument());
    }
  }
  for (const auto& [candidate, holds] : kPredicates) {
    if (name == candidate) {
      Bind(name, arguments, {});
      return holds(value);
    }
  }
  if (name == "divisibleby") {
    return IsMultiple(meter, value, argument());
  }
  if (name == "even" || name == "odd") {
    return IsMultiple(meter, value, int64_t{2}) == (name == "even");
  }
  if (name == "sameas") {
    return SameAs(value, argument(), meter);
  }
  if (name == "upper" || name == "lower") {
    const std::string text = Str(meter, value);
    return name == "upper" ? IsUpper(text) : IsLower(text);
  }
  if (name == "filter" || name == "test") {
    const std::string text = Str(meter, value);
    return FindScalarFilter(text) != nullptr || FindListFilter(text) != nullptr;
  }
  throw Problem("there is no test " + Quoted(name));
}

}  // namespace tersor::io::jinja
