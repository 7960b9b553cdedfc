// The vehicles' part of the validation page.
#ifndef TERSOR_TWIN_DYNAMICS_VALIDATE_DYNAMICS_H_
#define TERSOR_TWIN_DYNAMICS_VALIDATE_DYNAMICS_H_

#include <vector>

#include "tersor/twin/validation_page.h"

namespace tersor::twin {

/// Tyres, braking, steering and lane changes of the shipped vehicles at all three levels, beside
/// closed forms.
std::vector<ValidationSection> ValidateDynamics();

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_VALIDATE_DYNAMICS_H_
