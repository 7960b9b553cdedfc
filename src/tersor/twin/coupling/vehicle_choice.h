// Which body drives a vehicle of the traffic, and which vehicles are twins.
#ifndef TERSOR_TWIN_COUPLING_VEHICLE_CHOICE_H_
#define TERSOR_TWIN_COUPLING_VEHICLE_CHOICE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tersor/twin/coupling/twin_options.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/dynamics/vehicle_body.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// Whether vehicles of a class can be twins: those on two axles that are steered.
bool HasDynamics(std::string_view vehicle_class);

/// The shipped body that comes nearest to a type, by class and size (compact, sedan or van for what
/// carries people, van or truck for goods), stretched to the type's length and width. With `name`
/// that body (FindBody()), stretched alike.
VehicleBody BodyFor(const VehicleType& type, const std::string& name = "");

/// The type of every vehicle of a demand, by its id.
class TypeOfVehicle {
 public:
  explicit TypeOfVehicle(const Demand& demand);

  /// Of a vehicle that the demand does not name, the type that it says it has; where that is
  /// unknown, too, SUMO's default.
  const VehicleType& operator()(const Vehicle& vehicle) const;

 private:
  const Demand& demand_;
  std::unordered_map<std::string_view, int32_t> of_vehicle_, of_type_;
};

/// Who is a twin, and where.
class TwinChoice {
 public:
  /// `begin`: s of the run's begin.
  TwinChoice(const TwinOptions& options, uint64_t seed, double begin);

  /// By name alone; the draw depends on seed and id only.
  bool Named(const std::string& id) const;

  /// Takes in a snapshot: where the ego is.
  void Look(const Snapshot& now, const Traffic& traffic);
  /// Whether one who is named is a twin here and now. `inside`: it is one already, and stays one
  /// until it is a little farther away.
  bool Here(const Snapshot& now, size_t row, bool inside) const;

 private:
  const TwinOptions options_;
  const std::vector<double> bounds_;
  const std::unordered_set<std::string> ids_;
  const uint64_t seed_;
  const double begin_;
  int32_t ego_ = -1;  // vehicle
  size_t looked_ = 0;
  bool ego_here_ = false;
  double ego_x_ = 0, ego_y_ = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_VEHICLE_CHOICE_H_
