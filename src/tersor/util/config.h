// Configuration: plain structs whose members are bound to named fields once, and can then be read
// from YAML, set from the command line, listed as help and written into the record.
#ifndef TERSOR_UTIL_CONFIG_H_
#define TERSOR_UTIL_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tersor/util/json.h"

namespace tersor {

/// One bound member of a configuration struct.
struct ConfigField {
  using Target =
      std::variant<bool*, int64_t*, uint64_t*, double*, std::string*, std::vector<std::string>*>;
  std::string key;   // dotted path, such as "model.dim"
  std::string help;  // one line, with the unit
  Target target;     // not owned; its value at binding time is the default
};

/// The named fields of a configuration struct.
///
///   struct TrainConfig { int64_t steps = 1000; double lr = 1e-3; };
///   Schema schema;
///   schema.Add("train.steps", "optimizer steps", &config.steps)
///         .Add("train.lr", "peak learning rate", &config.lr);
///   schema.LoadYamlFile("recipe.yaml");
///   schema.Set("train.lr", "3e-4", "--train.lr");
class Schema {
 public:
  Schema& Add(std::string key, std::string help, ConfigField::Target target);

  /// Sets fields from a YAML mapping; nested mappings form dotted keys. Throws UsageError with one
  /// line that names `source`, the line number, the key and, for an unknown key, the nearest known
  /// one; also for duplicate keys, wrong types, numbers out of range and trailing garbage.
  void LoadYaml(std::string_view text, const std::string& source);
  void LoadYamlFile(const std::string& path);

  /// Sets one field from text, as a command line does ("1e-3", "true", "a,b,c" for lists). Throws
  /// UsageError naming `source`.
  void Set(std::string_view key, std::string_view value, const std::string& source);

  const std::vector<ConfigField>& fields() const { return fields_; }

  /// Nested by the dots of the keys, in binding order.
  Json ToJson() const;

 private:
  const ConfigField& Find(std::string_view key, const std::string& source) const;
  std::vector<ConfigField> fields_;
};

/// The candidate with the smallest edit distance to `word`, or "" when none is near enough to be
/// meant (more than a third of its letters differ).
std::string NearestName(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tersor

#endif  // TERSOR_UTIL_CONFIG_H_
