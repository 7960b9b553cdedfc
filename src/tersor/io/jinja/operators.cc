#include "tersor/io/jinja/operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tersor/io/jinja/methods.h"
#include "tersor/io/jinja/print.h"
#include "tersor/io/jinja/text.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

[[noreturn]] void WrongTypes(std::string_view symbol, const Value& a, const Value& b) {
  throw Problem("operator " + std::string(symbol) + " does not take '" + a.TypeName() + "' and '" +
                b.TypeName() + "'");
}

[[noreturn]] void TooLarge() { throw Problem("an integer grows over 64 bits"); }

void RequireNonzero(bool nonzero) {
  if (!nonzero) {
    throw Problem("division by zero");
  }
}

/// a ** b by repeated squaring; b >= 0.
int64_t Power(int64_t a, int64_t b) {
  int64_t result = 1;
  while (b > 0) {
    if ((b & 1) != 0 && __builtin_mul_overflow(result, a, &result)) {
      TooLarge();
    }
    b >>= 1;
    if (b > 0 && __builtin_mul_overflow(a, a, &a)) {
      TooLarge();
    }
  }
  return result;
}

Value Integers(std::string_view symbol, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  if (symbol == "+") {
    overflow = __builtin_add_overflow(a, b, &result);
  } else if (symbol == "-") {
    overflow = __builtin_sub_overflow(a, b, &result);
  } else if (symbol == "*") {
    overflow = __builtin_mul_overflow(a, b, &result);
  } else if (symbol == "**") {
    result = Power(a, b);
  } else {  // "//" and "%" round towards minus infinity
    RequireNonzero(b != 0);
    overflow = a == INT64_MIN && b == -1;
    if (!overflow) {
      const int64_t down = a % b != 0 && (a < 0) != (b < 0) ? 1 : 0;
      result = symbol == "//" ? a / b - down : a % b + down * b;
    }
  }
  if (overflow) {
    TooLarge();
  }
  return result;
}

double Floats(std::string_view symbol, double a, double b) {
  if (symbol == "+") {
    return a + b;
  }
  if (symbol == "-") {
    return a - b;
  }
  if (symbol == "*") {
    return a * b;
  }
  if (symbol == "**") {
    RequireNonzero(a != 0 || b >= 0);
    return std::pow(a, b);
  }
  RequireNonzero(b != 0);
  if (symbol == "/") {
    return a / b;
  }
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) {
    rest += b;
  }
  return symbol == "%" ? rest : std::round((a - rest) / b);
}

Value Numbers(std::string_view symbol, const Value& a, const Value& b) {
  int64_t i, j;
  if (a.AsInteger(&i) && b.AsInteger(&j) && symbol != "/" && (symbol != "**" || j >= 0)) {
    return Integers(symbol, i, j);
  }
  double x, y;
  if (!a.AsNumber(&x) || !b.AsNumber(&y)) {
    WrongTypes(symbol, a, b);
  }
  return Floats(symbol, x, y);
}

Value Add(Meter& meter, const Value& a, const Value& b) {
  if (a.text() != nullptr && b.text() != nullptr) {
    meter.ChargeText(a.text()->size() + b.text()->size());
    return *a.text() + *b.text();
  }
  if (a.list() != nullptr && b.list() != nullptr && a.list()->tuple == b.list()->tuple) {
    meter.ChargeItems(a.list()->items.size() + b.list()->items.size());
    Values items = a.list()->items;
    items.insert(items.end(), b.list()->items.begin(), b.list()->items.end());
    return Value::MakeList(std::move(items), a.list()->tuple);
  }
  return Numbers("+", a, b);
}

/// A text or list some times over.
Value Repeat(Meter& meter, const Value& value, int64_t times) {
  const auto count = static_cast<uint64_t>(std::max<int64_t>(times, 0));
  const uint64_t size = value.text() != nullptr ? value.text()->size() : value.list()->items.size();
  uint64_t total = 0;
  if (__builtin_mul_overflow(count, size, &total)) {
    total = UINT64_MAX;
  }
  if (value.text() != nullptr) {
    meter.ChargeText(total);
    std::string text;
    text.reserve(total);
    while (text.size() < total) {
      text += *value.text();
    }
    return text;
  }
  meter.ChargeItems(total);
  Values items;
  while (items.size() < total) {
    items.insert(items.end(), value.list()->items.begin(), value.list()->items.end());
  }
  return Value::MakeList(std::move(items), value.list()->tuple);
}

