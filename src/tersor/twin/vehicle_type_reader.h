// Vehicle types: <vType> of route and additional files.
#ifndef TERSOR_TWIN_VEHICLE_TYPE_READER_H_
#define TERSOR_TWIN_VEHICLE_TYPE_READER_H_

#include <string>
#include <string_view>

#include "tersor/twin/demand.h"
#include "tersor/twin/xml_reader.h"

namespace tersor::twin {

/// What SUMO 1.15 takes for a vehicle class where a type says nothing else. `vehicle_class` is one
/// that ClassBit knows.
VehicleType TypeOfClass(const std::string& id, std::string_view vehicle_class);

/// Reads a type, with the parameters of its car-following model as attributes or in an element of
/// their own. Throws Error naming the place: an unknown class or model with the nearest known one,
/// numbers out of their range. Models of SUMO that the twin has not become the nearest that it has,
/// which a warning says.
VehicleType ReadVehicleType(const XmlElement& element, InputWarnings& warnings);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_VEHICLE_TYPE_READER_H_
