#include "tersor/util/json.h"

#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor {

Json ParseJson(std::string_view text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    Fail(source, ": not valid JSON near byte ", e.byte);
  } catch (const Json::exception&) {
    // What is left is out_of_range: a literal such as 1e999.
    Fail(source, ": holds a number that is too large for a double");
  }
}

Json ReadJsonFile(const std::string& path) { return ParseJson(ReadFile(path), path); }

}  // namespace tersor
