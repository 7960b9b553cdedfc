// Who drives, when and where: SUMO's .rou.xml.
#ifndef TERSOR_TWIN_DEMAND_H_
#define TERSOR_TWIN_DEMAND_H_

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

enum class CarFollowing { kKrauss, kIdm, kWiedemann99 };

/// Defaults are those of SUMO 1.15 for a passenger car.
struct VehicleType {
  std::string id = "DEFAULT_VEHTYPE";
  std::string vehicle_class = "passenger";
  CarFollowing model = CarFollowing::kKrauss;
  double length = 5, width = 1.8;                        // m
  double min_gap = 2.5;                                  // m
  double max_speed = 200 / 3.6;                          // m/s
  double accel = 2.6, decel = 4.5, emergency_decel = 9;  // m/s^2
  double sigma = 0.5;                                    // Krauss: dawdling, 0 to 1
  double tau = 1;                                        // s
  // Of the speed limit: a normal number within limits, drawn for each vehicle.
  double speed_factor = 1, speed_deviation = 0.1, speed_lowest = 0.2, speed_highest = 2;
  double impatience = 0;                           // 0 to 1, before any waiting
  std::string lane_change = "LC2013";              // or MOBIL, ours
  std::map<std::string, double> model_parameters;  // cc0 ... cc9, delta, stepping
};

struct Route {
  std::string id;
  std::vector<int32_t> edges;  // never internal, each connected to the next
};

/// Where on its first edge a vehicle appears, and how fast; SUMO's words.
struct Departure {
  std::string id;
  int32_t type = 0, route = 0;
  double time = 0;  // s
  /// departLane: a lane's index, or one of the named.
  enum class LaneChoice {
    kIndex,
    kFirst,
    kFree,
    kBest,
    kRandom,
    kAllowed
  } lane_choice = LaneChoice::kFirst;
  int32_t lane = 0;
  /// departPos: metres from the edge's beginning (negative: from its end), or one of the named.
  enum class PositionChoice {
    kMetres,
    kBase,
    kRandom,
    kFree,
    kLast
  } position_choice = PositionChoice::kBase;
  double position = 0;
  /// departSpeed: m/s, or one of the named.
  enum class SpeedChoice {
    kSpeed,
    kMax,
    kDesired,
    kSpeedLimit,
    kRandom,
    kLast,
    kAvg
  } speed_choice = SpeedChoice::kSpeed;
  double speed = 0;
  double arrival_position = std::numeric_limits<double>::infinity();  // m; infinity: the lane's end
};

struct Demand {
  std::vector<VehicleType> types;  // the first: SUMO's default
  std::vector<Route> routes;
  std::vector<Departure> departures;  // by time, ties as listed
};

/// The simulated time, in seconds.
struct TimeWindow {
  double begin = 0, end = std::numeric_limits<double>::infinity();
  double step = 1;  // in which a flow of a probability a second draws
};

/// Reads files of vTypes, distributions, routes, vehicles, trips and flows (also .gz), in order.
/// Trips are routed by free-flow time; flows become vehicles; what is drawn depends on `seed`
/// alone. Throws Error naming file, line and element: a route over a missing edge (which vehicle,
/// which edge) or over edges that are not connected, an unknown class or model with the nearest
/// known one, lengths and speeds that are not positive, numbers that are none. Who would depart
/// outside of the window is left out.
Demand ReadDemand(const std::vector<std::string>& paths, const Network& network, uint64_t seed,
                  const TimeWindow& window = {});

/// The same of texts with the names by which messages call them.
struct DemandText {
  std::string_view xml;
  std::string name;
};
Demand ParseDemand(const std::vector<DemandText>& texts, const Network& network, uint64_t seed,
                   const TimeWindow& window = {});

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DEMAND_H_
