#include "tersor/twin/conflict_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <tuple>
#include <utility>

#include "tersor/report/html.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"

namespace tersor::twin {
namespace {

struct Measure {
  std::string_view name;     // in CSV and JSON, with its unit
  std::string_view element;  // in SUMO's XML; "" for those that SUMO 1.15 does not know
  Extreme Conflict::*extreme;
};

constexpr std::array<Measure, 6> kMeasures = {{
    {"min_ttc_s", "minTTC", &Conflict::min_ttc},
    {"max_drac_mps2", "maxDRAC", &Conflict::max_drac},
    {"pet_s", "PET", &Conflict::pet},
    {"max_mdrac_mps2", "", &Conflict::max_mdrac},
    {"min_box_ttc_s", "", &Conflict::min_box_ttc},
    {"max_drac_to_grip_ratio", "", &Conflict::max_drac_to_grip},
}};

/// What sums over a conflict's time.
struct Sum {
  std::string_view name;  // with its unit
  double Exposure::*value;
};

constexpr std::array<Sum, 3> kSums = {{
    {"tet_s", &Exposure::tet},
    {"tit_s2", &Exposure::tit},
    {"crash_potential_s", &Exposure::crash_potential},
}};
// Digits more than the rest has: these are small.
constexpr int kSumDigits = 4;

const std::string& Id(std::span<const Vehicle> vehicles, int32_t vehicle) {
  return vehicles[static_cast<size_t>(vehicle)].id;
}

std::string QuotedCsv(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) {
    return text;
  }
  std::string out = "\"";
  for (const char c : text) {
    out += c;
    out += c == '"' ? "\"" : "";
  }
  return out + "\"";
}

std::string Number(double value, int precision, std::string_view missing) {
  return std::isnan(value) ? std::string(missing) : fmt::format("{:.{}f}", value, precision);
}

Json Rounded(double value, int precision) {
  if (!std::isfinite(value)) {
    return nullptr;
  }
  const double scale = std::pow(10.0, precision);
  return std::round(value * scale) / scale;
}

void WriteXmlExtreme(std::string* out, std::string_view element, const Extreme& extreme,
                     int precision) {
  std::string position = "NA";
  if (!std::isnan(extreme.position.x)) {
    position = fmt::format("{:.{}f},{:.{}f}", extreme.position.x, precision, extreme.position.y,
                           precision);
  }
  const bool known = !std::isnan(extreme.value);
  fmt::format_to(std::back_inserter(*out),
                 "        <{} time=\"{}\" position=\"{}\" type=\"{}\" value=\"{}\"/>\n", element,
                 Number(known ? extreme.time : kNotAvailable, precision, "NA"), position,
                 known ? fmt::format("{}", static_cast<int>(extreme.type)) : "NA",
                 Number(extreme.value, precision, "NA"));
}

}  // namespace

std::string_view Name(EncounterType type) {
  switch (type) {
    case EncounterType::kNone:
      return "none";
    case EncounterType::kFollower:
    case EncounterType::kLeader:
    case EncounterType::kFollowingPassed:
      return "following";
    case EncounterType::kAdjacentLanes:
      return "adjacent";
    case EncounterType::kMerging:
    case EncounterType::kMergingLeader:
    case EncounterType::kMergingFollower:
    case EncounterType::kMergingAdjacent:
    case EncounterType::kMergingPassed:
      return "merging";
    case EncounterType::kCrossing:
    case EncounterType::kCrossingLeader:
    case EncounterType::kCrossingFollower:
    case EncounterType::kEgoEntered:
    case EncounterType::kFoeEntered:
    case EncounterType::kEgoLeft:
    case EncounterType::kFoeLeft:
    case EncounterType::kBothEntered:
    case EncounterType::kBothLeft:
      return "crossing";
    case EncounterType::kOncoming:
      return "oncoming";
    case EncounterType::kCollision:
      return "collision";
  }
  return "none";
}

std::vector<Conflict> OncePerPair(std::vector<Conflict> conflicts) {
  const auto pair_of = [](const Conflict& c) {
    return std::pair(std::min(c.ego, c.foe), std::max(c.ego, c.foe));
  };
  std::ranges::sort(conflicts, {},
                    [&](const Conflict& c) { return std::tuple(pair_of(c), c.begin, c.ego); });
  std::vector<Conflict> kept;
  size_t first_of_pair = 0;
  for (const Conflict& conflict : conflicts) {
    if (!kept.empty() && pair_of(kept.back()) != pair_of(conflict)) {
      first_of_pair = kept.size();
    }
    bool told = false;
    for (size_t i = first_of_pair; i < kept.size() && !told; ++i) {
      told = kept[i].ego == conflict.foe && kept[i].end >= conflict.begin;
    }
    if (!told) {
      kept.push_back(conflict);
    }
  }
  std::ranges::sort(kept, {}, [](const Conflict& c) { return std::tuple(c.begin, c.ego, c.foe); });
  return kept;
}

