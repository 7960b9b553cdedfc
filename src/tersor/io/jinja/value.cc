#include "tersor/io/jinja/value.h"

#include <algorithm>

#include "tersor/util/utf8.h"

namespace tersor::io::jinja {
namespace {

// Well above what tools' JSON schemas need, well below what the stack bears.
constexpr int kMaxDepth = 100;

int CheckedDepth(int inner) {
  if (inner >= kMaxDepth) {
    throw Problem("lists and objects nest more than " + std::to_string(kMaxDepth) + " deep");
  }
  return inner + 1;
}

bool EqualLists(Meter& meter, const Values& a, const Values& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [&](const Value& x, const Value& y) { return Equal(meter, x, y); });
}

bool EqualDicts(Meter& meter, const Dict& a, const Dict& b) {
  return a.items.size() == b.items.size() &&
         std::all_of(a.items.begin(), a.items.end(), [&](const auto& item) {
           const Value* other = Find(meter, b, item.first);
           return other != nullptr && Equal(meter, item.second, *other);
         });
}

}  // namespace

void Meter::Charge(uint64_t units) {
  if (units > left_) {
    throw Problem("the template takes too many steps or too much memory");
  }
  left_ -= units;
}

void Meter::ChargeText(uint64_t bytes) {
  if (bytes > kMaxText) {
    throw Problem("a text grows over " + std::to_string(kMaxText >> 20) + " MiB");
  }
  Charge(bytes);
}

void Meter::ChargeAppend(uint64_t held, uint64_t added) {
  if (held + added > kMaxText) {
    ChargeText(kMaxText + 1);
  }
  Charge(added);
}

Value* Namespace::Find(std::string_view name) {
  for (auto& [key, value] : items) {
    if (key == name) {
      return &value;
    }
  }
  return nullptr;
}

void Namespace::Set(std::string_view name, Value value) {
  if (Value* found = Find(name)) {
    *found = std::move(value);
  } else {
    items.emplace_back(name, std::move(value));
  }
}

Value Value::MakeUndefined(std::string why) {
  Value value;
  value.data_ = Undefined{std::make_shared<const std::string>(std::move(why))};
  return value;
}

Value Value::MakeList(Values items, bool tuple) {
  int inner = 0;
  for (const Value& item : items) {
    inner = std::max(inner, item.depth());
  }
  Value value;
  value.data_ = std::make_shared<const List>(
      List{.items = std::move(items), .tuple = tuple, .depth = CheckedDepth(inner)});
  return value;
}

Value Value::MakeDict(std::vector<std::pair<Value, Value>> items) {
  int inner = 0;
  for (const auto& [key, item] : items) {
    inner = std::max({inner, key.depth(), item.depth()});
  }
  Value value;
  value.data_ =
      std::make_shared<const Dict>(Dict{.items = std::move(items), .depth = CheckedDepth(inner)});
  return value;
}

std::shared_ptr<const List> Value::shared_list() const {
  return std::get<std::shared_ptr<const List>>(data_);
}

bool Value::Truth() const {
  if (const auto* flag = Get<bool>()) {
    return *flag;
  }
  double number;
  if (AsNumber(&number)) {
    return number != 0;
  }
  if (text() != nullptr) {
    return !text()->empty();
  }
  if (list() != nullptr) {
    return !list()->items.empty();
  }
  if (dict() != nullptr) {
    return !dict()->items.empty();
  }
  return !IsUndefined() && !IsNone();
}

bool Value::AsInteger(int64_t* out) const {
  if (const auto* flag = Get<bool>()) {
    *out = *flag ? 1 : 0;
    return true;
  }
  if (const auto* number = Get<int64_t>()) {
    *out = *number;
    return true;
  }
  return false;
}

bool Value::AsNumber(double* out) const {
  if (const auto* number = Get<double>()) {
    *out = *number;
    return true;
  }
  int64_t integer;
  if (AsInteger(&integer)) {
    *out = static_cast<double>(integer);
    return true;
  }
  return false;
}

int Value::depth() const {
  if (list() != nullptr) {
    return list()->depth;
  }
  if (dict() != nullptr) {
    return dict()->depth;
  }
  if (loop() != nullptr) {
    return loop()->items->depth + 1;
  }
  return callable() != nullptr ? callable()->self.depth() + 1 : 0;
}

std::string Value::TypeName() const {
  static const char* const kNames[] = {"Undefined", "NoneType",    "bool",    "int",
                                       "float",     "str",         "list",    "dict",
                                       "Namespace", "LoopContext", "function"};
  return list() != nullptr && list()->tuple ? "tuple" : kNames[data_.index()];
}

