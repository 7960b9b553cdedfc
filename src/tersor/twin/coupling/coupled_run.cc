#include "tersor/twin/coupling/coupled_run.h"

#include <algorithm>
#include <map>

namespace tersor::twin {

CoupledRun::CoupledRun(const Network& network, const Demand& demand, const WeatherSeries& weather,
                       const std::optional<TwinOptions>& twins, const TwinRunFacts& facts)
    : network_(network),
      type_of_(demand),
      removes_(twins.has_value() && twins->collision == "remove"),
      twin_body_(twins ? twins->body : ""),
      pilot_(twins ? std::make_unique<TwinPilot>(network, demand, weather, *twins, facts)
                   : nullptr),
      watch_(network, {.mass = [this](int32_t vehicle) { return BodyOf(vehicle).mass; },
                       .judged =
                           [this](int32_t first, int32_t second, bool same_lane) {
                             const auto own = [this](int32_t vehicle) {
                               return pilot_ && pilot_->State(vehicle) != nullptr;
                             };
                             return same_lane || own(first) || own(second);
                           }}) {}

VehicleBody CoupledRun::BodyOf(int32_t vehicle) const {
  const bool twin = pilot_ && pilot_->WasTwin(vehicle);
  return BodyFor(type_of_(vehicles_[static_cast<size_t>(vehicle)]), twin ? twin_body_ : "");
}

void CoupledRun::Look(const Traffic& traffic) {
  vehicles_ = traffic.vehicles();
  const Snapshot& now = traffic.snapshot();
  CountBrakings(now);
  for (const Collision& collision : watch_.Update(now, vehicles_)) {
    if (removes_) {
      pilot_->Wreck(collision.first);
      pilot_->Wreck(collision.second);
    }
  }
}

void CoupledRun::CountBrakings(const Snapshot& now) {
  braking_.resize(vehicles_.size(), 0);
  for (size_t row = 0; row < now.vehicle.size(); ++row) {
    // A little more, so that those who brake with just as much do not count.
    constexpr double kEmergency = 4.5 + 1e-3;  // m/s^2
    const bool hard =
        now.accel[row] < -kEmergency && !(pilot_ && pilot_->State(now.vehicle[row]) != nullptr);
    char& before = braking_[static_cast<size_t>(now.vehicle[row])];
    brakings_ += hard && !before;
    before = hard;
  }
}

int64_t CoupledRun::emergency_brakings() const {
  return brakings_ + (pilot_ ? pilot_->statistics().emergency_brakings : 0);
}

ConflictMark MarkOf(const Collision& collision) {
  ConflictMark mark;
  mark.first = collision.first;
  mark.second = collision.second;
  mark.begin = mark.end = mark.time = collision.time;
  mark.point = collision.point;
  mark.type = "collision";
  mark.ttc = 0;
  return mark;
}

std::vector<bool> CoupledRun::Twins() const {
  std::vector<bool> twins(vehicles_.size(), false);
  for (size_t i = 0; i < twins.size() && pilot_; ++i) {
    twins[i] = pilot_->WasTwin(static_cast<int32_t>(i));
  }
  return twins;
}

std::vector<ConflictMark> CoupledRun::Marks() const {
  std::vector<ConflictMark> marks;
  for (const Collision& collision : watch_.all()) {
    marks.push_back(MarkOf(collision));
  }
  return marks;
}

void CoupledRun::Report(const Traffic& traffic, double vehicle_km, Record& record) const {
  const auto per_1000_km = [&](const char* name, int64_t count) {
    record.metrics[name] = count;
    if (vehicle_km > 0) {
      record.metrics[std::string(name) + "_per_1000_vehicle_km"] =
          static_cast<double>(count) / vehicle_km * 1000;
    }
  };
  per_1000_km("collisions", std::ssize(watch_.all()));
  per_1000_km("emergency_brakings", emergency_brakings());
  std::map<std::string, int64_t> types;
  double worst = 0;
  for (const Collision& collision : watch_.all()) {
    std::string type(Name(collision.type));
    std::replace_if(
        type.begin(), type.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
    ++types["collisions_" + type];
    worst = std::max({worst, collision.delta_v_first, collision.delta_v_second});
    record.rows.push_back(
        {{"collision", Name(collision.type)},
         {"time_s", collision.time},
         {"first", traffic.vehicles()[static_cast<size_t>(collision.first)].id},
         {"second", traffic.vehicles()[static_cast<size_t>(collision.second)].id},
         {"delta_v_mps", std::max(collision.delta_v_first, collision.delta_v_second)},
         {"relative_speed_mps", collision.relative_speed},
         {"overlap_m", collision.overlap},
         {"x_m", collision.point.x},
         {"y_m", collision.point.y}});
  }
  for (const auto& [type, count] : types) {
    record.metrics[type] = count;
  }
  if (!watch_.all().empty()) {
    record.metrics["delta_v_max_mps"] = worst;
  }
  if (pilot_) {
    const TwinStatistics& twins = pilot_->statistics();
    record.metrics["twins"] = twins.twins;
    record.metrics["twin_km"] = twins.metres / 1000;
    record.metrics["vehicles_removed"] = twins.removed;
    if (record.metrics.contains("vehicles_arrived")) {
      record.metrics["vehicles_arrived"] =
          record.metrics["vehicles_arrived"].get<int64_t>() - twins.removed;
    }
    record.metrics["slip_brakings"] = twins.slip_brakings;
    record.metrics["runs_off_road"] = twins.runs_off_road;
  }
}

}  // namespace tersor::twin
