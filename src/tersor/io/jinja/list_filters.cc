// Filters of lists and objects.
#include <algorithm>
#include <optional>

#include "tersor/io/jinja/filters.h"
#include "tersor/io/jinja/methods.h"
#include "tersor/io/jinja/operators.h"
#include "tersor/io/jinja/print.h"
#include "tersor/io/jinja/text.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

bool Flag(const Value* value) { return value != nullptr && value->Truth(); }

/// What items are compared by: the item or its attribute, texts without regard to case.
Value SortKey(Meter& meter, const Value& item, const Value* attribute, bool case_sensitive) {
  Value key =
      attribute != nullptr && !attribute->IsNone() ? GetPath(meter, item, *attribute) : item;
  if (!case_sensitive && key.text() != nullptr) {
    meter.ChargeText(4 * key.text()->size());
    return Lower(*key.text());
  }
  return key;
}

Values SortedBy(Meter& meter, Values items, const Values& keys, bool reverse) {
  meter.ChargeItems(items.size());
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return reverse ? Less(meter, keys[b], keys[a]) : Less(meter, keys[a], keys[b]);
  });
  Values sorted;
  for (const size_t i : order) {
    sorted.push_back(std::move(items[i]));
  }
  return sorted;
}

Value ToList(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("list", arguments, {});
  return Value::MakeList(Iterate(meter, value));
}

Value First(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("first", arguments, {});
  const Values items = Iterate(meter, value);
  return items.empty() ? Value::MakeUndefined("an empty sequence has no first item")
                       : items.front();
}

Value Last(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("last", arguments, {});
  const Values items = Iterate(meter, value);
  return items.empty() ? Value::MakeUndefined("an empty sequence has no last item") : items.back();
}

Value Join(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("join", arguments, {"d", "attribute"});
  const std::string between = bound[0] != nullptr ? Str(meter, *bound[0]) : "";
  std::string out;
  bool first = true;
  for (const Value& item : Iterate(meter, value)) {
    const bool plain = bound[1] == nullptr || bound[1]->IsNone();
    const std::string piece = Str(meter, plain ? item : GetPath(meter, item, *bound[1]));
    meter.ChargeAppend(out.size(), between.size() + piece.size());
    out += first ? "" : between;
    out += piece;
    first = false;
  }
  return out;
}

Value ItemsFilter(Meter& meter, const Value& value, const Arguments& arguments) {
  if (value.IsUndefined()) {
    return Value::MakeList({});
  }
  if (value.dict() == nullptr) {
    throw Problem("items needs an object, not '" + value.TypeName() + "'");
  }
  return CallMethod(meter, value, "items", arguments);
}

Value DictSort(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const bool by_value =
      bound[1] != nullptr && bound[1]->text() != nullptr && *bound[1]->text() == "value";
  const Value pairs = ItemsFilter(meter, value, {});
  Values keys;
  for (const Value& pair : pairs.list()->items) {
    keys.push_back(SortKey(meter, pair.list()->items[by_value ? 1 : 0], nullptr, Flag(bound[0])));
  }
  return Value::MakeList(SortedBy(meter, pairs.list()->items, keys, Flag(bound[2])));
}

Value Sort(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  Values items = Iterate(meter, value);
  Values keys;
  for (const Value& item : items) {
    keys.push_back(SortKey(meter, item, bound[2], Flag(bound[1])));
  }
  return Value::MakeList(SortedBy(meter, std::move(items), keys, Flag(bound[0])));
}

Value Unique(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("unique", arguments, {"case_sensitive", "attribute"});
  Values kept, keys;
  for (const Value& item : Iterate(meter, value)) {
    Value key = SortKey(meter, item, bound[1], Flag(bound[0]));
    if (std::none_of(keys.begin(), keys.end(),
                     [&](const Value& other) { return Equal(meter, key, other); })) {
      kept.push_back(item);
      keys.push_back(std::move(key));
    }
  }
  return Value::MakeList(std::move(kept));
}

Value Reverse(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("reverse", arguments, {});
  Values items = Iterate(meter, value);
  std::reverse(items.begin(), items.end());
  if (value.text() == nullptr) {
    return Value::MakeList(std::move(items));
  }
  std::string text;
  for (const Value& character : items) {
    text += *character.text();
  }
  return text;
}

