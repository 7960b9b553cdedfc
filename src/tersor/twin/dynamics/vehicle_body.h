// What a car is made of.
#ifndef TERSOR_TWIN_DYNAMICS_VEHICLE_BODY_H_
#define TERSOR_TWIN_DYNAMICS_VEHICLE_BODY_H_

#include <string>
#include <string_view>

namespace tersor::twin {

struct VehicleBody {
  std::string name = "sedan";
  double length = 4.7, width = 1.8;  // m
};

/// A vehicle that comes with the twin: compact, sedan, van or truck. Throws UsageError with the
/// nearest known name.
const VehicleBody& ShippedBody(std::string_view name);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_VEHICLE_BODY_H_
