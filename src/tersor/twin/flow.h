// When the vehicles of a <flow> depart.
#ifndef TERSOR_TWIN_FLOW_H_
#define TERSOR_TWIN_FLOW_H_

#include <vector>

#include "tersor/twin/demand.h"
#include "tersor/twin/xml_reader.h"
#include "tersor/util/rng.h"

namespace tersor::twin {

/// No input may ask for more.
inline constexpr int kMostVehicles = 10'000'000;

/// The departures of a flow in seconds, ascending, all those until `window` ends. As in SUMO they
/// come by `vehsPerHour` or `period` (seconds, or exp(rate) for a Poisson process), by
/// `probability` (of one each second), or as a `number` spread over the time from begin to end.
/// Throws Error naming the place: none or two of these, no end, more than kMostVehicles.
std::vector<double> FlowTimes(const XmlElement& flow, const TimeWindow& window, const Rng& rng);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_FLOW_H_
