#include "tersor/twin/conflict_mark.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace tersor::twin {
namespace {

/// The measure that says when and where; nullptr where none does.
const Extreme* Moment(const Conflict& conflict) {
  for (const Extreme* extreme : {&conflict.min_ttc, &conflict.max_drac, &conflict.pet}) {
    if (!std::isnan(extreme->value) && !std::isnan(extreme->position.x) &&
        !std::isnan(extreme->time)) {
      return extreme;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<ConflictMark> ConflictMarks(std::span<const Conflict> conflicts) {
  std::vector<ConflictMark> out;
  for (const Conflict& conflict : conflicts) {
    const Extreme* moment = Moment(conflict);
    if (moment != nullptr) {
      ConflictMark mark;
      mark.first = conflict.ego;
      mark.second = conflict.foe;
      mark.begin = conflict.begin;
      mark.end = conflict.end;
      mark.time = moment->time;
      mark.point = moment->position;
      mark.type = Name(moment->type);
      mark.ttc = conflict.min_ttc.value;
      mark.drac = conflict.max_drac.value;
      mark.pet = conflict.pet.value;
      out.push_back(mark);
    }
  }
  return out;
}

int SeverityBand(const ConflictMark& conflict) {
  return static_cast<int>(std::count_if(kSeverityTtc.begin(), kSeverityTtc.end(),
                                        [&](double ttc) { return conflict.ttc <= ttc; }));
}

std::vector<std::string> ConflictTypes(std::span<const ConflictMark> conflicts) {
  std::set<std::string> types;
  for (const ConflictMark& conflict : conflicts) {
    types.insert(conflict.type);
  }
  return {types.begin(), types.end()};
}

}  // namespace tersor::twin
