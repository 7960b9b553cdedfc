// Pictures of what vehicles can do: their tyres by weather, how far they need to stop, and how they
// take bends and lane changes.
#ifndef TERSOR_TWIN_DYNAMICS_DYNAMICS_PICTURES_H_
#define TERSOR_TWIN_DYNAMICS_DYNAMICS_PICTURES_H_

#include <vector>

#include "tersor/twin/dynamics/vehicle_body.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

/// Force over load against slip along and slip angle across, dry, wet, on snow and on ice.
Picture TyreCurves();

/// Metres from the brake pedal to rest against speed, by weather, one panel a vehicle.
Picture StoppingFan(const std::vector<VehicleBody>& bodies);

/// Acceleration along against across that a sedan reaches: by weather, and by level of dynamics.
Picture GgDiagram();

/// Steering beyond the circle's own against lateral acceleration: by vehicle, and by level.
Picture UndersteerCurves(const std::vector<VehicleBody>& bodies);

/// The paths of a double lane change, single track beside multi-body, dry and in rain.
Picture LaneChangePaths();

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_DYNAMICS_PICTURES_H_
