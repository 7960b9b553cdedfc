#include "tersor/util/json.h"

#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor {

Json ParseJson(std::string_view text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    Fail(source, ": not valid JSON near byte ", e.byte);
  }
}

Json ReadJsonFile(const std::string& path) { return ParseJson(ReadFile(path), path); }

}  // namespace tersor
