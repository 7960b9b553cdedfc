// Where on its first edge a vehicle appears, how fast, and where it leaves: SUMO's words.
#ifndef TERSOR_TWIN_DEPARTURE_READER_H_
#define TERSOR_TWIN_DEPARTURE_READER_H_

#include "tersor/twin/demand.h"
#include "tersor/twin/xml_reader.h"

namespace tersor::twin {

/// Reads departLane, departPos, departSpeed and arrivalPos of a vehicle, a trip or a flow; the rest
/// of what it returns is not set, a negative arrival_position counts from the route's end, and a
/// random one is left to who knows the route.
/// Throws Error naming the place, with the nearest known word.
Departure ReadDeparture(const XmlElement& element);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DEPARTURE_READER_H_
