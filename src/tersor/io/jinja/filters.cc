// Filters of one value.
#include "tersor/io/jinja/filters.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "tersor/io/jinja/methods.h"
#include "tersor/io/jinja/operators.h"
#include "tersor/io/jinja/print.h"
#include "tersor/io/jinja/text.h"
#include "tersor/util/quoted.h"

namespace tersor::io::jinja {
namespace {

bool Flag(const Value* value) { return value != nullptr && value->Truth(); }

int64_t Integer(std::string_view callee, const Value* value, int64_t absent) {
  int64_t number = absent;
  if (value != nullptr && !value->IsNone() && !value->AsInteger(&number)) {
    throw Problem(std::string(callee) + " needs an integer, not '" + value->TypeName() + "'");
  }
  return number;
}

template <std::string (*Function)(std::string_view)>
Value Mapped(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("the filter", arguments, {});
  const std::string text = Str(meter, value);
  meter.ChargeText(4 * text.size());
  return Function(text);
}

Value Same(Meter&, const Value& value, const Arguments& arguments) {
  Bind("safe", arguments, {});
  return value;
}

Value ToText(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("string", arguments, {});
  return value.text() != nullptr ? value : Value(Str(meter, value));
}

Value Trim(Meter& meter, const Value& value, const Arguments& arguments) {
  const Value* chars = Bind("trim", arguments, {"chars"})[0];
  const bool given = chars != nullptr && !chars->IsNone();
  const std::string text = Str(meter, value), set = given ? Str(meter, *chars) : "";
  const auto strip = given ? std::optional<std::string_view>(set) : std::nullopt;
  return std::string(StripRight(StripLeft(text, strip), strip));
}

Value Length(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("length", arguments, {});
  if (value.text() != nullptr) {
    meter.Charge(value.text()->size() / 8);
    return CountCharacters(*value.text());
  }
  if (value.dict() != nullptr) {
    return static_cast<int64_t>(value.dict()->items.size());
  }
  if (value.list() == nullptr && !value.IsUndefined()) {
    throw Problem("'" + value.TypeName() + "' has no length");
  }
  return static_cast<int64_t>(value.list() != nullptr ? value.list()->items.size() : 0);
}

Value Default(Meter&, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("default", arguments, {"default_value", "boolean"});
  if (value.IsUndefined() || (Flag(bound[1]) && !value.Truth())) {
    return bound[0] != nullptr ? *bound[0] : Value(std::string());
  }
  return value;
}

Value ReplaceFilter(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("replace", arguments, {"old", "new", "count"});
  if (bound[0] == nullptr || bound[1] == nullptr) {
    throw Problem("replace needs two texts");
  }
  return Replace(meter, Str(meter, value), Str(meter, *bound[0]), Str(meter, *bound[1]),
                 Integer("replace", bound[2], -1));
}

Value Escape(Meter& meter, const Value& value, const Arguments& arguments) {
  Bind("escape", arguments, {});
  std::string out;
  for (const char c : Str(meter, value)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  meter.ChargeText(out.size());
  return out;
}

std::string Spaces(Meter& meter, const Value* width, int64_t absent) {
  if (width != nullptr && width->text() != nullptr) {
    return *width->text();
  }
  const int64_t count = std::max<int64_t>(0, Integer("indent", width, absent));
  meter.ChargeText(static_cast<uint64_t>(count));
  return std::string(static_cast<size_t>(count), ' ');
}

Value Indent(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("indent", arguments, {"width", "first", "blank"});
  if (value.text() == nullptr) {
    throw Problem("indent needs a text, not '" + value.TypeName() + "'");
  }
  const std::string space = Spaces(meter, bound[0], 4);
  const std::string text = Str(meter, value) + "\n";  // so that no text has no line
  std::string out = Flag(bound[1]) ? space : "";
  bool first = true;
  for (const std::string_view line : SplitLines(text, false)) {
    meter.ChargeText(space.size() + line.size() + 1);
    out += first ? "" : "\n";
    out += first || (line.empty() && !Flag(bound[2])) ? "" : space;
    out += line;
    first = false;
  }
  meter.ChargeText(out.size());
  return out;
}

/// A number written in digits, as Python's int() and float() read it; nothing where it is none.
std::optional<Value> ReadNumber(std::string_view text, int base, bool integer) {
  std::string digits(StripRight(StripLeft(text)));
  const bool negative = digits.starts_with('-');
  digits.erase(0, negative || digits.starts_with('+') ? 1 : 0);
  if (digits.empty() || digits.front() == '_' || digits.front() == '-' || digits.back() == '_') {
    return std::nullopt;
  }
  std::erase(digits, '_');
  if (base == 16 && (digits.starts_with("0x") || digits.starts_with("0X"))) {
    digits.erase(0, 2);
  }
  const char* last = digits.data() + digits.size();
  if (integer) {
    int64_t number = 0;
    const auto end = std::from_chars(digits.data(), last, number, base);
    return end.ptr == last && end.ec == std::errc()
               ? std::optional(Value(negative ? -number : number))
               : std::nullopt;
  }
  double number = 0;
  const auto end = std::from_chars(digits.data(), last, number);
  return end.ptr == last && end.ec == std::errc()
             ? std::optional(Value(negative ? -number : number))
             : std::nullopt;
}

Value ToInteger(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("int", arguments, {"default", "base"});
  RequireDefined(value);
  const int64_t base = Integer("int", bound[1], 10);
  meter.Charge(value.text() != nullptr ? 4 * value.text()->size() : 0);
  int64_t integer;
  double number = NAN;
  if (value.AsInteger(&integer)) {
    return integer;
  }
  if (value.text() != nullptr && base >= 2 && base <= 36) {
    if (auto read = ReadNumber(*value.text(), static_cast<int>(base), true)) {
      return *read;
    }
    if (auto read = ReadNumber(*value.text(), 10, false)) {
      read->AsNumber(&number);
    }
  } else {
    value.AsNumber(&number);
  }
  if (std::fabs(number) < 0x1p63) {
    return static_cast<int64_t>(number);
  }
  return bound[0] != nullptr ? *bound[0] : Value(int64_t{0});
}

Value ToFloat(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("float", arguments, {"default"});
  RequireDefined(value);
  meter.Charge(value.text() != nullptr ? 4 * value.text()->size() : 0);
  double number;
  if (value.AsNumber(&number)) {
    return number;
  }
  if (value.text() != nullptr) {
    if (auto read = ReadNumber(*value.text(), 10, false)) {
      return *read;
    }
  }
  return bound[0] != nullptr ? *bound[0] : Value(0.0);
}

Value Absolute(Meter&, const Value& value, const Arguments& arguments) {
  Bind("abs", arguments, {});
  double number;
  if (!value.AsNumber(&number)) {
    throw Problem("abs needs a number, not '" + value.TypeName() + "'");
  }
  int64_t integer = 0;
  value.AsInteger(&integer);
  return number >= 0 && !value.Is<bool>() ? value
         : value.Is<double>()             ? Value(std::fabs(number))
         : integer < 0                    ? Negate(value)
                                          : Value(integer);
}

double RoundCommon(double number, int64_t precision) {
  if (precision <= 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(number / scale) * scale;
  }
  // The decimal nearest to the exact binary value, halves to even: as Python rounds.
  char digits[400];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed,
                                 static_cast<int>(precision));
  double rounded = number;
  std::from_chars(digits, end.ptr, rounded);
  return rounded;
}

Value Round(Meter&, const Value& value, const Arguments& arguments) {
  const auto bound = Bind("round", arguments, {"precision", "method"});
  const int64_t precision = Integer("round", bound[0], 0);
  const std::string method =
      bound[1] != nullptr && bound[1]->text() != nullptr ? *bound[1]->text() : "common";
  double number;
  if (!value.AsNumber(&number)) {
    throw Problem("round needs a number, not '" + value.TypeName() + "'");
  }
  if (precision < -20 || precision > 20) {
    throw Problem("round takes a precision of -20 to 20");
  }
  if (method == "common") {
    int64_t integer;
    if (value.AsInteger(&integer) && precision >= 0) {
      return integer;
    }
    const double rounded = std::isfinite(number) ? RoundCommon(number, precision) : number;
    return value.Is<double>() || std::fabs(rounded) >= 0x1p63
               ? Value(rounded)
               : Value(static_cast<int64_t>(rounded));
  }
  if (method != "ceil" && method != "floor") {
    throw Problem("round takes common, ceil or floor, not " + Quoted(method));
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  return (method == "ceil" ? std::ceil(number * scale) : std::floor(number * scale)) / scale;
}

Value Json(Meter& meter, const Value& value, const Arguments& arguments) {
  const auto bound =
      Bind("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonLayout layout;
  layout.ensure_ascii = Flag(bound[0]);
  layout.sort_keys = Flag(bound[3]);
  layout.indented = bound[1] != nullptr && !bound[1]->IsNone();
  if (layout.indented) {
    layout.indent = Spaces(meter, bound[1], 0);
    layout.item_separator.pop_back();  // a new line stands for the space
  }
  if (bound[2] != nullptr && !bound[2]->IsNone()) {
    const List* pair = bound[2]->list();
    if (pair == nullptr || pair->items.size() != 2 || pair->items[0].text() == nullptr ||
        pair->items[1].text() == nullptr) {
      throw Problem("tojson takes two texts as separators");
    }
    layout.item_separator = *pair->items[0].text();
    layout.key_separator = *pair->items[1].text();
  }
  return ToJson(meter, value, layout);
}

Value Attribute(Meter& meter, const Value& value, const Arguments& arguments) {
  const Value* name = Bind("attr", arguments, {"name"})[0];
  if (name == nullptr || name->text() == nullptr) {
    throw Problem("attr needs a name");
  }
  meter.Charge(name->text()->size());
  // Unlike value.name, never an item.
  return value.dict() != nullptr && !HasMethod(value, *name->text())
             ? Value::MakeUndefined("'dict object' has no attribute " + Quoted(*name->text()))
             : GetAttribute(meter, value, *name->text());
}

Value Format(Meter& meter, const Value& value, const Arguments& arguments) {
  if (!arguments.keyword.empty()) {
    throw Problem("format takes no named values");
  }
  return FormatPercent(meter, Str(meter, value), Value::MakeList(arguments.positional, true));
}

constexpr NamedFilter kFilters[] = {
    {"abs", Absolute},
    {"attr", Attribute},
    {"capitalize", Mapped<Capitalize>},
    {"count", Length},
    {"d", Default},
    {"default", Default},
    {"e", Escape},
    {"escape", Escape},
    {"float", ToFloat},
    {"format", Format},
    {"indent", Indent},
    {"int", ToInteger},
    {"length", Length},
    {"lower", Mapped<Lower>},
    {"replace", ReplaceFilter},
    {"round", Round},
    {"safe", Same},
    {"string", ToText},
    {"title", Mapped<TitleWords>},
    {"tojson", Json},
    {"trim", Trim},
    {"upper", Mapped<Upper>},
};

}  // namespace

Filter FindScalarFilter(const std::string& name) {
  for (const auto& [candidate, filter] : kFilters) {
    if (name == candidate) {
      return filter;
    }
  }
  return nullptr;
}

Value ApplyFilter(Meter& meter, const std::string& name, const Value& value,
                  const Arguments& arguments) {
  Filter filter = FindScalarFilter(name);
  filter = filter != nullptr ? filter : FindListFilter(name);
  if (filter == nullptr) {
    throw Problem("there is no filter " + Quoted(name));
  }
  meter.Charge(Meter::kStep);
  return filter(meter, value, arguments);
}

}  // namespace tersor::io::jinja
