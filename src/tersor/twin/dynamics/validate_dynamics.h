// The vehicles' part of the validation page.
#ifndef TERSOR_TWIN_DYNAMICS_VALIDATE_DYNAMICS_H_
#define TERSOR_TWIN_DYNAMICS_VALIDATE_DYNAMICS_H_

#include <vector>

#include "tersor/twin/dynamics/vehicle_body.h"
#include "tersor/twin/validation_page.h"

namespace tersor::twin {

/// Tyres, braking, steering and lane changes of vehicles (six at most, names of their own) at all
/// three levels, beside closed forms.
std::vector<ValidationSection> ValidateDynamics(const std::vector<VehicleBody>& bodies);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_VALIDATE_DYNAMICS_H_
