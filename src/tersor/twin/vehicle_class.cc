#include "tersor/twin/vehicle_class.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "tersor/twin/xml_reader.h"
#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

// All of SUMO's up to 1.2x; one more has no bit of its own: "ignoring" may go everywhere.
constexpr std::string_view kNames[] = {
    "private",       "emergency", "authority",  "army",     "vip",      "pedestrian", "passenger",
    "hov",           "taxi",      "bus",        "coach",    "delivery", "truck",      "trailer",
    "motorcycle",    "moped",     "bicycle",    "evehicle", "tram",     "rail_urban", "rail",
    "rail_electric", "rail_fast", "ship",       "custom1",  "custom2",  "container",  "cable_car",
    "subway",        "aircraft",  "wheelchair", "scooter",  "drone"};

VehicleClasses ParseNames(std::string_view names) {
  VehicleClasses classes = 0;
  for (const std::string_view name : SplitWords(names)) {
    const VehicleClasses bit = name == "all" ? kAllClasses : ClassBit(name);
    if (bit == 0) {
      std::vector<std::string> known(std::begin(kNames), std::end(kNames));
      known.insert(known.end(), {"ignoring", "all"});
      Fail("unknown vehicle class ", Quoted(name), DidYouMean(name, known));
    }
    classes |= bit;
  }
  return classes;
}

}  // namespace

VehicleClasses ClassBit(std::string_view name) {
  if (name == "ignoring") {
    return kAllClasses;
  }
  const auto* const found = std::find(std::begin(kNames), std::end(kNames), name);
  return found == std::end(kNames) ? 0 : VehicleClasses{1} << (found - std::begin(kNames));
}

VehicleClasses ParseClasses(std::string_view allow, std::string_view disallow) {
  // SUMO writes one of the two; where both are, allow says it all.
  return allow.empty() ? ~ParseNames(disallow) : ParseNames(allow);
}

std::string ClassNames(VehicleClasses classes) {
  if (classes == kAllClasses) {
    return "all";
  }
  std::string names;
  for (const std::string_view name : kNames) {
    if ((classes & ClassBit(name)) != 0) {
      names += internal::Concat(names.empty() ? "" : " ", name);
    }
  }
  return names;
}

}  // namespace tersor::twin
