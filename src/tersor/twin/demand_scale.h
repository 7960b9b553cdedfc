// More or fewer vehicles than the demand's files ask for.
#ifndef TERSOR_TWIN_DEMAND_SCALE_H_
#define TERSOR_TWIN_DEMAND_SCALE_H_

#include <cstdint>
#include <limits>

#include "tersor/twin/demand.h"

namespace tersor::twin {

/// `demand` times `scale`: below 1 some departures, drawn at random, stay; above it some come
/// again, up to a minute later, as ID.x1, ID.x2, ... A departure's luck is the same for every
/// scale, so that who departs at 0.6 does so at 0.8, too. `end` in s: who would come later is left
/// out. Throws Error on a scale below 0 and on more than kMostVehicles.
Demand ScaledDemand(Demand demand, double scale, uint64_t seed,
                    double end = std::numeric_limits<double>::infinity());

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DEMAND_SCALE_H_
