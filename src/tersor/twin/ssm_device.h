// Watches traffic, one snapshot after another, for conflicts: TTC, DRAC and PET as SUMO 1.15's SSM
// device measures them on every vehicle, and MDRAC and two-dimensional TTC besides. The same for a
// running simulation and for recorded data.
#ifndef TERSOR_TWIN_SSM_DEVICE_H_
#define TERSOR_TWIN_SSM_DEVICE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "tersor/twin/conflict_log.h"
#include "tersor/twin/encounter.h"
#include "tersor/twin/network.h"
#include "tersor/twin/route_paths.h"
#include "tersor/twin/surroundings.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// Defaults are those of SUMO.
struct SsmOptions {
  double range = 50;      // m along the roads in which others are looked for
  double extra_time = 5;  // s for which a pair out of range is traced on
  /// An encounter is a conflict where its TTC (s) or PET (s) is at most, or its DRAC (m/s^2) at
  /// least, this much.
  double ttc_threshold = 3, drac_threshold = 3, pet_threshold = 2;
  /// An encounter is also a conflict where DRAC / (mu g) is at least this much: braking does not
  /// help then. On a dry road DRAC's own threshold comes long before.
  double grip_threshold = 1;
  double reaction_time = 1;   // s, of MDRAC
  double critical_ttc = 1.5;  // s, of TET and TIT
  double friction = 0.85;     // peak, of a dry road, where SetFriction() tells nothing else
  /// Also measures TTC between the vehicles' bodies on the map; an encounter is a conflict by it,
  /// too, with the threshold of TTC.
  bool box_ttc = false;
  /// Each encounter once for either vehicle as ego, as SUMO tells it.
  bool both = false;

  /// Throws Error naming the option that is not positive.
  void Validate() const;
};

class SsmDevice {
 public:
  /// The network stays alive as long as the device.
  explicit SsmDevice(const Network& network, const SsmOptions& options = {});

  /// The peak friction under a vehicle from now on, by lane and speed (m/s).
  void SetFriction(std::function<double(int32_t lane, double speed)> friction) {
    friction_ = std::move(friction);
  }

  /// Takes in the next time step. A vehicle whose row has no lane is not on the road. Throws Error
  /// where time does not advance.
  void Update(const Snapshot& snapshot, std::span<const Vehicle> vehicles);

  /// Closes all encounters; gives the conflicts by begin, ego and foe.
  std::vector<Conflict> Finish();

  /// Of all encounters, also of those that were no conflicts; complete after Finish().
  const RunExposure& exposure() const { return exposure_; }

  /// Ordered pairs that were looked at, up to now.
  int64_t pairs() const { return pairs_; }

 private:
  // What is remembered of a vehicle.
  struct Known {
    int32_t row = -1;    // of the frame; -1: not on the road
    int32_t route = -1;  // of RoutePaths
    int32_t lane = -1, behind = -1, route_index = -1, path = -1;
    double position = 0;
    bool opposite = false;
    std::vector<Encounter> encounters;
  };

  void BuildFrame(const Snapshot& snapshot, std::span<const Vehicle> vehicles);
  void Place(size_t row, const Vehicle& vehicle);
  double Covered(const Known& known, size_t row) const;  // m since the last frame
  void UpdateEncounters(int32_t vehicle);
  void Close(int32_t ego, const Encounter& encounter);
  bool IsConflict(const Encounter& encounter) const;

  SsmOptions options_;
  EncounterOptions encounter_options_;
  RoadTables map_;
  RoutePaths paths_;
  Surroundings surroundings_;
  EncounterClassifier classifier_;
  Frame frame_;
  Snapshot now_;  // the rows that are on the road
  double last_time_ = 0;
  bool started_ = false;
  std::vector<Known> known_;      // by vehicle
  std::vector<int32_t> present_;  // vehicles of the last frame
  std::vector<bool> taken_;       // foes that an encounter has taken, by what Around() found
  std::function<double(int32_t, double)> friction_;
  std::vector<Conflict> conflicts_;
  RunExposure exposure_;
  int64_t pairs_ = 0;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SSM_DEVICE_H_
