#include "tersor/twin/coupling/driver.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/car_following.h"
#include "tersor/twin/weather/visibility.h"
#include "tersor/twin/weather/weathered_demand.h"
#include "tersor/util/config_check.h"
#include "tersor/util/parallel_for.h"

namespace tersor::twin {
namespace {

constexpr int64_t kDriversAThread = 64;

}  // namespace

void DriverOptions::AddFields(Schema& schema) {
  schema.Add("driver.aware", "share of drivers who know how slippery the road is", &aware)
      .Add("driver.sight_compliance",
           "how far they slow down towards stopping within sight, 0 to 1", &sight_compliance)
      .Add("driver.reaction_mean", "s, mean over drivers", &perception.reaction_mean)
      .Add("driver.reaction_deviation", "s, standard deviation over drivers",
           &perception.reaction_deviation)
      .Add("driver.gap_error", "standard deviation of perceived gaps, relative",
           &perception.gap_error)
      .Add("driver.closing_error", "1/s, standard deviation of perceived inverse TTC",
           &perception.closing_error)
      .Add("driver.error_time", "s, correlation of these errors", &perception.error_time)
      .Add("driver.errors", "perceive with errors", &perception.errors)
      .Add("driver.anticipation", "work out from what was seen what is now",
           &perception.anticipation);
}

void DriverOptions::Validate() const {
  CheckRange("driver.aware", aware, 0, 1);
  CheckRange("driver.sight_compliance", sight_compliance, 0, 1);
  perception.Validate();
}

Drivers::Drivers(const DriverOptions& options, double step, uint64_t seed, const Weather& planned)
    : options_(options),
      step_(step),
      seed_(seed),
      planned_(planned),
      perception_(options.perception, step, seed) {
  options.Validate();
  SetWeather({});
}

int32_t Drivers::Add(std::string_view vehicle, const VehicleType& type) {
  const int32_t driver = perception_.Add(vehicle);
  const auto d = static_cast<size_t>(driver);
  if (d == aware_.size()) {
    aware_.resize(d + 1);
    for (auto* field : {&accel_, &decel_, &emergency_, &headway_, &min_gap_}) {
      field->resize(d + 1);
    }
  }
  aware_[d] = KnowsWeather(vehicle, seed_, options_.aware);
  accel_[d] = type.accel;
  decel_[d] = type.decel;
  emergency_[d] = std::max(type.emergency_decel, type.decel);
  headway_[d] = type.tau;
  min_gap_[d] = type.min_gap;
  return driver;
}

void Drivers::Remove(int32_t driver) { perception_.Remove(driver); }

double Drivers::reaction_time(int32_t driver) const {
  return perception_.reaction_time(driver) + weather_.reaction_time;
}

void Drivers::SetWeather(const Weather& weather) {
  weather_ = weather;
  leader_range_ = LeaderRange(weather);
  brake_range_ = BrakeLampRange(weather);
  obstacle_range_ = ObstacleRange(weather);
}

double Drivers::WantedSpeed(size_t d, double desired_speed) const {
  if (aware_[d] == 0) {
    return desired_speed;
  }
  const double wanted = desired_speed * weather_.speed_factor / planned_.speed_factor;
  const double safe = SightLimitedSpeed(obstacle_range_, weather_.friction_peak,
                                        reaction_time(static_cast<int32_t>(d)));
  return wanted - options_.sight_compliance * std::max(0.0, wanted - safe);
}

double Drivers::DecideOne(double time, const Scene& scene) {
  const auto d = static_cast<size_t>(scene.driver);
  const Wish& wish = scene.wish;
  const Perceived ahead =
      perception_.See(scene.driver, time, scene.speed, {wish.leader, wish.gap, wish.leader_speed},
                      leader_range_, weather_.reaction_time, brake_range_);
  const bool aware = aware_[d] != 0;
  const double accel_factor = aware ? weather_.accel_factor / planned_.accel_factor : 1;
  const double headway_factor = aware ? weather_.headway_factor / planned_.headway_factor : 1;
  const IdmParameters idm = {.accel = accel_[d] * accel_factor,
                             .decel = decel_[d] * accel_factor,
                             .headway = headway_[d] * headway_factor,
                             .min_gap = min_gap_[d]};
  constexpr double kSlowest = 0.1;   // m/s, so that quotients stay finite
  constexpr double kTouching = 0.1;  // m
  const double wanted = std::max(WantedSpeed(d, wish.desired_speed), kSlowest);
  constexpr double kFree = std::numeric_limits<double>::infinity();
  // Who is too fast for the limit or the weather slows down, but not for his life.
  double accel = std::max(IdmAcceleration(idm, scene.speed, 0, kFree, wanted), -idm.decel);
  accel = std::min(accel, (wish.free_speed - scene.speed) / step_);
  if (ahead.leader) {
    accel = std::min(accel,
                     IdmAcceleration(idm, scene.speed, ahead.speed, std::max(ahead.gap, kTouching),
                                     std::max(wanted, scene.speed)));
  }
  return std::clamp(accel, -emergency_[d], idm.accel);
}

void Drivers::Decide(double time, std::span<const Scene> scenes, std::span<double> accels) {
  const auto loop = [&](int64_t first, int64_t last) {
    for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(last); ++i) {
      accels[i] = DecideOne(time, scenes[i]);
    }
  };
  const auto count = static_cast<int64_t>(scenes.size());
  if (options_.threads == 1) {
    loop(0, count);
  } else {
    ParallelFor(0, count, kDriversAThread, loop);
  }
}

}  // namespace tersor::twin
