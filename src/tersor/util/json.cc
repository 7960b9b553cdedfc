#include "tersor/util/json.h"

#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor {

namespace {

template <typename AnyJson>
AnyJson Parse(std::string_view text, const std::string& source) {
  try {
    return AnyJson::parse(text);
  } catch (const typename AnyJson::parse_error& e) {
    Fail(source, ": not valid JSON near byte ", e.byte);
  } catch (const typename AnyJson::exception&) {
    // What is left is out_of_range: a literal such as 1e999.
    Fail(source, ": holds a number that is too large for a double");
  }
}

}  // namespace

Json ParseJson(std::string_view text, const std::string& source) {
  return Parse<Json>(text, source);
}

SortedJson ParseSortedJson(std::string_view text, const std::string& source) {
  return Parse<SortedJson>(text, source);
}

Json ReadJsonFile(const std::string& path) { return ParseJson(ReadFile(path), path); }

}  // namespace tersor
