#include "tersor/io/jinja/print.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tersor/io/jinja/text.h"
#include "tersor/util/utf8.h"

namespace tersor::io::jinja {
namespace {

/// str.isprintable() of one character.
bool IsPrintable(uint32_t code) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return code == ' ' || !(category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_ZS);
}

std::string ReprText(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (std::string_view rest = text; !rest.empty();) {
    const auto [code, size] = FirstCharacter(rest);
    if (code == static_cast<unsigned char>(quote) || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code == '\n' || code == '\r' || code == '\t') {
      out += code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t";
    } else if (IsPrintable(code)) {
      out += rest.substr(0, size);
    } else {
      out += code < 0x100     ? fmt::format("\\x{:02x}", code)
             : code < 0x10000 ? fmt::format("\\u{:04x}", code)
                              : fmt::format("\\U{:08x}", code);
    }
    rest.remove_prefix(size);
  }
  return out + quote;
}

// Namespaces can hold themselves; nothing else nests this deeply.
constexpr int kMaxReprDepth = 200;

class ReprWriter {
 public:
  explicit ReprWriter(Meter& meter) : meter_(meter) {}

  std::string Write(const Value& value) {
    if (++depth_ > kMaxReprDepth) {
      throw Problem("a namespace holds itself and cannot be printed");
    }
    std::string out = Scalar(value);
    if (value.list() != nullptr) {
      out = WriteList(*value.list());
    } else if (value.dict() != nullptr) {
      out = WritePairs(
          "{", value.dict()->items, [&](const Value& key) { return Write(key); }, "}");
    } else if (value.space() != nullptr) {
      out = WritePairs(
          "<Namespace {", value.space()->items,
          [](const std::string& key) { return ReprText(key); }, "}>");
    }
    meter_.ChargeText(out.size());
    --depth_;
    return out;
  }

 private:
  static std::string Scalar(const Value& value) {
    if (const auto* flag = value.Get<bool>()) {
      return *flag ? "True" : "False";
    }
    if (const auto* number = value.Get<int64_t>()) {
      return std::to_string(*number);
    }
    if (const auto* number = value.Get<double>()) {
      return FloatText(*number);
    }
    if (value.text() != nullptr) {
      return ReprText(*value.text());
    }
    if (const Callable* callable = value.callable()) {
      return callable->macro != nullptr ? fmt::format("<Macro '{}'>", callable->name)
                                        : fmt::format("<function {}>", callable->name);
    }
    if (const Loop* loop = value.loop()) {
      return fmt::format("<LoopContext {}/{}>", loop->index + 1, loop->items->items.size());
    }
    return value.IsNone() ? "None" : "Undefined";
  }

  std::string WriteList(const List& list) {
    std::string out = list.tuple ? "(" : "[";
    for (size_t i = 0; i < list.items.size(); ++i) {
      out += i > 0 ? ", " : "";
      out += Write(list.items[i]);
    }
    out += list.tuple && list.items.size() == 1 ? "," : "";
    return out + (list.tuple ? ")" : "]");
  }

  template <typename Pairs, typename WriteKey>
  std::string WritePairs(const char* open, const Pairs& pairs, const WriteKey& write_key,
                         const char* close) {
    std::string out = open;
    bool first = true;
    for (const auto& [key, value] : pairs) {
      out += first ? "" : ", ";
      out += write_key(key);
      out += ": ";
      out += Write(value);
      first = false;
    }
    return out + close;
  }

  Meter& meter_;
  int depth_ = 0;
};

class JsonWriter {
 public:
  JsonWriter(Meter& meter, const JsonLayout& layout) : meter_(meter), layout_(layout) {}

