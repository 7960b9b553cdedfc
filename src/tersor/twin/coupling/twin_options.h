// Which vehicles of a run are twins, and how they are driven.
#ifndef TERSOR_TWIN_COUPLING_TWIN_OPTIONS_H_
#define TERSOR_TWIN_COUPLING_TWIN_OPTIONS_H_

#include <string>
#include <vector>

#include "tersor/twin/coupling/driver.h"
#include "tersor/twin/dynamics/fleet.h"
#include "tersor/util/config.h"

namespace tersor::twin {

struct TwinOptions {
  // Who: drawn by the run's seed and the vehicle's id, and those that are named.
  double share = 0;
  std::vector<std::string> ids;
  // Where, if not everywhere: within [left, bottom, right, top] (m), or around one vehicle.
  std::vector<std::string> region;
  std::string ego;
  double radius = 100;  // m

  /// twin: own driver and own dynamics. shadow: the traffic's model drives, own dynamics execute.
  std::string role = "twin";
  std::string level = "L1";  // or L0, L2
  std::string body;          // of all of them; "": by class and size
  double substep = 0.001;    // s of the dynamics
  /// Other vehicles are taken to have gone on by speed times step, which makes up for the step by
  /// which twins see them late.
  bool predict = false;
  double warm_up = 0;  // s of the run in which nobody is a twin yet
  /// remove: who collides brakes to a stand and is taken off the road. keep: it is logged only.
  std::string collision = "remove";
  double collision_rest = 5;  // s for which they stand

  DriverOptions driver;

  /// The numbers of `region`; empty: everywhere.
  std::vector<double> bounds() const;
  bool any() const { return share > 0 || !ids.empty(); }
  DynamicsLevel dynamics_level() const;

  /// twins.share, ..., and those of the drivers.
  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_TWIN_OPTIONS_H_
