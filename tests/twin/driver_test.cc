#include "tersor/twin/coupling/driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tersor/twin/car_following.h"
#include "tersor/twin/weather/visibility.h"
#include "tersor/twin/weather/weathered_demand.h"
#include "tersor/util/config.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

constexpr double kStep = 0.1;
constexpr double kFree = std::numeric_limits<double>::infinity();

VehicleType Car() {
  VehicleType type;
  type.accel = 1.5;
  type.decel = 3;
  type.tau = 1.2;
  type.min_gap = 2;
  return type;
}

DriverOptions Exact() {
  DriverOptions options;
  options.perception.errors = false;
  return options;
}

Wish Alone(double desired) { return {.free_speed = 1e9, .desired_speed = desired}; }

double Decide(Drivers& drivers, double time, const Scene& scene) {
  double accel = 0;
  drivers.Decide(time, {&scene, 1}, {&accel, 1});
  return accel;
}

// Speed at which the free driver neither speeds up nor slows down.
double CruisingSpeed(const DriverOptions& options, const Weather& weather,
                     const Weather& planned = {}) {
  Drivers drivers(options, kStep, 1, planned);
  drivers.SetWeather(weather);
  const int32_t driver = drivers.Add("car", Car());
  double speed = 20;
  for (int i = 0; i < 3000; ++i) {
    speed += kStep * Decide(drivers, i * kStep, {driver, speed, Alone(22)});
  }
  return speed;
}

TEST(Driver, FollowsByTheIntelligentDriverModel) {
  Drivers drivers(Exact(), kStep, 1);
  const int32_t driver = drivers.Add("car", Car());
  Wish wish = Alone(22);
  wish.leader = 1;
  wish.gap = 30;
  wish.leader_speed = 18;
  for (int i = 0; i < 40; ++i) {
    // Steady: what was seen is what is.
    wish.gap = 50 - 2 * i * kStep;
    const IdmParameters idm = {1.5, 3, 1.2, 2, 4};
    EXPECT_NEAR(Decide(drivers, i * kStep, {driver, 20, wish}),
                IdmAcceleration(idm, 20, 18, wish.gap, 22), 1e-9);
  }
}

TEST(Driver, SignalsAndLimitsAreForeseen) {
  Drivers drivers(Exact(), kStep, 1);
  const int32_t driver = drivers.Add("car", Car());
  Wish wish = Alone(22);
  wish.free_speed = 19.8;
  EXPECT_NEAR(Decide(drivers, 0, {driver, 20, wish}), -2, 1e-9);
  wish.free_speed = 0;
  EXPECT_EQ(Decide(drivers, 0.1, {driver, 20, wish}), -9);  // the type's emergencyDecel
}

TEST(Driver, WhoKnowsTheSnowDrivesByItsFactors) {
  DriverOptions options = Exact();
  options.sight_compliance = 0;
  EXPECT_NEAR(CruisingSpeed(options, WeatherPreset("snow")), 0.62 * 22, 1e-3);
  // A demand that was made for the snow has it in its desired speeds already.
  EXPECT_NEAR(CruisingSpeed(options, WeatherPreset("snow"), WeatherPreset("snow")), 22, 1e-3);
  options.aware = 0;
  EXPECT_NEAR(CruisingSpeed(options, WeatherPreset("snow")), 22, 1e-3);
}

TEST(Driver, InFogTheAwareSlowDownButNotEnough) {
  DriverOptions options = Exact();
  const Weather& fog = WeatherPreset("fog_dense");
  Drivers drivers(options, kStep, 1);
  drivers.SetWeather(fog);
  const int32_t driver = drivers.Add("car", Car());
  const double safe =
      SightLimitedSpeed(ObstacleRange(fog), fog.friction_peak, drivers.reaction_time(driver));
  options.sight_compliance = 0;
  const double careless = CruisingSpeed(options, fog);
  EXPECT_NEAR(careless, 0.75 * 22, 1e-3);
  options.sight_compliance = 1;
  EXPECT_NEAR(CruisingSpeed(options, fog), safe, 1e-3);
  options.sight_compliance = 0.25;
  EXPECT_NEAR(CruisingSpeed(options, fog), careless - 0.25 * (careless - safe), 1e-3);
  EXPECT_LT(safe, careless);
}

TEST(Driver, TheWeatherSlowsEverybodysReaction) {
  DriverOptions options;
  options.aware = 0;
  Drivers drivers(options, kStep, 1);
  const int32_t driver = drivers.Add("car", Car());
  const double dry = drivers.reaction_time(driver);
  drivers.SetWeather(WeatherPreset("fog_dense"));
  EXPECT_NEAR(drivers.reaction_time(driver), dry + 0.6, 1e-12);
}

