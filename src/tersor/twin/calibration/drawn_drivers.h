// A demand whose drivers are drawn from those that were measured.
#ifndef TERSOR_TWIN_CALIBRATION_DRAWN_DRIVERS_H_
#define TERSOR_TWIN_CALIBRATION_DRAWN_DRIVERS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tersor/twin/calibration/field_data.h"
#include "tersor/twin/demand.h"

namespace tersor::twin {

/// What measured drivers are multiplied by to become the model's parameters, which show themselves
/// in traffic only in part: `speed` and, around its mean, `spread` give the speed factor;
/// `headway`, `accel` and `decel` the model's tau, accel and decel.
struct DriverScales {
  double speed = 1, spread = 1, headway = 0.45, accel = 1.3, decel = 1.5;

  static constexpr size_t kCount = 5;
  static constexpr std::array<const char*, kCount> kNames = {"speed", "spread", "headway", "accel",
                                                             "decel"};
  std::array<double*, kCount> fields() { return {&speed, &spread, &headway, &accel, &decel}; }
};

/// `count` drivers by `seed`. By row: each is one of the measured ones, so that what belongs
/// together stays so; independent: each of his values is another one's.
std::vector<DriverRow> DrawDrivers(const std::vector<DriverRow>& rows, bool by_row, int64_t count,
                                   uint64_t seed);

/// The same of distributions alone, of which nobody knows what belongs together.
std::vector<DriverRow> DrawDrivers(const Target& target, int64_t count, uint64_t seed);

/// The driver as a type like `base`, of IDM or Krauss's model. `limit` (m/s) is the speed allowed
/// where he was measured, `mean_speed` (m/s) that of all of them.
VehicleType TypeOfDriver(const VehicleType& base, CarFollowing model, const DriverRow& driver,
                         const DriverScales& scales, double limit, double mean_speed);

/// Gives every passenger car one of the drivers, by seed and vehicle id; other classes keep their
/// types.
void AssignDrivers(CarFollowing model, const std::vector<DriverRow>& drivers,
                   const DriverScales& scales, double limit, uint64_t seed, Demand* demand);

/// Gives passenger cars SUMO's default drivers of a model.
void AssignSumoDefaults(CarFollowing model, Demand* demand);

/// The drivers as a <vTypeDistribution> of SUMO, each as likely, by the name `id`.
std::string DriversXml(CarFollowing model, const std::vector<DriverRow>& drivers,
                       const DriverScales& scales, double limit, const std::string& id);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CALIBRATION_DRAWN_DRIVERS_H_
