// The twins of a run: vehicles of the traffic with a driver who perceives and a body with mass,
// tyres and brakes, on the lanes and under the weather of the run.
//
// A step goes from the snapshot of t to that of t + H. The twins see the others as they are at t
// (or, with `predict`, as they will be at t + H if they keep their speeds), and their drivers'
// commands hold for all of H (zero-order hold): what somebody does within a step is answered in the
// next one. At t + H everybody is shown with the same time stamp.
#ifndef TERSOR_TWIN_COUPLING_TWIN_PILOT_H_
#define TERSOR_TWIN_COUPLING_TWIN_PILOT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tersor/twin/coupling/driver.h"
#include "tersor/twin/coupling/lane_path.h"
#include "tersor/twin/coupling/pilot.h"
#include "tersor/twin/coupling/twin_options.h"
#include "tersor/twin/coupling/vehicle_choice.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/dynamics/fleet.h"
#include "tersor/twin/network.h"
#include "tersor/twin/road_graph.h"
#include "tersor/twin/route_lanes.h"
#include "tersor/twin/weather/road_friction.h"
#include "tersor/twin/weather/weather_series.h"

namespace tersor::twin {

/// What is not the user's choice of a run with twins.
struct TwinRunFacts {
  double step = 0.1;  // s
  double begin = 0;   // s
  uint64_t seed = 1;
  int threads = 1;       // as in EmbeddedOptions
  Weather planned = {};  // for which the demand's types are made (driver.h)
};

struct TwinStatistics {
  int64_t twins = 0;               // vehicles that ever were
  double seconds = 0, metres = 0;  // of all of them
  int64_t emergency_brakings = 0;  // times that a driver asked for more than 4.5 m/s^2
  int64_t slip_brakings = 0;       // times that an anti-lock system began to work
  int64_t removed = 0;             // wrecks, taken off the road
  int64_t runs_off_road = 0;       // vehicles
};

class TwinPilot : public Pilot {
 public:
  /// Everything that is referred to must outlive it. Throws UsageError for a twin that the demand
  /// does not have.
  TwinPilot(const Network& network, const Demand& demand, const WeatherSeries& weather,
            const TwinOptions& options, const TwinRunFacts& facts);
  ~TwinPilot() override;

  /// Throws Error naming vehicle, time and state where the dynamics leave the finite numbers.
  void Choose(const Snapshot& now, const Traffic& traffic, std::vector<int32_t>* rows) override;
  void Drive(const Snapshot& now, std::span<const Wish> wishes,
             std::vector<Motion>* motions) override;

  /// The vehicle has collided: it brakes to a stand and is taken off the road some seconds later,
  /// whoever drove it before.
  void Wreck(int32_t vehicle);
  bool Wrecked(int32_t vehicle) const;

  /// Whether a vehicle has been a twin (a wreck alone is none).
  bool WasTwin(int32_t vehicle) const;
  const TwinStatistics& statistics() const { return statistics_; }
  /// How many vehicles it drives now.
  int64_t driving() const { return static_cast<int64_t>(active_.size()); }
  /// What a twin's body is doing; for pictures and tests. Nullptr: none now.
  const CarState* State(int32_t vehicle) const;

 private:
  /// A vehicle that this pilot drives now.
  struct Twin {
    int32_t vehicle = -1;
    int32_t driver = -1, car = -1;
    bool shadow = false;
    const VehicleBody* body = nullptr;
    const RouteLanes* route = nullptr;
    LanePath path;
    LateralShift shift;
    double place = 0, offset = 0;  // on the path
    int32_t beside = -1;
    CarState state;
    double asked = 0;   // m/s^2
    double stood = 0;   // s for which a wreck has stood
    bool seen = false;  // it is in this step's snapshot
  };
  // What is remembered of a vehicle.
  struct Known {
    int32_t twin = -1;  // index; -1: not driven now
    bool named = false, was_twin = false, wrecked = false;
  };

  void Meet(const Traffic& traffic);
  void Begin(const Snapshot& now, size_t row, bool drives);
  void End(int32_t twin);
  void SetWeather(double time);
  const RouteLanes& RouteOf(const Vehicle& vehicle, const VehicleType& type);
  const VehicleBody& BodyOf(const VehicleType& type);
  /// Brings the path up to where the vehicle is and shall drive now.
  void Locate(const Snapshot& now, const Wish& wish, Twin& twin);
  double BendSpeed(const Twin& twin) const;
  double ShiftTime(const Twin& twin, double offset) const;  // s
  void Command(const Snapshot& now, const Wish& wish, Twin& twin);
  Motion MotionOf(const Snapshot& now, const Wish& wish, Twin& twin);
  int32_t Beside(const Twin& twin, int32_t lane) const;
  void Advance(double time);
  void Count(const Twin& twin, const CarState& before, double asked_before);

  const Network& network_;
  const WeatherSeries& series_;
  const TwinOptions options_;
  const TwinRunFacts facts_;
  const RoadGraph graph_;
  const RoadFriction friction_;
  const TypeOfVehicle type_of_;
  TwinChoice choice_;
  Drivers drivers_;
  std::unique_ptr<Fleet> fleet_;
  Weather weather_;
  double weather_time_;
  const Traffic* traffic_ = nullptr;

  std::vector<Known> known_;  // by vehicle
  std::vector<Twin> twins_;
  std::vector<int32_t> free_, active_;  // of twins_
  std::map<std::pair<std::vector<int32_t>, VehicleClasses>, std::unique_ptr<RouteLanes>> routes_;
  std::map<std::string, VehicleBody> bodies_;  // by type
  std::vector<Scene> scenes_;
  std::vector<double> accels_;
  std::vector<int32_t> driving_;  // twins of the scenes
  TwinStatistics statistics_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_TWIN_PILOT_H_
