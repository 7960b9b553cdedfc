// Networks as .net.xml, complete, so that SUMO loads them as they are.
#ifndef TERSOR_TWIN_NETWORK_WRITER_H_
#define TERSOR_TWIN_NETWORK_WRITER_H_

#include <string>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// The network in SUMO's format, numbers to 0.01 as SUMO writes them. `grade` lifts the shapes by
/// so many metres for each metre to the east, which the arrays do not hold.
std::string NetworkXml(const Network& network, double grade = 0);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_NETWORK_WRITER_H_