std::vector<const Value*> Bind(std::string_view callee, const Arguments& arguments,
                               const std::vector<std::string_view>& parameters) {
  if (arguments.positional.size() > parameters.size()) {
    throw Problem(std::string(callee) + "() takes at most " + std::to_string(parameters.size()) +
                  " arguments");
  }
  std::vector<const Value*> bound(parameters.size());
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    bound[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.keyword) {
    const auto found = std::find(parameters.begin(), parameters.end(), name);
    if (found == parameters.end()) {
      throw Problem(std::string(callee) + "() has no parameter '" + name + "'");
    }
    const Value*& slot = bound[static_cast<size_t>(found - parameters.begin())];
    if (slot != nullptr) {
      throw Problem(std::string(callee) + "() is given '" + name + "' twice");
    }
    slot = &value;
  }
  return bound;
}

bool Equal(Meter& meter, const Value& a, const Value& b) {
  meter.Charge(8);
  int64_t i, j;
  if (a.AsInteger(&i) && b.AsInteger(&j)) {
    return i == j;
  }
  double x, y;
  if (a.AsNumber(&x) && b.AsNumber(&y)) {
    return x == y;
  }
  if (a.text() != nullptr && b.text() != nullptr) {
    meter.Charge(a.text()->size() / 8);
    return *a.text() == *b.text();
  }
  if (a.list() != nullptr && b.list() != nullptr) {
    return a.list()->tuple == b.list()->tuple &&
           EqualLists(meter, a.list()->items, b.list()->items);
  }
  if (a.dict() != nullptr && b.dict() != nullptr) {
    return EqualDicts(meter, *a.dict(), *b.dict());
  }
  if (a.callable() != nullptr || a.loop() != nullptr) {
    return a.callable() == b.callable() && a.loop() == b.loop();
  }
  return (a.IsNone() && b.IsNone()) || (a.IsUndefined() && b.IsUndefined()) ||
         (a.space() != nullptr && a.space() == b.space());
}

bool Less(Meter& meter, const Value& a, const Value& b) {
  meter.Charge(8);
  int64_t i, j;
  if (a.AsInteger(&i) && b.AsInteger(&j)) {
    return i < j;
  }
  double x, y;
  if (a.AsNumber(&x) && b.AsNumber(&y)) {
    return x < y;
  }
  if (a.text() != nullptr && b.text() != nullptr) {
    meter.Charge(a.text()->size() / 8);
    return *a.text() < *b.text();  // the order of UTF-8 bytes is the order of code points
  }
  if (a.list() != nullptr && b.list() != nullptr && a.list()->tuple == b.list()->tuple) {
    const Values& left = a.list()->items;
    const Values& right = b.list()->items;
    for (size_t at = 0; at < left.size() && at < right.size(); ++at) {
      if (!Equal(meter, left[at], right[at])) {
        return Less(meter, left[at], right[at]);
      }
    }
    return left.size() < right.size();
  }
  for (const Value* value : {&a, &b}) {
    if (const auto* undefined = value->Get<Undefined>(); undefined && undefined->why) {
      throw Problem(*undefined->why);
    }
  }
  throw Problem("'" + a.TypeName() + "' and '" + b.TypeName() + "' have no order");
}

const Value* Find(Meter& meter, const Dict& dict, const Value& key) {
  meter.Charge(dict.items.size());
  for (const auto& [name, value] : dict.items) {
    if (Equal(meter, name, key)) {
      return &value;
    }
  }
  return nullptr;
}

const Value* FindKey(Meter& meter, const Dict& dict, std::string_view key) {
  meter.Charge(dict.items.size());
  for (const auto& [name, value] : dict.items) {
    if (name.text() != nullptr && *name.text() == key) {
      return &value;
    }
  }
  return nullptr;
}

void Insert(Meter& meter, Dict& dict, Value key, Value value) {
  if (key.list() != nullptr ? !key.list()->tuple : key.dict() != nullptr) {
    throw Problem("a " + key.TypeName() + " cannot be a key");
  }
  // Found in `dict`, which is not const here.
  if (const Value* found = Find(meter, dict, key)) {
    *const_cast<Value*>(found) = std::move(value);
  } else {
    meter.ChargeItems(2);
    dict.items.emplace_back(std::move(key), std::move(value));
  }
}

Values Iterate(Meter& meter, const Value& value) {
  Values items;
  if (value.list() != nullptr) {
    meter.ChargeItems(value.list()->items.size());
    items = value.list()->items;
  } else if (value.dict() != nullptr) {
    meter.ChargeItems(value.dict()->items.size());
    for (const auto& [key, item] : value.dict()->items) {
      items.push_back(key);
    }
  } else if (value.text() != nullptr) {
    meter.ChargeItems(2 * value.text()->size());
    for (std::string_view rest = *value.text(); !rest.empty();) {
      const size_t length = CharacterLength(rest);
      items.emplace_back(std::string(rest.substr(0, length)));
      rest.remove_prefix(length);
    }
  } else if (!value.IsUndefined()) {
    throw Problem("'" + value.TypeName() + "' is not iterable");
  }
  return items;
}

}  // namespace tersor::io::jinja
