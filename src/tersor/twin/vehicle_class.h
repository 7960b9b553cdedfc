// SUMO's vehicle classes, as bits of VehicleClasses.
#ifndef TERSOR_TWIN_VEHICLE_CLASS_H_
#define TERSOR_TWIN_VEHICLE_CLASS_H_

#include <string>
#include <string_view>

#include "tersor/twin/network.h"

namespace tersor::twin {

/// The bit of "passenger", "bus", "bicycle", ...; 0 for an unknown name.
VehicleClasses ClassBit(std::string_view name);

/// What the attributes `allow` and `disallow` of a lane say together: names separated by blanks,
/// "all" for every class. Throws Error naming an unknown class and the nearest known one.
VehicleClasses ParseClasses(std::string_view allow, std::string_view disallow);

/// The classes' names separated by blanks; "all" for every one.
std::string ClassNames(VehicleClasses classes);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_VEHICLE_CLASS_H_
