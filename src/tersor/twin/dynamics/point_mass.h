// L0: a point mass on its path. Its acceleration follows the actuators, changes no faster than the
// most jerk, and keeps within the friction circle together with what the bend needs.
#ifndef TERSOR_TWIN_DYNAMICS_POINT_MASS_H_
#define TERSOR_TWIN_DYNAMICS_POINT_MASS_H_

#include "tersor/twin/dynamics/car_rows.h"

namespace tersor::twin {

struct PointMassRows : CarRows {
  Row drive_accel, brake_accel;  // m/s^2, both 0 or more

  static void Place(PointMassRows& rows, int lane, const VehicleBody& body, double speed);
  static void Advance(PointMassRows& rows, double h, int64_t substeps);
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_POINT_MASS_H_