template <bool kMax>
Value Extreme(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("min or max", arguments, {"case_sensitive", "attribute"});
  std::optional<Value> best, best_key;
  for (const Value& item : Iterate(meter, value)) {
    Value key = SortKey(meter, item, bound[1], Flag(bound[0]));
    if (!best || (kMax ? Less(meter, *best_key, key) : Less(meter, key, *best_key))) {
      best = item;
      best_key = std::move(key);
    }
  }
  return best ? *best : Value::MakeUndefined("an empty sequence has no extreme");
}

Value Sum(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("sum", arguments, {"attribute", "start"});
  Value sum = bound[1] != nullptr ? *bound[1] : Value(int64_t{0});
  for (const Value& item : Iterate(meter, value)) {
    const bool plain = bound[0] == nullptr || bound[0]->IsNone();
    sum = Arithmetic(meter, "+", sum, plain ? item : GetPath(meter, item, *bound[0]));
  }
  return sum;
}

/// The name in front of arguments, and the arguments behind it.
std::pair<std::string, Arguments> NameAndRest(std::string_view callee, const Arguments& arguments,
                                              size_t at) {
  if (arguments.positional.size() <= at || arguments.positional[at].text() == nullptr) {
    throw Problem(std::string(callee) + " needs the name of a filter or test");
  }
  Arguments rest{.positional = {arguments.positional.begin() + static_cast<ptrdiff_t>(at) + 1,
                                arguments.positional.end()},
                 .keyword = arguments.keyword};
  return {*arguments.positional[at].text(), std::move(rest)};
}

/// As Jinja's map and select do, which take none for an empty list.
Values IterateIfAny(Meter& meter, const Value& value) {
  return value.Truth() ? Iterate(meter, value) : Values();
}

Value Map(Meter& meter, const Value& value, const Arguments& arguments) {
  Values mapped;
  if (!arguments.positional.empty()) {
    const auto [name, rest] = NameAndRest("map", arguments, 0);
    for (const Value& item : IterateIfAny(meter, value)) {
      mapped.push_back(ApplyFilter(meter, name, item, rest));
    }
    return Value::MakeList(std::move(mapped));
  }
  const auto bound = Bind("map", arguments, {"attribute", "default"});
  if (bound[0] == nullptr) {
    throw Problem("map needs a filter or an attribute");
  }
  for (const Value& item : IterateIfAny(meter, value)) {
    Value part = GetPath(meter, item, *bound[0]);
    mapped.push_back(part.IsUndefined() && bound[1] != nullptr ? *bound[1] : std::move(part));
  }
  return Value::MakeList(std::move(mapped));
}

/// select, reject, selectattr, rejectattr: items, or attributes of them, that hold under a test.
template <bool kAttribute, bool kWanted>
Value Select(Meter& meter, const Value& value, const Arguments& arguments) {
  constexpr size_t kTestAt = kAttribute ? 1 : 0;
  if (kAttribute && arguments.positional.empty()) {
    throw Problem("selectattr and rejectattr need an attribute");
  }
  std::pair<std::string, Arguments> test;
  if (arguments.positional.size() > kTestAt) {
    test = NameAndRest("select", arguments, kTestAt);
  }
  Values kept;
  for (const Value& item : IterateIfAny(meter, value)) {
    const Value subject = kAttribute ? GetPath(meter, item, arguments.positional[0]) : item;
    const bool holds =
        test.first.empty() ? subject.Truth() : ApplyTest(meter, test.first, subject, test.second);
    if (holds == kWanted) {
      kept.push_back(item);
    }
  }
  return Value::MakeList(std::move(kept));
}

constexpr NamedFilter kFilters[] = {
    {"dictsort", DictSort},
    {"first", First},
    {"items", ItemsFilter},
    {"join", Join},
    {"last", Last},
    {"list", ToList},
    {"map", Map},
    {"max", Extreme<true>},
    {"min", Extreme<false>},
    {"reject", Select<false, false>},
    {"rejectattr", Select<true, false>},
    {"reverse", Reverse},
    {"select", Select<false, true>},
    {"selectattr", Select<true, true>},
    {"sort", Sort},
    {"sum", Sum},
    {"unique", Unique},
};

}  // namespace

Filter FindListFilter(const std::string& name) {
  for (const auto& [candidate, filter] : kFilters) {
    if (name == candidate) {
      return filter;
    }
  }
  return nullptr;
}

}  // namespace tersor::io::jinja