  void Write(const Value& value, size_t level) {
    meter_.Charge(Meter::kElement);
    double number;
    if (value.text() != nullptr) {
      WriteText(*value.text());
    } else if (value.IsNone()) {
      out_ += "null";
    } else if (const auto* flag = value.Get<bool>()) {
      out_ += *flag ? "true" : "false";
    } else if (const auto* integer = value.Get<int64_t>()) {
      out_ += std::to_string(*integer);
    } else if (value.AsNumber(&number)) {
      out_ += std::isfinite(number) ? FloatText(number)
              : std::isnan(number)  ? "NaN"
              : number > 0          ? "Infinity"
                                    : "-Infinity";
    } else if (value.list() != nullptr) {
      WriteList(value.list()->items, level);
    } else if (value.dict() != nullptr) {
      WriteDict(*value.dict(), level);
    } else {
      const auto* undefined = value.Get<Undefined>();
      throw Problem((undefined && undefined->why ? *undefined->why + ": " : "") +
                    "JSON cannot hold a value of type " + value.TypeName());
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void WriteList(const Values& items, size_t level) {
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      Separate(i == 0, level + 1);
      Write(items[i], level + 1);
    }
    Close(items.empty(), level, ']');
  }

  void WriteDict(const Dict& dict, size_t level) {
    std::vector<std::pair<std::string, const Value*>> items;
    for (const auto& [key, value] : dict.items) {
      items.emplace_back(Key(key), &value);
    }
    if (layout_.sort_keys) {
      std::stable_sort(items.begin(), items.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
    }
    out_ += '{';
    for (size_t i = 0; i < items.size(); ++i) {
      Separate(i == 0, level + 1);
      WriteText(items[i].first);
      out_ += layout_.key_separator;
      Write(*items[i].second, level + 1);
    }
    Close(items.empty(), level, '}');
  }

  void Separate(bool first, size_t level) {
    out_ += first ? "" : layout_.item_separator;
    Break(level);
  }

  void Close(bool empty, size_t level, char bracket) {
    if (!empty) {
      Break(level);
    }
    out_ += bracket;
  }

  void Break(size_t level) {
    meter_.ChargeText(layout_.item_separator.size() + layout_.key_separator.size());
    if (layout_.indented) {
      meter_.ChargeText(level * layout_.indent.size());
      out_ += '\n';
      for (size_t i = 0; i < level; ++i) {
        out_ += layout_.indent;
      }
    }
  }

  /// Keys that are no texts are written as JSON would write them as values.
  std::string Key(const Value& key) {
    if (key.text() != nullptr) {
      return *key.text();
    }
    if (key.list() != nullptr || key.dict() != nullptr) {
      throw Problem("a key of a JSON object is a " + key.TypeName());
    }
    JsonWriter scalar(meter_, layout_);
    scalar.Write(key, 0);
    return scalar.Take();
  }

  void WriteText(const std::string& text) {
    meter_.ChargeText(2 * text.size());
    out_ += '"';
    for (std::string_view rest = text; !rest.empty();) {
      const auto [code, size] = FirstCharacter(rest);
      WriteCharacter(code, rest.substr(0, size));
      rest.remove_prefix(size);
    }
    out_ += '"';
  }

  void WriteCharacter(uint32_t code, std::string_view bytes) {
    static constexpr std::string_view kNamed = "\"\\\b\f\n\r\t";
    if (const size_t named = code < 0x80 ? kNamed.find(static_cast<char>(code)) : kNamed.npos;
        named != kNamed.npos) {
      out_ += '\\';
      out_ += "\"\\bfnrt"[named];
    } else if (code < 0x20 || (layout_.ensure_ascii && code >= 0x7F && code < 0x10000)) {
      out_ += fmt::format("\\u{:04x}", code);
    } else if (layout_.ensure_ascii && code >= 0x10000) {
      out_ += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((code - 0x10000) >> 10),
                          0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
      out_ += bytes;
    }
  }

  Meter& meter_;
  const JsonLayout& layout_;
  std::string out_;
};

}  // namespace

std::string FloatText(double value) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view shortest(buffer, static_cast<size_t>(end.ptr - buffer));
  const size_t e = shortest.find('e');
  int exponent = 0;
  const size_t sign = shortest[e + 1] == '+' ? 1 : 0;
  std::from_chars(shortest.data() + e + 1 + sign, shortest.data() + shortest.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    return std::string(shortest);
  }
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  const std::string text(buffer, fixed.ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string Str(Meter& meter, const Value& value) {
  if (value.text() != nullptr) {
    meter.ChargeText(value.text()->size());
    return *value.text();
  }
  return value.IsUndefined() ? "" : Repr(meter, value);
}

std::string Repr(Meter& meter, const Value& value) { return ReprWriter(meter).Write(value); }

std::string ToJson(Meter& meter, const Value& value, const JsonLayout& layout) {
  JsonWriter writer(meter, layout);
  writer.Write(value, 0);
  return writer.Take();
}

Value FormatPercent(Meter& meter, const std::string& text, const Value& values) {
  const bool is_tuple = values.list() != nullptr && values.list()->tuple;
  const Values items = is_tuple ? Iterate(meter, values) : Values{values};
  std::string out;
  size_t used = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    const char kind = ++at < text.size() ? text[at] : '\0';
    if (kind == '%') {
      out += '%';
      continue;
    }
    double number = 0;
    const bool is_integer = kind == 'd' || kind == 'i';
    if (!is_integer && kind != 's' && kind != 'r') {
      throw Problem("'%' of a text takes only %s, %r, %d and %%");
    }
    if (used == items.size() || (is_integer && !items[used].AsNumber(&number))) {
      throw Problem("'%' of a text has too few values, or one of a wrong type");
    }
    const Value& item = items[used++];
    int64_t integer = 0;
    if (is_integer && !item.AsInteger(&integer)) {
      if (!(std::fabs(number) < 0x1p62)) {
        throw Problem("'%d' of a text needs a number of at most 62 bits");
      }
      integer = static_cast<int64_t>(number);
    }
    out += is_integer    ? std::to_string(integer)
           : kind == 's' ? Str(meter, item)
                         : Repr(meter, item);
    meter.ChargeAppend(out.size(), 1);
  }
  // Python takes lists and objects for sources of named values, which may go unused.
  if (used != items.size() &&
      (is_tuple || (values.list() == nullptr && values.dict() == nullptr))) {
    throw Problem("'%' of a text has more values than places");
  }
  meter.ChargeText(out.size());
  return out;
}

}  // namespace tersor::io::jinja
