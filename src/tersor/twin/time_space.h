// The time-space diagram: everyone's way along a sequence of edges over time, coloured by speed.
#ifndef TERSOR_TWIN_TIME_SPACE_H_
#define TERSOR_TWIN_TIME_SPACE_H_

#include <cstdint>
#include <span>

#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/network.h"
#include "tersor/twin/picture.h"
#include "tersor/twin/recording.h"

namespace tersor::twin {

/// Trajectories on all lanes of `edges`, with a ring where a conflict of two of the recording's
/// vehicles happened on them. Throws what EdgeWay throws.
Picture TimeSpaceDiagram(const Network& network, const Recording& recording,
                         std::span<const ConflictMark> conflicts, std::span<const int32_t> edges);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_TIME_SPACE_H_
