// Drivers of vehicles with dynamics of their own: what they see of the road and the vehicle ahead
// in this weather, and how hard they brake or speed up for it.
#ifndef TERSOR_TWIN_COUPLING_DRIVER_H_
#define TERSOR_TWIN_COUPLING_DRIVER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/twin/coupling/perception.h"
#include "tersor/twin/coupling/pilot.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/weather/weather.h"
#include "tersor/util/config.h"

namespace tersor::twin {

struct DriverOptions {
  PerceptionOptions perception;
  /// Share of drivers who know how slippery the road is (weathered_demand.h draws who): they drive
  /// by the weather's factors and mind how far they see. The others drive as on a dry day.
  double aware = 1;
  /// How much of the way from the speed that they would drive to the one from which they can stop
  /// within sight the aware go, 0 to 1. Drivers in fog slow down, but not enough for that (Hogema
  /// and van der Horst, TNO-TM 1994 C-7; Brooks et al., Accid. Anal. Prev. 43, 2011); the presets'
  /// speed factors hold a part of it already. The share is chosen.
  double sight_compliance = 0.25;
  int threads = 1;  // as in EmbeddedOptions

  /// driver.aware, driver.sight_compliance, driver.reaction_mean, ...
  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;
};

/// One driver's moment: his vehicle as it is, and what the traffic's model tells of its way.
struct Scene {
  int32_t driver = -1;
  double speed = 0;  // m/s
  Wish wish;
};

class Drivers {
 public:
  /// `step` in s between two decisions. `planned` is the weather that the demand's types are made
  /// for already (weathered_demand.h, same share and seed): of its factors only what another
  /// weather differs by is applied. By default types are of a dry day.
  Drivers(const DriverOptions& options, double step, uint64_t seed, const Weather& planned = {});

  /// Somebody who drives a vehicle of this type by the intelligent driver model with the type's
  /// accel, decel, tau, minGap and emergencyDecel; his number, which is used again after Remove().
  int32_t Add(std::string_view vehicle, const VehicleType& type);
  void Remove(int32_t driver);

  bool aware(int32_t driver) const { return aware_[static_cast<size_t>(driver)] != 0; }
  /// s, with what this weather adds.
  double reaction_time(int32_t driver) const;

  /// From now on; a new run begins with a clear, dry day.
  void SetWeather(const Weather& weather);

  /// The accelerations, in m/s^2, that the drivers ask of their vehicles until the next call, one a
  /// scene; each driver at most once a call, and once a step of the run. Below 0: braking, down to
  /// the type's emergencyDecel, whatever the road allows. Signals, limits and right of way
  /// (`wish.free_speed`) are foreseen and take no reaction time; the vehicle ahead does.
  void Decide(double time, std::span<const Scene> scenes, std::span<double> accels);

 private:
  double DecideOne(double time, const Scene& scene);
  double WantedSpeed(size_t driver, double desired_speed) const;

  DriverOptions options_;
  double step_;
  uint64_t seed_;
  Weather planned_, weather_;
  double leader_range_, brake_range_, obstacle_range_;  // m
  Perception perception_;
  std::vector<uint8_t> aware_;
  std::vector<double> accel_, decel_, emergency_, headway_, min_gap_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_DRIVER_H_
