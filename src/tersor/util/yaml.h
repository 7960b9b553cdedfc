// The subset of YAML that configuration needs, read as a flat list of dotted keys.
#ifndef TERSOR_UTIL_YAML_H_
#define TERSOR_UTIL_YAML_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/quoted.h"

namespace tersor {

/// Longest dotted key that a file may hold, in bytes.
inline constexpr size_t kMaxYamlKeyBytes = 200;

/// One value as it was written.
struct YamlScalar {
  std::string text;
  bool quoted = false;  // quoted text is a string, never a number
};

/// One key of the file with what stands under it.
struct YamlEntry {
  enum class Kind { kScalar, kList, kSection };
  std::string key;  // dotted path, such as "model.dim"
  std::string at;   // where, such as "recipe.yaml:3"
  Kind kind = Kind::kScalar;
  std::vector<YamlScalar> items;  // one for kScalar, none for kSection
};

/// The entries of one YAML mapping in the order of the file; an empty file gives none. Values are
/// scalars, lists of scalars or mappings. Throws UsageError naming `source` and the line for text
/// that is not YAML or not UTF-8, for duplicate keys, nulls, aliases, anchors, tags, several
/// documents, nesting beyond 16 levels and texts beyond 1 MiB.
std::vector<YamlEntry> ParseYaml(std::string_view text, const std::string& source);

/// Throws UsageError naming `source` unless `text` is UTF-8 without control characters other than
/// tabs and line ends.
void CheckText(std::string_view text, const std::string& source);

}  // namespace tersor

#endif  // TERSOR_UTIL_YAML_H_