// Drives at a standing car; the gap in which the vehicle comes to stand, negative: it does not.
double GapLeft(const Weather& weather, double friction) {
  DriverOptions options = Exact();
  options.aware = 0;
  Drivers drivers(options, kStep, 1);
  drivers.SetWeather(weather);
  const int32_t driver = drivers.Add("car", Car());
  Wish wish = Alone(22);
  wish.leader = 5;
  double gap = 400, speed = 22;
  for (int i = 0; i < 1000 && gap > 0; ++i) {
    wish.gap = gap;
    const double accel =
        std::max(Decide(drivers, i * kStep, {driver, speed, wish}), -9.81 * friction);
    const double next = std::max(speed + accel * kStep, 0.0);
    gap -= (speed + next) / 2 * kStep;
    speed = next;
  }
  return gap > 0 ? gap : -speed;
}

TEST(Driver, StopsInTimeByDayAndTooLateInFog) {
  const double dry = GapLeft(WeatherPreset("clear_dry"), 0.85);
  EXPECT_GT(dry, 1);
  EXPECT_LT(dry, 4);
  Weather fog = WeatherPreset("fog_dense");
  fog.visibility = 30;
  EXPECT_LT(GapLeft(fog, 0.70), -1);
  EXPECT_LT(GapLeft(WeatherPreset("ice"), 0.15), -1);  // and on ice as if it were dry
}

// A platoon behind a leader who brakes to a stand and starts again; the smallest gap.
double SmallestGap(const Weather& weather, uint64_t seed, double friction) {
  constexpr int kCars = 25;
  DriverOptions options;
  Drivers drivers(options, kStep, seed);
  drivers.SetWeather(weather);
  std::vector<double> position(kCars), speed(kCars, 15), accel(kCars);
  std::vector<Scene> scenes(kCars - 1);
  for (int i = 0; i < kCars; ++i) {
    position[static_cast<size_t>(i)] = -25.0 * i;
    if (i > 0) {
      drivers.Add("car" + std::to_string(i), Car());
    }
  }
  double smallest = kFree;
  for (int step = 0; step < 1500; ++step) {
    const double time = step * kStep;
    const double wanted = time > 40 && time < 60 ? 0 : time > 90 && time < 95 ? 5 : 15;
    for (size_t i = 1; i < kCars; ++i) {
      const double gap = position[i - 1] - position[i] - 5;
      smallest = std::min(smallest, gap);
      Wish wish = Alone(20);
      wish.leader = static_cast<int32_t>(i) - 1;
      wish.gap = gap;
      wish.leader_speed = speed[i - 1];
      scenes[i - 1] = {static_cast<int32_t>(i) - 1, speed[i], wish};
    }
    drivers.Decide(time, scenes, {accel.data() + 1, kCars - 1});
    accel[0] = std::clamp((wanted - speed[0]) / kStep, -4.0, 1.5);
    for (size_t i = 0; i < kCars; ++i) {
      const double next = std::max(speed[i] + std::max(accel[i], -9.81 * friction) * kStep, 0.0);
      position[i] += (speed[i] + next) / 2 * kStep;
      speed[i] = next;
    }
  }
  return smallest;
}

TEST(Driver, APlatoonOnADryDayKeepsItsDistances) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_GT(SmallestGap(WeatherPreset("clear_dry"), seed, 0.85), 1) << "seed " << seed;
  }
}

TEST(Driver, SameBytesForAnyNumberOfThreads) {
  std::vector<double> results[2];
  for (const int threads : {1, 2}) {
    DriverOptions options;
    options.aware = 0.5;
    options.threads = threads;
    Drivers drivers(options, kStep, 9);
    drivers.SetWeather(WeatherPreset("heavy_rain"));
    std::vector<Scene> scenes;
    for (int i = 0; i < 500; ++i) {
      Wish wish = Alone(20);
      wish.leader = i + 1;
      wish.gap = 10 + i % 40;
      wish.leader_speed = 12;
      scenes.push_back({drivers.Add("v" + std::to_string(i), Car()), 15, wish});
    }
    std::vector<double> accels(scenes.size());
    for (int step = 0; step < 30; ++step) {
      drivers.Decide(step * kStep, scenes, accels);
      results[threads - 1].insert(results[threads - 1].end(), accels.begin(), accels.end());
    }
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Driver, AwareAreThoseWhoseTypeTheDemandChanges) {
  DriverOptions options;
  options.aware = 0.4;
  Drivers drivers(options, kStep, 11);
  for (int i = 0; i < 100; ++i) {
    const std::string id = "v" + std::to_string(i);
    EXPECT_EQ(drivers.aware(drivers.Add(id, Car())), KnowsWeather(id, 11, 0.4));
  }
}

TEST(Driver, OptionsFromAFile) {
  DriverOptions options;
  Schema schema;
  options.AddFields(schema);
  schema.LoadYaml("driver: {aware: 0.25, reaction_mean: 1}\n", "s.yaml");
  EXPECT_EQ(options.aware, 0.25);
  EXPECT_EQ(options.perception.reaction_mean, 1);
  options.aware = 1.01;
  EXPECT_EQ(testing::MessageOf([&] { options.Validate(); }),
            "driver.aware is 1.01; it must be in 0 .. 1");
}

}  // namespace
}  // namespace tersor::twin
