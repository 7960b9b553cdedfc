#include "tersor/twin/matrix/cell_result.h"

#include <cmath>
#include <limits>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

/// Three decimals are below what any measure tells; null: not defined.
Json Rounded(double value) {
  return std::isfinite(value) ? Json(std::round(value * 1000) / 1000) : Json();
}

double NumberOf(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Json ToJson(const Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics) {
    json[name] = std::isfinite(value) ? Json(value) : Json();
  }
  return json;
}

Metrics MetricsOf(const Json& json) {
  Metrics metrics;
  for (const auto& [name, value] : json.items()) {
    metrics[name] = NumberOf(value);
  }
  return metrics;
}

/// A column a field.
Json ToJson(const std::vector<ConflictMark>& conflicts) {
  Json type = Json::array(), begin = Json::array(), end = Json::array(), time = Json::array();
  Json x = Json::array(), y = Json::array(), ttc = Json::array(), drac = Json::array();
  Json pet = Json::array();
  for (const ConflictMark& conflict : conflicts) {
    type.push_back(conflict.type);
    begin.push_back(Rounded(conflict.begin));
    end.push_back(Rounded(conflict.end));
    time.push_back(Rounded(conflict.time));
    x.push_back(Rounded(conflict.point.x));
    y.push_back(Rounded(conflict.point.y));
    ttc.push_back(Rounded(conflict.ttc));
    drac.push_back(Rounded(conflict.drac));
    pet.push_back(Rounded(conflict.pet));
  }
  return {{"type", type}, {"begin", begin}, {"end", end},   {"time", time}, {"x", x},
          {"y", y},       {"ttc", ttc},     {"drac", drac}, {"pet", pet}};
}

std::vector<ConflictMark> ConflictsOf(const Json& json) {
  std::vector<ConflictMark> conflicts;
  const auto number = [&](const char* field, size_t i) { return NumberOf(json.at(field).at(i)); };
  for (size_t i = 0; i < json.at("type").size(); ++i) {
    ConflictMark& conflict = conflicts.emplace_back();
    conflict.type = json.at("type").at(i).get<std::string>();
    conflict.begin = number("begin", i);
    conflict.end = number("end", i);
    conflict.time = number("time", i);
    conflict.point = {number("x", i), number("y", i)};
    conflict.ttc = number("ttc", i);
    conflict.drac = number("drac", i);
    conflict.pet = number("pet", i);
  }
  return conflicts;
}

Measured MeasuredOf(const Json& json) {
  return {MetricsOf(json.at("metrics")), ConflictsOf(json.at("conflicts"))};
}

Json ToJson(const Histogram& histogram) {
  return {{"bin", histogram.bin}, {"count", histogram.count}};
}

Histogram HistogramOf(const Json& json) {
  return {json.at("bin").get<double>(), json.at("count").get<std::vector<int64_t>>()};
}

}  // namespace

double CellResult::Metric(const std::string& name, const std::string& condition) const {
  const auto weighed = by_condition.find(condition);
  if (weighed != by_condition.end() && weighed->second.metrics.contains(name)) {
    return weighed->second.metrics.at(name);
  }
  const auto found = measured.metrics.find(name);
  return found != measured.metrics.end() ? found->second : std::numeric_limits<double>::quiet_NaN();
}

const std::vector<ConflictMark>& CellResult::Conflicts(const std::string& condition) const {
  const auto weighed = by_condition.find(condition);
  return weighed != by_condition.end() ? weighed->second.conflicts : measured.conflicts;
}

Metrics MetricsOf(const Record& record) {
  Metrics metrics;
  for (const auto& [name, value] : record.metrics.items()) {
    if (name != "vehicle_updates_per_second" && value.is_number()) {
      metrics[name] = value.get<double>();
    }
  }
  return metrics;
}

std::string ConditionName(const Matrix& matrix, int32_t weather, bool night) {
  return matrix.weathers[static_cast<size_t>(weather)].name + (night ? " by night" : "");
}

Json ToJson(const Matrix& matrix, const CellResult& result, const std::string& hash) {
  const MatrixCell& cell = result.cell;
  Record record;
  record.verb = "twin";
  record.seed = cell.seed;
  record.config = {{"matrix", matrix.name}, {"demand", cell.demand}, {"arm", LetterOf(cell.arm)}};
  if (cell.weather >= 0) {
    record.config["weather"] = matrix.weathers[static_cast<size_t>(cell.weather)].text;
    record.config["light"] = cell.night ? "night" : "day";
  }
  record.metrics = ToJson(result.measured.metrics);
  record.seconds = result.seconds;
  Json json = record.ToJson();
  json["cell"] = matrix.NameOf(cell);
  json["hash"] = hash;
  Json& conditions = json["by_condition"] = Json::object();
  for (const auto& [condition, measured] : result.by_condition) {
    conditions[condition] = {{"metrics", ToJson(measured.metrics)},
                             {"conflicts", ToJson(measured.conflicts)}};
  }
  json["speeds"] = ToJson(result.speeds);
  json["headways"] = ToJson(result.headways);
  json["conflicts"] = ToJson(result.measured.conflicts);
  return json;
}

CellResult ParseCellResult(const Json& json, const MatrixCell& cell, const std::string& source) {
  CellResult result;
  result.cell = cell;
  try {
    result.measured = MeasuredOf(json);
    for (const auto& [condition, measured] : json.at("by_condition").items()) {
      result.by_condition[condition] = MeasuredOf(measured);
    }
    result.speeds = HistogramOf(json.at("speeds"));
    result.headways = HistogramOf(json.at("headways"));
    result.seconds = NumberOf(json.at("seconds"));
  } catch (const Json::exception& error) {
    Fail(source, ": not a record of this matrix (", error.what(), "); delete it and run again");
  }
  return result;
}

}  // namespace tersor::twin
