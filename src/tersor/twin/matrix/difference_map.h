// Where one arm has more conflicts than another: the difference of their densities on the road map.
#ifndef TERSOR_TWIN_MATRIX_DIFFERENCE_MAP_H_
#define TERSOR_TWIN_MATRIX_DIFFERENCE_MAP_H_

#include <span>
#include <string>

#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/network.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

/// Conflicts of several runs, whose number is `runs`.
struct ConflictSet {
  std::span<const ConflictMark> conflicts;
  double runs = 1;
};

/// The density of `second` less that of `first`, in conflicts per hectare and run; `name` is the
/// file's. Throws Error on a network without lanes.
Picture DifferenceMap(const Network& network, const ConflictSet& first, const ConflictSet& second,
                      const std::string& name, const std::string& title);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_DIFFERENCE_MAP_H_
