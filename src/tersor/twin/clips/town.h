// Small made-up towns: a grid of streets that is bent, with gaps, signals and right of way as the
// seed has it, and traffic between its ends. They give clips many places to look at.
#ifndef TERSOR_TWIN_CLIPS_TOWN_H_
#define TERSOR_TWIN_CLIPS_TOWN_H_

#include <cstdint>

#include "tersor/twin/demand.h"
#include "tersor/twin/network.h"

namespace tersor::twin {

/// One to three streets each way, 90 to 160 m apart, of one or two lanes a direction, 40 to 60
/// km/h; junctions of three or four arms at angles up to some 20 degrees askew. The same seed gives
/// the same town. Every way across a junction conflicts and yields as BuildJunction has it; signals
/// have two stages in which left turns yield.
Network TownNetwork(uint64_t seed);

/// Cars, vans, trucks and buses between any two of the edges that begin and end at the town's
/// borders, `per_hour` in all, arrivals by a Poisson process from `begin` to `end` seconds. Drawn
/// by `seed`.
Demand TownDemand(const Network& network, double per_hour, const TimeWindow& window, uint64_t seed);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_TOWN_H_
