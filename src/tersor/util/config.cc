#include "tersor/util/config.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <set>
#include <type_traits>
#include <utility>

#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/yaml.h"

namespace tersor {
namespace {

using Value = std::variant<bool, int64_t, uint64_t, double, std::string, std::vector<std::string>>;

/// What a field wants, for messages.
const char* Expected(const ConfigField::Target& target) {
  constexpr const char* kNames[] = {"true or false", "an integer", "a non-negative integer",
                                    "a number",      "text",       "a list of texts"};
  static_assert(std::size(kNames) == std::variant_size_v<ConfigField::Target>);
  return kNames[target.index()];
}

[[noreturn]] void FailType(const ConfigField& field, std::string_view text, const std::string& at) {
  FailUsage(at, ": ", field.key, " must be ", Expected(field.target), ", not ", Quoted(text));
}

template <typename Number>
Number ParseNumber(const ConfigField& field, std::string_view text, const std::string& at) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    FailUsage(at, ": ", field.key, " = ", Quoted(text), " is out of range");
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    FailType(field, text, at);
  }
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) {
      FailUsage(at, ": ", field.key, " must be finite, not ", Quoted(text));
    }
  }
  return number;
}

bool IsList(const ConfigField& field) {
  return std::holds_alternative<std::vector<std::string>*>(field.target);
}

/// `scalar` in the type of `field`; lists are not scalars.
Value ParseScalar(const ConfigField& field, const YamlScalar& scalar, const std::string& at) {
  return std::visit(
      [&](auto* target) -> Value {
        using T = std::remove_pointer_t<decltype(target)>;
        const std::string& text = scalar.text;
        if constexpr (std::is_same_v<T, std::string>) {
          return text;
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          return std::vector<std::string>{text};
        } else if (scalar.quoted) {
          FailType(field, internal::Concat('"', text, '"'), at);
        } else if constexpr (std::is_same_v<T, bool>) {
          if (text == "true" || text == "yes") return true;
          if (text == "false" || text == "no") return false;
          FailType(field, text, at);
        } else {
          return ParseNumber<T>(field, text, at);
        }
      },
      field.target);
}

Value ParseEntry(const ConfigField& field, const YamlEntry& entry) {
  if (entry.kind == YamlEntry::Kind::kScalar) {
    return ParseScalar(field, entry.items.front(), entry.at);
  }
  if (entry.kind == YamlEntry::Kind::kSection || !IsList(field)) {
    FailUsage(entry.at, ": ", field.key, " must be ", Expected(field.target),
              entry.kind == YamlEntry::Kind::kSection ? ", not a section" : ", not a list");
  }
  std::vector<std::string> items;
  for (const YamlScalar& item : entry.items) {
    items.push_back(item.text);
  }
  return items;
}

void Assign(const ConfigField& field, Value value) {
  std::visit(
      [&](auto* target) {
        *target = std::get<std::remove_pointer_t<decltype(target)>>(std::move(value));
      },
      field.target);
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    items.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

/// The keys of `fields` and the sections above them: "model.dim" also gives "model".
std::vector<std::string> KeysAndSections(const std::vector<ConfigField>& fields) {
  std::set<std::string> names;
  for (const ConfigField& field : fields) {
    names.insert(field.key);
    for (size_t dot = field.key.find('.'); dot != std::string::npos;
         dot = field.key.find('.', dot + 1)) {
      names.insert(field.key.substr(0, dot));
    }
  }
  return {names.begin(), names.end()};
}

/// Edit distance in which a swap of two neighbours counts as one step (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

[[noreturn]] void FailUnknown(std::string_view key, const std::vector<std::string>& known,
                              const std::string& at) {
  std::string nearest = NearestName(key, known);
  // A key written without its section, such as "lr" for "train.lr".
  for (const std::string& name : known) {
    if (nearest.empty() && name.ends_with(internal::Concat('.', key))) {
      nearest = name;
    }
  }
  FailUsage(at, ": unknown key ", Quoted(key),
            nearest.empty() ? "; --help lists the known keys"
                            : internal::Concat("; did you mean '", nearest, "'?"));
}

/// An entry that is no field must be a known section.
void CheckSection(const YamlEntry& entry, const std::vector<std::string>& known) {
  if (!std::binary_search(known.begin(), known.end(), entry.key)) {
    FailUnknown(entry.key, known, entry.at);
  }
  if (entry.kind != YamlEntry::Kind::kSection) {
    FailUsage(entry.at, ": ", entry.key, " is a section; write its keys indented below it");
  }
}

}  // namespace

