// Values of a template: Python's, as far as templates see them. Immutable and cheap to copy.
#ifndef TERSOR_IO_JINJA_VALUE_H_
#define TERSOR_IO_JINJA_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tersor::io::jinja {

/// What went wrong inside a template, in one line without its place; whoever knows file and line
/// turns it into tersor::Error.
class Problem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What one rendering may cost. A unit is about a byte written or a nanosecond; every loop over
/// data charges for its items, so that templates of any kind end soon and in bounded memory.
class Meter {
 public:
  static constexpr uint64_t kStep = 64;     // one expression or statement
  static constexpr uint64_t kElement = 32;  // one item of a list
  static constexpr size_t kMaxText = size_t{1} << 24;

  void Charge(uint64_t units);
  void ChargeItems(uint64_t items) { Charge(items > kBudget ? kBudget : items * kElement); }
  /// For a text of `bytes` about to be built.
  void ChargeText(uint64_t bytes);
  /// For `added` bytes behind `held` others.
  void ChargeAppend(uint64_t held, uint64_t added);

 private:
  static constexpr uint64_t kBudget = uint64_t{1} << 28;
  uint64_t left_ = kBudget;
};

class Value;
struct MacroStatement;  // jinja_ast.h
struct Scope;           // jinja_evaluator.h

using Values = std::vector<Value>;

/// Prints as nothing; using it otherwise fails with `why`.
struct Undefined {
  std::shared_ptr<const std::string> why;
};
struct None {};

/// A list or a tuple. `depth` counts nested containers: it is bounded when one is made, so that
/// walks over values may recurse.
struct List {
  Values items;
  bool tuple = false;
  int depth = 1;
};

/// Keeps the order of insertion; lookups scan, for objects of messages and tools are small.
struct Dict {
  std::vector<std::pair<Value, Value>> items;
  int depth = 1;
};

/// What `namespace()` makes: the one thing that a template can change. The evaluator owns it, so
/// that one that holds itself is freed.
struct Namespace {
  std::vector<std::pair<std::string, Value>> items;
  Value* Find(std::string_view name);
  void Set(std::string_view name, Value value);
};

/// The variable `loop` of one iteration.
struct Loop {
  std::shared_ptr<const List> items;
  size_t index = 0;
};

struct Callable;

class Value {
 public:
  Value() = default;  // undefined
  Value(None) : data_(None()) {}
  Value(bool value) : data_(value) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  Value(const char*) = delete;  // would become a bool
  Value(Namespace* space) : data_(space) {}
  Value(std::shared_ptr<const Loop> loop) : data_(std::move(loop)) {}
  Value(std::shared_ptr<const Callable> callable) : data_(std::move(callable)) {}

  static Value MakeUndefined(std::string why);
  /// Throw Problem where containers nest too deeply.
  static Value MakeList(Values items, bool tuple = false);
  static Value MakeDict(std::vector<std::pair<Value, Value>> items);

  template <typename T>
  bool Is() const {
    return std::holds_alternative<T>(data_);
  }
  template <typename T>
  const T* Get() const {
    return std::get_if<T>(&data_);
  }
  bool IsUndefined() const { return Is<Undefined>(); }
  bool IsNone() const { return Is<None>(); }
  /// Null where the value is of another kind.
  const std::string* text() const { return Pointee<std::string>(); }
  const List* list() const { return Pointee<List>(); }
  const Dict* dict() const { return Pointee<Dict>(); }
  const Loop* loop() const { return Pointee<Loop>(); }
  const Callable* callable() const { return Pointee<Callable>(); }
  Namespace* space() const { return Is<Namespace*>() ? std::get<Namespace*>(data_) : nullptr; }
  std::shared_ptr<const List> shared_list() const;

  /// Python's bool().
  bool Truth() const;
  /// An int, or a bool as Python counts it; false where it is neither.
  bool AsInteger(int64_t* out) const;
  /// Any number, as a double.
  bool AsNumber(double* out) const;
  int depth() const;
  /// Python's name of its type, for messages.
  std::string TypeName() const;

 private:
  template <typename T>
  const T* Pointee() const {
    const auto* held = std::get_if<std::shared_ptr<const T>>(&data_);
    return held ? held->get() : nullptr;
  }

  std::variant<Undefined, None, bool, int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const List>, std::shared_ptr<const Dict>, Namespace*,
               std::shared_ptr<const Loop>, std::shared_ptr<const Callable>>
      data_;
};

/// A macro (`macro` and the scope it was written in), a method (`name` of `self`) or, without
/// either, a function of the environment.
struct Callable {
  std::string name;
  Value self;
  const MacroStatement* macro = nullptr;
  Scope* scope = nullptr;
};

/// What a call passes.
struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> keyword;
};

/// One pointer a parameter, null where none was passed. Throws Problem: too many, unknown, twice.
std::vector<const Value*> Bind(std::string_view callee, const Arguments& arguments,
                               const std::vector<std::string_view>& parameters);

/// Python's ==.
bool Equal(Meter& meter, const Value& a, const Value& b);
/// Python's <. Throws Problem where the types have no order.
bool Less(Meter& meter, const Value& a, const Value& b);
/// The value of a key, null where there is none.
const Value* Find(Meter& meter, const Dict& dict, const Value& key);
const Value* FindKey(Meter& meter, const Dict& dict, std::string_view key);
/// Sets a key in place, or appends it.
void Insert(Meter& meter, Dict& dict, Value key, Value value);
/// What a for loop visits: items, keys, characters; nothing for undefined. Throws Problem.
Values Iterate(Meter& meter, const Value& value);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_VALUE_H_
