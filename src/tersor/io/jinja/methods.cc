#include "tersor/io/jinja/methods.h"

#include <algorithm>
#include <optional>

#include "tersor/io/jinja/print.h"
#include "tersor/io/jinja/text.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

using Method = Value (*)(Meter&, const Value& self, const Arguments&);

const std::string& TextOf(std::string_view callee, const Value* value) {
  if (value == nullptr || value->text() == nullptr) {
    throw Problem(std::string(callee) + "() needs a text" +
                  (value == nullptr ? "" : ", not '" + value->TypeName() + "'"));
  }
  return *value->text();
}

int64_t IntegerOf(std::string_view callee, const Value* value, int64_t absent) {
  int64_t number = absent;
  if (value != nullptr && !value->AsInteger(&number)) {
    throw Problem(std::string(callee) + "() needs an integer, not '" + value->TypeName() + "'");
  }
  return number;
}

std::optional<std::string_view> OptionalText(std::string_view callee, const Value* value) {
  if (value == nullptr || value->IsNone()) {
    return std::nullopt;
  }
  return TextOf(callee, value);
}

Value Pieces(Meter& meter, const std::vector<std::string_view>& pieces) {
  meter.ChargeItems(2 * pieces.size());
  Values items;
  for (const std::string_view piece : pieces) {
    meter.ChargeText(piece.size());
    items.emplace_back(std::string(piece));
  }
  return Value::MakeList(std::move(items));
}

template <std::string (*Function)(std::string_view)>
Value Mapped(Meter& meter, const Value& self, const Arguments& arguments) {
  Bind("a text's method", arguments, {});
  meter.ChargeText(4 * self.text()->size());
  return Function(*self.text());
}

template <bool (*Function)(std::string_view)>
Value Asked(Meter& meter, const Value& self, const Arguments& arguments) {
  Bind("a text's method", arguments, {});
  meter.ChargeText(4 * self.text()->size());
  return Function(*self.text());
}

template <bool kLeft, bool kRight>
Value Strip(Meter& meter, const Value& self, const Arguments& arguments) {
  const auto set = OptionalText("strip", Bind("strip", arguments, {"chars"})[0]);
  meter.ChargeText(self.text()->size());
  std::string_view text = *self.text();
  text = kLeft ? StripLeft(text, set) : text;
  return std::string(kRight ? StripRight(text, set) : text);
}

Value SplitMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  const auto bound = Bind("split", arguments, {"sep", "maxsplit"});
  const auto by = OptionalText("split", bound[0]);
  if (by && by->empty()) {
    throw Problem("split() has an empty separator");
  }
  meter.ChargeText(self.text()->size());
  return Pieces(meter, Split(*self.text(), by, IntegerOf("split", bound[1], -1)));
}

Value SplitRightMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  const auto bound = Bind("rsplit", arguments, {"sep", "maxsplit"});
  const std::string& by = TextOf("rsplit", bound[0]);
  if (by.empty()) {
    throw Problem("rsplit() has an empty separator");
  }
  meter.Charge(self.text()->size() * std::max<size_t>(1, by.size() / 16));
  return Pieces(meter, SplitFromRight(*self.text(), by, IntegerOf("rsplit", bound[1], -1)));
}

Value SplitLinesMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  const auto bound = Bind("splitlines", arguments, {"keepends"});
  meter.ChargeText(4 * self.text()->size());
  return Pieces(meter, SplitLines(*self.text(), bound[0] != nullptr && bound[0]->Truth()));
}

/// startswith and endswith: of a text or of any in a tuple.
template <bool kEnd>
Value HasAffix(Meter& meter, const Value& self, const Arguments& arguments) {
  const char* const name = kEnd ? "endswith" : "startswith";
  const Value* affix = Bind(name, arguments, {"affix"})[0];
  const auto has = [&](const Value& value) {
    const std::string& part = TextOf(name, &value);
    meter.Charge(1 + part.size() / 8);
    return kEnd ? self.text()->ends_with(part) : self.text()->starts_with(part);
  };
  if (affix != nullptr && affix->list() != nullptr && affix->list()->tuple) {
    return std::any_of(affix->list()->items.begin(), affix->list()->items.end(), has);
  }
  return affix == nullptr ? has(Value()) : has(*affix);
}

template <bool kSuffix>
Value RemoveAffix(Meter& meter, const Value& self, const Arguments& arguments) {
  const char* const name = kSuffix ? "removesuffix" : "removeprefix";
  const std::string& part = TextOf(name, Bind(name, arguments, {"affix"})[0]);
  meter.ChargeText(self.text()->size());
  std::string_view text = *self.text();
  if (kSuffix && text.ends_with(part)) {
    text.remove_suffix(part.size());
  } else if (!kSuffix && text.starts_with(part)) {
    text.remove_prefix(part.size());
  }
  return std::string(text);
}

