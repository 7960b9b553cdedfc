#include "tersor/report/record_view.h"

#include <limits>

#include "tersor/report/number_format.h"
#include "tersor/util/error.h"

namespace tersor::report {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr int kMaxDepth = 6;            // of nested configuration and cells
constexpr size_t kMaxTextBytes = 2000;  // of one configuration value or cell

const Json& Field(const Json& object, const char* key) {
  static const Json absent;
  const auto it = object.find(key);
  return it == object.end() ? absent : *it;
}

/// A field that, where present, must be of a given shape.
const Json& Shaped(const Json& record, const char* key, Json::value_t shape,
                   const std::string& name) {
  const Json& field = Field(record, key);
  TERSOR_CHECK(field.is_null() || field.type() == shape, name, ": \"", key, "\" must be ",
               shape == Json::value_t::array ? "an array" : "an object");
  return field;
}

std::string TextOf(const Json& object, const char* key) {
  const Json& field = Field(object, key);
  return field.is_string() ? field.get<std::string>() : "";
}

double NumberOf(const Json& value) { return value.is_number() ? value.get<double>() : kMissing; }

void AppendText(const Json& value, int depth, std::string* out) {
  if (out->size() > kMaxTextBytes) {
    return;
  }
  switch (value.type()) {
    case Json::value_t::string:
      *out += value.get_ref<const std::string&>();
      return;
    case Json::value_t::number_float:
      *out += FormatNumber(value.get<double>());
      return;
    case Json::value_t::array:
    case Json::value_t::object: {
      if (depth >= kMaxDepth) {
        *out += "…";
        return;
      }
      const char* separator = "";
      for (const auto& [key, item] : value.items()) {
        *out += separator;
        if (value.is_object()) {
          out->append(key).append(": ");
        }
        AppendText(item, depth + 1, out);
        separator = ", ";
        if (out->size() > kMaxTextBytes) {
          *out += " …";
          return;
        }
      }
      return;
    }
    default:
      *out += value.is_null() ? "none" : value.dump();  // booleans and integers
  }
}

void Flatten(const Json& value, const std::string& prefix, int depth,
             std::vector<std::pair<std::string, std::string>>* out) {
  for (const auto& [key, item] : value.items()) {
    if (item.is_object() && !item.empty() && depth < kMaxDepth) {
      Flatten(item, prefix + key + ".", depth + 1, out);
    } else {
      out->emplace_back(prefix + key, PlainText(item));
    }
  }
}

std::vector<double> Numbers(const Json& curve, const char* key, const std::string& where) {
  const Json& array = Field(curve, key);
  TERSOR_CHECK(array.is_array(), where, ": \"", key, "\" must be an array of numbers");
  std::vector<double> out;
  out.reserve(array.size());
  for (const Json& item : array) {
    TERSOR_CHECK(item.is_number() || item.is_null(), where, ": \"", key,
                 "\" must hold numbers or null only");
    out.push_back(NumberOf(item));
  }
  return out;
}

Curve ReadCurve(const std::string& name, const Json& json, const std::string& record) {
  const std::string where = internal::Concat(record, ": series '", name, "'");
  TERSOR_CHECK(json.is_object(), where, " must be an object with x and y");
  Curve curve{name, TextOf(json, "x_label"), TextOf(json, "y_label"), Numbers(json, "x", where),
              Numbers(json, "y", where)};
  curve.inner = json.contains("inner") && json["inner"] == true;
  TERSOR_CHECK(curve.x.size() == curve.y.size(), where, ": x has ", curve.x.size(),
               " values but y has ", curve.y.size());
  return curve;
}

CellMap ReadMap(const Json& json, const std::string& record) {
  TERSOR_CHECK(json.is_object() && Field(json, "cells").is_array(), record,
               ": \"maps\" must hold objects with an array of cells");
  CellMap map{TextOf(json, "title"), TextOf(json, "x_label"), TextOf(json, "y_label"), {}};
  for (const Json& row : json["cells"]) {
    const std::string cells = row.is_string() ? row.get<std::string>() : "?";
    TERSOR_CHECK(cells.find_first_not_of(".0123456789") == std::string::npos, record, ": map '",
                 map.title, "' must hold rows of digits and points only");
    TERSOR_CHECK(map.cells.empty() || cells.size() == map.cells.front().size(), record, ": map '",
                 map.title, "' has rows of ", map.cells.empty() ? 0 : map.cells.front().size(),
                 " and of ", cells.size(), " cells");
    map.cells.push_back(cells);
  }
  return map;
}

bool IsBenchRow(const Json& row) {
  return row.is_object() && Field(row, "name").is_string() && row.contains("ratio") &&
         row.contains("ours") && row.contains("peer");
}

BenchRow ReadBenchRow(const Json& row) {
  const auto number = [&](const char* key) { return NumberOf(Field(row, key)); };
  return {TextOf(row, "name"), TextOf(row, "unit"), TextOf(row, "peer_name"), number("ours"),
          number("peer"),      number("ratio"),     number("ratio_low"),      number("ratio_high")};
}

void ReadMetrics(const Json& metrics, RecordView* view) {
  for (const auto& [key, value] : metrics.items()) {
    if (value.is_number() || value.is_null()) {
      view->metrics.emplace_back(key, NumberOf(value));
    } else {
      view->notes.emplace_back(key, PlainText(value));
    }
  }
}

}  // namespace

std::string PlainText(const Json& value) {
  std::string out;
  AppendText(value, 0, &out);
  return out;
}

RecordView ViewRecord(const Json& record, const std::string& name) {
  const std::string where = name.empty() ? "record" : name;
  TERSOR_CHECK(record.is_object(), where, ": not a result record; expected a JSON object");
  RecordView view;
  view.verb = TextOf(record, "verb");
  view.name = !name.empty() ? name : !view.verb.empty() ? view.verb : "result";
  view.version = TextOf(record, "tersor");
  view.command = TextOf(record, "command");
  if (const Json& seed = Field(record, "seed"); seed.is_number_integer()) {
    view.seed = seed.dump();
  }
  if (const Json& seconds = Field(record, "seconds"); seconds.is_number()) {
    view.seconds = seconds.get<double>();
  }
  using Shape = Json::value_t;
  ReadMetrics(Shaped(record, "metrics", Shape::object, where), &view);
  for (const Json& row : Shaped(record, "rows", Shape::array, where)) {
    if (IsBenchRow(row)) {
      view.bench.push_back(ReadBenchRow(row));
    } else {
      view.rows.push_back(row);
    }
  }
  for (const auto& [key, curve] : Shaped(record, "series", Shape::object, where).items()) {
    view.curves.push_back(ReadCurve(key, curve, where));
  }
  for (const Json& map : Shaped(record, "maps", Shape::array, where)) {
    view.maps.push_back(ReadMap(map, where));
  }
  for (const Json& sample : Shaped(record, "samples", Shape::array, where)) {
    TERSOR_CHECK(sample.is_object(), where, ": \"samples\" must hold objects with title and text");
    view.samples.push_back({TextOf(sample, "title"), TextOf(sample, "text")});
  }
  Flatten(Shaped(record, "machine", Shape::object, where), "", 0, &view.machine);
  Flatten(Shaped(record, "config", Shape::object, where), "", 0, &view.config);
  return view;
}

}  // namespace tersor::report
