#include "tersor/twin/conflict_mark.h"

#include <algorithm>
#include <set>

namespace tersor::twin {

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