std::string ConflictsAsXml(std::span<const Conflict> conflicts, std::span<const Vehicle> vehicles,
                           int precision) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<SSMLog>\n";
  for (const Conflict& conflict : conflicts) {
    fmt::format_to(std::back_inserter(out),
                   "    <conflict begin=\"{:.{}f}\" end=\"{:.{}f}\" ego=\"{}\" foe=\"{}\">\n",
                   conflict.begin, precision, conflict.end, precision,
                   report::Escape(Id(vehicles, conflict.ego)),
                   report::Escape(Id(vehicles, conflict.foe)));
    for (const Measure& measure : kMeasures) {
      if (!measure.element.empty()) {
        WriteXmlExtreme(&out, measure.element, conflict.*measure.extreme, precision);
      }
    }
    out += "    </conflict>\n";
  }
  return out + "</SSMLog>\n";
}

std::string ConflictsAsCsv(std::span<const Conflict> conflicts, std::span<const Vehicle> vehicles,
                           int precision) {
  std::string out = "begin_s,end_s,ego,foe";
  for (const Measure& measure : kMeasures) {
    const std::string_view short_name = measure.name.substr(0, measure.name.rfind('_'));
    fmt::format_to(std::back_inserter(out), ",{0},{1}_time_s,{1}_x_m,{1}_y_m,{1}_type",
                   measure.name, short_name);
  }
  for (const Sum& sum : kSums) {
    fmt::format_to(std::back_inserter(out), ",{}", sum.name);
  }
  out += '\n';
  for (const Conflict& conflict : conflicts) {
    fmt::format_to(std::back_inserter(out), "{:.{}f},{:.{}f},{},{}", conflict.begin, precision,
                   conflict.end, precision, QuotedCsv(Id(vehicles, conflict.ego)),
                   QuotedCsv(Id(vehicles, conflict.foe)));
    for (const Measure& measure : kMeasures) {
      const Extreme& extreme = conflict.*measure.extreme;
      fmt::format_to(
          std::back_inserter(out), ",{},{},{},{},{}", Number(extreme.value, precision, ""),
          Number(extreme.time, precision, ""), Number(extreme.position.x, precision, ""),
          Number(extreme.position.y, precision, ""),
          std::isnan(extreme.value) ? "" : fmt::format("{}", static_cast<int>(extreme.type)));
    }
    for (const Sum& sum : kSums) {
      fmt::format_to(std::back_inserter(out), ",{}",
                     Number(conflict.exposure.*sum.value, precision + kSumDigits, ""));
    }
    out += '\n';
  }
  return out;
}

std::string ConflictsAsJson(std::span<const Conflict> conflicts, std::span<const Vehicle> vehicles,
                            int precision) {
  Json list = Json::array();
  for (const Conflict& conflict : conflicts) {
    Json entry = {{"begin_s", Rounded(conflict.begin, precision)},
                  {"end_s", Rounded(conflict.end, precision)},
                  {"ego", Id(vehicles, conflict.ego)},
                  {"foe", Id(vehicles, conflict.foe)}};
    for (const Measure& measure : kMeasures) {
      const Extreme& extreme = conflict.*measure.extreme;
      if (std::isnan(extreme.value)) {
        entry[std::string(measure.name)] = nullptr;
        continue;
      }
      entry[std::string(measure.name)] = {{"value", Rounded(extreme.value, precision)},
                                          {"time_s", Rounded(extreme.time, precision)},
                                          {"x_m", Rounded(extreme.position.x, precision)},
                                          {"y_m", Rounded(extreme.position.y, precision)},
                                          {"type", static_cast<int>(extreme.type)},
                                          {"kind", Name(extreme.type)}};
    }
    for (const Sum& sum : kSums) {
      entry[std::string(sum.name)] = Rounded(conflict.exposure.*sum.value, precision + kSumDigits);
    }
    list.push_back(std::move(entry));
  }
  return list.dump(1) + "\n";
}

void WriteConflicts(const std::string& path, std::span<const Conflict> conflicts,
                    std::span<const Vehicle> vehicles, int precision) {
  std::string text;
  if (path.ends_with(".xml")) {
    text = ConflictsAsXml(conflicts, vehicles, precision);
  } else if (path.ends_with(".csv")) {
    text = ConflictsAsCsv(conflicts, vehicles, precision);
  } else if (path.ends_with(".json")) {
    text = ConflictsAsJson(conflicts, vehicles, precision);
  } else {
    Fail(path, ": conflicts are written to .xml, .csv or .json; name the file so");
  }
  WriteFileAtomically(path, text);
}

}  // namespace tersor::twin