Value ReplaceMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  const auto bound = Bind("replace", arguments, {"old", "new", "count"});
  return Replace(meter, *self.text(), TextOf("replace", bound[0]), TextOf("replace", bound[1]),
                 IntegerOf("replace", bound[2], -1));
}

Value JoinMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  const auto bound = Bind("join", arguments, {"iterable"});
  std::string text;
  bool first = true;
  for (const Value& item : Iterate(meter, bound[0] != nullptr ? *bound[0] : Value())) {
    const std::string& piece = TextOf("join", &item);
    meter.ChargeAppend(text.size(), self.text()->size() + piece.size());
    text += first ? "" : *self.text();
    text += piece;
    first = false;
  }
  return text;
}

template <bool kFromRight>
Value FindMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  const std::string& part = TextOf("find", Bind("find", arguments, {"sub"})[0]);
  const std::string& text = *self.text();
  meter.Charge(kFromRight ? text.size() * std::max<size_t>(1, part.size() / 16)
                          : text.size() + part.size());
  const size_t at = kFromRight ? text.rfind(part) : FindText(text, part);
  return at == std::string::npos ? int64_t{-1}
                                 : CountCharacters(std::string_view(text).substr(0, at));
}

Value IndexOfText(Meter& meter, const Value& self, const Arguments& arguments) {
  Value found = FindMethod<false>(meter, self, arguments);
  if (*found.Get<int64_t>() < 0) {
    throw Problem("index() finds no such part of the text");
  }
  return found;
}

Value CountInText(Meter& meter, const Value& self, const Arguments& arguments) {
  const std::string& part = TextOf("count", Bind("count", arguments, {"sub"})[0]);
  const std::string& text = *self.text();
  meter.Charge(text.size() + part.size());
  if (part.empty()) {
    return CountCharacters(text) + 1;
  }
  int64_t count = 0;
  for (size_t at = FindText(text, part); at != std::string::npos;
       at = FindText(text, part, at + part.size())) {
    ++count;
  }
  return count;
}

Value CountInList(Meter& meter, const Value& self, const Arguments& arguments) {
  const Value* item = Bind("count", arguments, {"value"})[0];
  const Values& items = self.list()->items;
  return static_cast<int64_t>(std::count_if(items.begin(), items.end(), [&](const Value& other) {
    return item && Equal(meter, *item, other);
  }));
}

Value IndexInList(Meter& meter, const Value& self, const Arguments& arguments) {
  const Value* item = Bind("index", arguments, {"value"})[0];
  const Values& items = self.list()->items;
  const auto found = std::find_if(items.begin(), items.end(), [&](const Value& other) {
    return item && Equal(meter, *item, other);
  });
  if (found == items.end()) {
    throw Problem("index() finds no such item of the list");
  }
  return static_cast<int64_t>(found - items.begin());
}

Value Items(Meter& meter, const Value& self, const Arguments& arguments) {
  Bind("items", arguments, {});
  meter.ChargeItems(3 * self.dict()->items.size());
  Values items;
  for (const auto& [key, value] : self.dict()->items) {
    items.push_back(Value::MakeList({key, value}, true));
  }
  return Value::MakeList(std::move(items));
}

Value Keys(Meter& meter, const Value& self, const Arguments& arguments) {
  Bind("keys", arguments, {});
  return Value::MakeList(Iterate(meter, self));
}

Value ValuesMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  Bind("values", arguments, {});
  meter.ChargeItems(self.dict()->items.size());
  Values items;
  for (const auto& [key, value] : self.dict()->items) {
    items.push_back(value);
  }
  return Value::MakeList(std::move(items));
}

Value GetMethod(Meter& meter, const Value& self, const Arguments& arguments) {
  const auto bound = Bind("get", arguments, {"key", "default"});
  const Value* found = Find(meter, *self.dict(), bound[0] != nullptr ? *bound[0] : Value());
  return found != nullptr ? *found : bound[1] != nullptr ? *bound[1] : Value(None());
}

Value CopyMethod(Meter&, const Value& self, const Arguments& arguments) {
  Bind("copy", arguments, {});
  return self;
}

Value Cycle(Meter&, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    throw Problem("loop.cycle() needs values");
  }
  return arguments.positional[self.loop()->index % arguments.positional.size()];
}

