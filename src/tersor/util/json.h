// The JSON type of the project: keys keep their order, so that written files read as intended.
#ifndef TERSOR_UTIL_JSON_H_
#define TERSOR_UTIL_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tersor {

using Json = nlohmann::ordered_json;

/// Parses `text`; errors name `source` (a path) and the position. Throws Error.
Json ParseJson(std::string_view text, const std::string& source);

/// For files with objects of very many keys, such as vocabularies: `Json` looks a key up by a scan,
/// so that reading 100 000 of them takes half a minute. Keys come in sorted order here.
using SortedJson = nlohmann::json;
SortedJson ParseSortedJson(std::string_view text, const std::string& source);

/// Reads and parses a file. Throws Error naming the path.
Json ReadJsonFile(const std::string& path);

}  // namespace tersor

#endif  // TERSOR_UTIL_JSON_H_