bool IsSequence(const Value& value) { return value.text() != nullptr || value.list() != nullptr; }

Value Multiply(Meter& meter, const Value& a, const Value& b) {
  int64_t times;
  if (IsSequence(a) && b.AsInteger(&times)) {
    return Repeat(meter, a, times);
  }
  if (IsSequence(b) && a.AsInteger(&times)) {
    return Repeat(meter, b, times);
  }
  return Numbers("*", a, b);
}

bool Contains(Meter& meter, const Value& item, const Value& container) {
  if (container.text() != nullptr) {
    RequireDefined(item);
    if (item.text() == nullptr) {
      throw Problem("'in' of a text needs a text, not '" + item.TypeName() + "'");
    }
    meter.Charge((container.text()->size() + item.text()->size()) / 8);
    return FindText(*container.text(), *item.text()) != std::string_view::npos;
  }
  if (container.list() != nullptr) {
    const Values& items = container.list()->items;
    return std::any_of(items.begin(), items.end(),
                       [&](const Value& other) { return Equal(meter, item, other); });
  }
  if (container.dict() != nullptr) {
    return Find(meter, *container.dict(), item) != nullptr;
  }
  if (!container.IsUndefined()) {
    throw Problem("'" + container.TypeName() + "' is not iterable");
  }
  return false;
}

Value Missing(const Value& object, const std::string& name) {
  return Value::MakeUndefined(
      fmt::format("'{} object' has no attribute {}", object.TypeName(), Quoted(name)));
}

/// An attribute of the object itself, undefined where there is none.
Value OwnAttribute(const Value& object, const std::string& name) {
  if (Namespace* space = object.space()) {
    const Value* found = space->Find(name);
    return found != nullptr ? *found : Missing(object, name);
  }
  if (object.loop() != nullptr && name != "cycle") {
    return LoopAttribute(*object.loop(), name);
  }
  if (HasMethod(object, name)) {
    return std::make_shared<const Callable>(Callable{.name = name, .self = object});
  }
  return Missing(object, name);
}

/// Bounds of a slice as Python clips them.
int64_t SliceBound(const Value& value, int64_t size, int64_t absent, int64_t low, int64_t high) {
  if (value.IsNone() || value.IsUndefined()) {
    return absent;
  }
  int64_t bound;
  if (!value.AsInteger(&bound)) {
    throw Problem("a slice needs integers, not '" + value.TypeName() + "'");
  }
  return std::clamp(bound < 0 ? std::max(bound, -size - 1) + size : bound, low, high);
}

/// The common slices text[a:b] without a list of all characters.
Value SliceText(Meter& meter, const std::string& text, const Value& start, const Value& stop) {
  const int64_t size = CountCharacters(text);
  const int64_t first = SliceBound(start, size, 0, 0, size);
  const int64_t last = SliceBound(stop, size, size, 0, size);
  std::string_view rest = text;
  size_t begin = 0, end = 0;
  for (int64_t at = 0; at < last; ++at) {
    const size_t length = FirstCharacter(rest).size;
    (at < first ? begin : end) += length;
    rest.remove_prefix(length);
  }
  meter.ChargeText(text.size());
  return text.substr(begin, end);
}

}  // namespace

void RequireDefined(const Value& value) {
  if (const auto* undefined = value.Get<Undefined>()) {
    throw Problem(undefined->why ? *undefined->why : "the value is undefined");
  }
}

Value Arithmetic(Meter& meter, std::string_view symbol, const Value& a, const Value& b) {
  if (symbol == "~") {
    std::string text = Str(meter, a) + Str(meter, b);
    meter.ChargeText(text.size());
    return text;
  }
  RequireDefined(a);
  RequireDefined(b);
  if (symbol == "+") {
    return Add(meter, a, b);
  }
  if (symbol == "*") {
    return Multiply(meter, a, b);
  }
  if (symbol == "%" && a.text() != nullptr) {
    return FormatPercent(meter, *a.text(), b);
  }
  return Numbers(symbol, a, b);
}

Value Negate(const Value& value) {
  RequireDefined(value);
  double number;
  if (value.Is<double>() && value.AsNumber(&number)) {
    return -number;
  }
  return Numbers("-", int64_t{0}, value);
}