struct NamedMethod {
  std::string_view name;
  Method method;
};

constexpr NamedMethod kTextMethods[] = {
    {"strip", Strip<true, true>},
    {"lstrip", Strip<true, false>},
    {"rstrip", Strip<false, true>},
    {"split", SplitMethod},
    {"rsplit", SplitRightMethod},
    {"splitlines", SplitLinesMethod},
    {"startswith", HasAffix<false>},
    {"endswith", HasAffix<true>},
    {"removeprefix", RemoveAffix<false>},
    {"removesuffix", RemoveAffix<true>},
    {"replace", ReplaceMethod},
    {"join", JoinMethod},
    {"find", FindMethod<false>},
    {"rfind", FindMethod<true>},
    {"index", IndexOfText},
    {"count", CountInText},
    {"upper", Mapped<Upper>},
    {"lower", Mapped<Lower>},
    {"title", Mapped<Title>},
    {"capitalize", Mapped<Capitalize>},
    {"isdigit", Asked<AllDigits>},
    {"isalpha", Asked<AllLetters>},
    {"isalnum", Asked<AllAlphanumeric>},
    {"isspace", Asked<AllSpace>},
    {"isupper", Asked<IsUpper>},
    {"islower", Asked<IsLower>},
};
constexpr NamedMethod kListMethods[] = {
    {"count", CountInList}, {"index", IndexInList}, {"copy", CopyMethod}};
constexpr NamedMethod kDictMethods[] = {{"items", Items},
                                        {"keys", Keys},
                                        {"values", ValuesMethod},
                                        {"get", GetMethod},
                                        {"copy", CopyMethod}};
constexpr NamedMethod kLoopMethods[] = {{"cycle", Cycle}};

Method FindMethodOf(const Value& object, std::string_view name) {
  const auto search = [&](const auto& methods) -> Method {
    for (const NamedMethod& candidate : methods) {
      if (candidate.name == name) {
        return candidate.method;
      }
    }
    return nullptr;
  };
  return object.text() != nullptr   ? search(kTextMethods)
         : object.list() != nullptr ? search(kListMethods)
         : object.dict() != nullptr ? search(kDictMethods)
         : object.loop() != nullptr ? search(kLoopMethods)
                                    : nullptr;
}

}  // namespace

bool HasMethod(const Value& object, std::string_view name) {
  return FindMethodOf(object, name) != nullptr;
}

Value CallMethod(Meter& meter, const Value& object, const std::string& name,
                 const Arguments& arguments) {
  const Method method = FindMethodOf(object, name);
  if (method == nullptr) {
    throw Problem("'" + object.TypeName() + "' has no method " + Quoted(name));
  }
  return method(meter, object, arguments);
}

Value LoopAttribute(const Loop& loop, const std::string& name) {
  const Values& items = loop.items->items;
  const auto index = static_cast<int64_t>(loop.index);
  const auto length = static_cast<int64_t>(items.size());
  if (name == "index" || name == "index0") {
    return index + (name == "index" ? 1 : 0);
  }
  if (name == "revindex" || name == "revindex0") {
    return length - index - (name == "revindex" ? 0 : 1);
  }
  if (name == "first") {
    return index == 0;
  }
  if (name == "last") {
    return index + 1 == length;
  }
  if (name == "length") {
    return length;
  }
  if (name == "depth" || name == "depth0") {
    return int64_t{name == "depth" ? 1 : 0};
  }
  if (name == "previtem" && index > 0) {
    return items[loop.index - 1];
  }
  if (name == "nextitem" && index + 1 < length) {
    return items[loop.index + 1];
  }
  return Value::MakeUndefined("the loop has no " + Quoted(name) + " here");
}

std::string Replace(Meter& meter, const std::string& text, const std::string& old,
                    const std::string& fresh, int64_t limit) {
  std::string out;
  size_t from = 0;
  const auto copy_to = [&](size_t end) {
    meter.ChargeAppend(out.size(), end - from + fresh.size() + 1);
    out.append(text, from, end - from);
    from = end;
  };
  for (int64_t done = 0; limit < 0 || done < limit; ++done) {
    // Nothing stands before every character and at the end.
    size_t at = FindText(text, old, from);
    if (old.empty() && done > 0) {
      at = from < text.size() ? from + FirstCharacter(std::string_view(text).substr(from)).size
                              : std::string::npos;
    }
    if (at == std::string::npos) {
      break;
    }
    copy_to(at);
    out += fresh;
    from += old.size();
  }
  copy_to(text.size());
  return out;
}

}  // namespace tersor::io::jinja
