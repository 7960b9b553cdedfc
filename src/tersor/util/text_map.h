// A hash map with text keys that a std::string_view can search without a copy.
#ifndef TERSOR_UTIL_TEXT_MAP_H_
#define TERSOR_UTIL_TEXT_MAP_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tersor {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace tersor

#endif  // TERSOR_UTIL_TEXT_MAP_H_