bool Compare(Meter& meter, std::string_view symbol, const Value& a, const Value& b) {
  if (symbol == "in" || symbol == "not in") {
    return Contains(meter, a, b) == (symbol == "in");
  }
  if (symbol == "==" || symbol == "!=") {
    return Equal(meter, a, b) == (symbol == "==");
  }
  double x, y;
  if (a.AsNumber(&x) && b.AsNumber(&y) && (std::isnan(x) || std::isnan(y))) {
    return false;  // where "not less" is no "at least"
  }
  const bool swapped = symbol == ">" || symbol == "<=";
  const bool less = swapped ? Less(meter, b, a) : Less(meter, a, b);
  return symbol == "<" || symbol == ">" ? less : !less;
}

Value GetAttribute(Meter& meter, const Value& object, const std::string& name) {
  RequireDefined(object);
  Value own = OwnAttribute(object, name);
  if (own.IsUndefined() && object.dict() != nullptr) {
    const Value* found = FindKey(meter, *object.dict(), name);
    return found != nullptr ? *found : own;
  }
  return own;
}

Value GetItem(Meter& meter, const Value& object, const Value& index) {
  RequireDefined(object);
  if (object.dict() != nullptr) {
    if (const Value* found = Find(meter, *object.dict(), index)) {
      return *found;
    }
  }
  int64_t at;
  if (IsSequence(object) && index.AsInteger(&at)) {
    const bool is_text = object.text() != nullptr;
    if (is_text) {
      meter.Charge(object.text()->size() / 8);
    }
    const int64_t size = is_text ? CountCharacters(*object.text())
                                 : static_cast<int64_t>(object.list()->items.size());
    at += at < 0 ? size : 0;
    if (at < 0 || at >= size) {
      return Value::MakeUndefined("the index is out of a " + object.TypeName() + " of " +
                                  std::to_string(size));
    }
    return is_text ? SliceText(meter, *object.text(), at, at + 1)
                   : object.list()->items[static_cast<size_t>(at)];
  }
  if (index.text() != nullptr) {
    meter.Charge(index.text()->size());
    return OwnAttribute(object, *index.text());
  }
  return Missing(object, Str(meter, index));
}

Value GetPath(Meter& meter, const Value& object, const Value& path) {
  if (path.text() == nullptr) {
    return GetItem(meter, object, path);
  }
  Value value = object;
  meter.Charge(path.text()->size());
  for (const std::string_view part : Split(*path.text(), ".", -1)) {
    meter.Charge(Meter::kStep);
    if (AllDigits(part) && part.size() < 10) {
      value = GetItem(meter, value, static_cast<int64_t>(std::stoi(std::string(part))));
    } else {
      value = GetItem(meter, value, std::string(part));
    }
  }
  return value;
}

Value GetSlice(Meter& meter, const Value& object, const Value& start, const Value& stop,
               const Value& step) {
  RequireDefined(object);
  if (!IsSequence(object)) {
    throw Problem("a value of type " + object.TypeName() + " cannot be sliced");
  }
  int64_t stride = 1;
  const bool has_step = !step.IsNone() && !step.IsUndefined();
  if (has_step && (!step.AsInteger(&stride) || stride == 0)) {
    throw Problem("the step of a slice is an integer other than 0");
  }
  if (object.text() != nullptr && stride == 1) {
    return SliceText(meter, *object.text(), start, stop);
  }
  const Values items = Iterate(meter, object);
  const auto size = static_cast<int64_t>(items.size());
  stride = std::clamp(stride, -size - 1, size + 1);
  const bool forward = stride > 0;
  const int64_t low = forward ? 0 : -1, high = forward ? size : size - 1;
  const int64_t last = SliceBound(stop, size, forward ? high : low, low, high);
  Values taken;
  for (int64_t at = SliceBound(start, size, forward ? low : high, low, high);
       forward ? at < last : at > last; at += stride) {
    taken.push_back(items[static_cast<size_t>(at)]);
  }
  if (object.list() != nullptr) {
    return Value::MakeList(std::move(taken), object.list()->tuple);
  }
  std::string text;
  for (const Value& character : taken) {
    text += *character.text();
  }
  return text;
}

}  // namespace tersor::io::jinja
