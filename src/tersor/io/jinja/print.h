// Values as text: Python's str() and repr(), and JSON as json.dumps writes it.
#ifndef TERSOR_IO_JINJA_PRINT_H_
#define TERSOR_IO_JINJA_PRINT_H_

#include <string>
#include <string_view>

#include "tersor/io/jinja/value.h"

namespace tersor::io::jinja {

/// What {{ }} prints.
std::string Str(Meter& meter, const Value& value);
/// What a list prints of its items: texts in quotes.
std::string Repr(Meter& meter, const Value& value);
/// The shortest digits that read back the same, laid out as Python does: 1.0, 1e-05, nan.
std::string FloatText(double value);

/// text % values, for %s %r %d %i %%, without widths.
Value FormatPercent(Meter& meter, const std::string& text, const Value& values);

struct JsonLayout {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool indented = false;
  std::string indent;  // of one level
  std::string item_separator = ", ", key_separator = ": ";
};
/// Throws Problem for what JSON cannot hold.
std::string ToJson(Meter& meter, const Value& value, const JsonLayout& layout);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_PRINT_H_