Schema& Schema::Add(std::string key, std::string help, ConfigField::Target target) {
  assert(!key.empty() && std::none_of(fields_.begin(), fields_.end(),
                                      [&](const ConfigField& f) { return f.key == key; }));
  fields_.push_back({std::move(key), std::move(help), target});
  return *this;
}

const ConfigField& Schema::Find(std::string_view key, const std::string& source) const {
  for (const ConfigField& field : fields_) {
    if (field.key == key) {
      return field;
    }
  }
  for (const ConfigField& field : fields_) {
    if (field.key.starts_with(internal::Concat(key, '.'))) {
      FailUsage(source, ": ", key, " is a section; set one of its keys, such as '", field.key, "'");
    }
  }
  FailUnknown(key, KeysAndSections(fields_), source);
}

void Schema::LoadYaml(std::string_view text, const std::string& source) {
  const std::vector<std::string> known = KeysAndSections(fields_);
  const std::vector<YamlEntry> entries = ParseYaml(text, source);
  // All values are read before the first is set: a bad recipe changes nothing.
  std::vector<std::pair<const ConfigField*, Value>> values;
  std::set<std::string_view> seen;
  for (const YamlEntry& entry : entries) {
    const bool is_field = std::any_of(fields_.begin(), fields_.end(),
                                      [&](const ConfigField& f) { return f.key == entry.key; });
    if (!is_field) {
      CheckSection(entry, known);
      continue;
    }
    const ConfigField& field = Find(entry.key, entry.at);
    // "a.b: 1" and "a: {b: 2}" are one key in two spellings.
    if (!seen.insert(field.key).second) {
      FailUsage(entry.at, ": duplicate key '", field.key, "'; keep one of them");
    }
    values.emplace_back(&field, ParseEntry(field, entry));
  }
  for (auto& [field, value] : values) {
    Assign(*field, std::move(value));
  }
}

void Schema::LoadYamlFile(const std::string& path) { LoadYaml(ReadFile(path), path); }

void Schema::Set(std::string_view key, std::string_view value, const std::string& source) {
  const ConfigField& field = Find(key, source);
  CheckText(value, source);
  if (IsList(field)) {
    Assign(field, SplitCommas(value));
  } else {
    Assign(field, ParseScalar(field, {std::string(value), false}, source));
  }
}

Json Schema::ToJson() const {
  Json json = Json::object();
  for (const ConfigField& field : fields_) {
    Json* node = &json;
    std::string_view rest = field.key;
    for (size_t dot; (dot = rest.find('.')) != std::string_view::npos;
         rest.remove_prefix(dot + 1)) {
      node = &(*node)[std::string(rest.substr(0, dot))];
    }
    std::visit([&](const auto* target) { (*node)[std::string(rest)] = *target; }, field.target);
  }
  return json;
}

std::string NearestName(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest;
  size_t smallest = std::min(word.size(), kMaxYamlKeyBytes) / 3 + 1;
  for (const std::string& candidate : candidates) {
    const size_t length_gap = word.size() > candidate.size() ? word.size() - candidate.size()
                                                             : candidate.size() - word.size();
    if (length_gap >= smallest) {
      continue;  // at least so many insertions
    }
    const size_t distance = EditDistance(word, candidate);
    if (distance < smallest) {
      smallest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace tersor
