// What a run has besides its traffic: the twins, and the watch over collisions and hard braking of
// everybody.
#ifndef TERSOR_TWIN_COUPLING_COUPLED_RUN_H_
#define TERSOR_TWIN_COUPLING_COUPLED_RUN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/coupling/collisions.h"
#include "tersor/twin/coupling/twin_options.h"
#include "tersor/twin/coupling/twin_pilot.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/dynamics/vehicle_body.h"
#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"
#include "tersor/twin/weather/weather_series.h"
#include "tersor/util/record.h"

namespace tersor::twin {

/// What a map shows of a collision.
ConflictMark MarkOf(const Collision& collision);

class CoupledRun {
 public:
  /// Everything that is referred to must outlive it. Without `twins` nobody is a twin, and only
  /// the watch is kept.
  CoupledRun(const Network& network, const Demand& demand, const WeatherSeries& weather,
             const std::optional<TwinOptions>& twins, const TwinRunFacts& facts);

  /// For Traffic::Step(); nullptr without twins.
  Pilot* pilot() { return pilot_.get(); }
  TwinPilot* twins() { return pilot_.get(); }

  /// Takes in what the traffic shows after a step: twins that collide, and whom they hit, become
  /// wrecks.
  void Look(const Traffic& traffic);

  /// Judged are pairs of which one is a twin, or a wreck, and those on the same lane: the
  /// traffic's boxes are those of its poses, which swing out where lanes bend.
  std::span<const Collision> collisions() const { return watch_.all(); }
  /// Vehicles that brake harder than 4.5 m/s^2: times that one began to. A twin's count by what its
  /// driver asks for, since a slippery road does not give it.
  int64_t emergency_brakings() const;

  /// Of each of the traffic's vehicles, whether it has been a twin.
  std::vector<bool> Twins() const;
  /// For the map.
  std::vector<ConflictMark> Marks() const;
  /// collisions, collisions_per_1000_vehicle_km, emergency_brakings, twins, ... and a row for
  /// each collision. Takes those who were removed out of vehicles_arrived.
  void Report(const Traffic& traffic, double vehicle_km, Record& record) const;

 private:
  VehicleBody BodyOf(int32_t vehicle) const;
  void CountBrakings(const Snapshot& now);

  const Network& network_;
  const TypeOfVehicle type_of_;
  const bool removes_;
  const std::string twin_body_;  // TwinOptions::body
  std::unique_ptr<TwinPilot> pilot_;
  CollisionWatch watch_;
  std::span<const Vehicle> vehicles_;
  std::vector<char> braking_;  // by vehicle
  int64_t brakings_ = 0;       // of those that are no twins
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_COUPLED_RUN_H_
