// The fundamental diagram: how flow, density and speed of the edges hang together.
#ifndef TERSOR_TWIN_FUNDAMENTAL_DIAGRAM_H_
#define TERSOR_TWIN_FUNDAMENTAL_DIAGRAM_H_

#include <span>

#include "tersor/twin/edie.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

/// Flow over density and speed over density, a dot an edge and interval; states without vehicles
/// are left out.
Picture FundamentalDiagram(std::span<const EdgeState> states);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_FUNDAMENTAL_DIAGRAM_H_
