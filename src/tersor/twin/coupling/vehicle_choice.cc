#include "tersor/twin/coupling/vehicle_choice.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tersor/twin/random_stream.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

// m up to which a car is a compact one, and from which its body is that of a van; chosen between
// the shipped bodies' lengths (4.3, 4.5, 4.6 m) and SUMO's default passenger car (5.0 m).
constexpr double kCompact = 4.4, kVan = 5.2;
constexpr double kTruck = 6.5;  // m: what carries goods is a truck from here on

std::string_view NearestBody(const VehicleType& type) {
  constexpr std::array<std::string_view, 5> kHeavy = {"truck", "trailer", "bus", "coach",
                                                      "container"};
  if (std::find(kHeavy.begin(), kHeavy.end(), type.vehicle_class) != kHeavy.end() ||
      type.length >= kTruck) {
    return "truck";
  }
  if (type.vehicle_class == "delivery" || type.length >= kVan) {
    return "van";
  }
  return type.length < kCompact ? "compact" : "sedan";
}

}  // namespace

bool HasDynamics(std::string_view vehicle_class) {
  constexpr std::array<std::string_view, 15> kSteered = {
      "private", "emergency", "authority", "army",  "vip",     "passenger", "hov",     "taxi",
      "bus",     "coach",     "delivery",  "truck", "trailer", "evehicle",  "ignoring"};
  return vehicle_class.starts_with("custom") ||
         std::find(kSteered.begin(), kSteered.end(), vehicle_class) != kSteered.end();
}

VehicleBody BodyFor(const VehicleType& type, const std::string& name) {
  VehicleBody body = name.empty() ? ShippedBody(NearestBody(type)) : FindBody(name);
  // The shares of overhangs and wheelbase stay; what turns has its arms in the square.
  const double longer = std::clamp(type.length, 1.5, 30.0) / body.length;
  body.length *= longer;
  body.front_overhang *= longer;
  body.front.distance *= longer;
  body.rear.distance *= longer;
  body.yaw_inertia *= longer * longer;
  body.pitch_inertia *= longer * longer;
  body.width = std::clamp(type.width, 0.5, 4.0);
  return body;
}

TypeOfVehicle::TypeOfVehicle(const Demand& demand) : demand_(demand) {
  for (size_t i = 0; i < demand.types.size(); ++i) {
    of_type_.emplace(demand.types[i].id, static_cast<int32_t>(i));
  }
  for (const Departure& departure : demand.departures) {
    of_vehicle_.emplace(departure.id, departure.type);
  }
}

const VehicleType& TypeOfVehicle::operator()(const Vehicle& vehicle) const {
  static const VehicleType unknown;
  const auto by_id = of_vehicle_.find(vehicle.id);
  if (by_id != of_vehicle_.end()) {
    return demand_.types[static_cast<size_t>(by_id->second)];
  }
  const auto by_type = of_type_.find(vehicle.type);
  return by_type == of_type_.end() ? unknown : demand_.types[static_cast<size_t>(by_type->second)];
}

TwinChoice::TwinChoice(const TwinOptions& options, uint64_t seed, double begin)
    : options_(options),
      bounds_(options.bounds()),
      ids_(options.ids.begin(), options.ids.end()),
      seed_(seed),
      begin_(begin) {}

bool TwinChoice::Named(const std::string& id) const {
  return id == options_.ego || ids_.contains(id) ||
         Rng(seed_, StreamOf("twin", id)).Uniform(0) < options_.share;
}

void TwinChoice::Look(const Snapshot& now, const Traffic& traffic) {
  if (options_.ego.empty()) {
    return;
  }
  for (; looked_ < traffic.vehicles().size(); ++looked_) {
    if (traffic.vehicles()[looked_].id == options_.ego) {
      ego_ = static_cast<int32_t>(looked_);
    }
  }
  const auto row = std::lower_bound(now.vehicle.begin(), now.vehicle.end(), ego_);
  ego_here_ = ego_ >= 0 && row != now.vehicle.end() && *row == ego_;
  if (ego_here_) {
    const auto i = static_cast<size_t>(row - now.vehicle.begin());
    ego_x_ = now.x[i];
    ego_y_ = now.y[i];
  }
}

bool TwinChoice::Here(const Snapshot& now, size_t row, bool inside) const {
  constexpr double kMargin = 20;  // m, so that nobody changes roles back and forth
  const double margin = inside ? kMargin : 0;
  if (now.time < begin_ + options_.warm_up) {
    return false;
  }
  const double x = now.x[row], y = now.y[row];
  if (!bounds_.empty()) {
    return x >= bounds_[0] - margin && y >= bounds_[1] - margin && x <= bounds_[2] + margin &&
           y <= bounds_[3] + margin;
  }
  return options_.ego.empty() ||
         (ego_here_ && std::hypot(x - ego_x_, y - ego_y_) <= options_.radius + margin);
}

}  // namespace tersor::twin
