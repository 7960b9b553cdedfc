#include "tersor/twin/coupling/twin_pilot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "tersor/twin/corridor.h"
#include "tersor/twin/coupling/coupled_run.h"
#include "tersor/twin/embedded_traffic.h"
#include "tersor/util/parallel_for.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using testing::MessageOf;

/// Two lanes of 800 m to the east, 20 m/s.
const char kRoad[] = R"(<net>
  <edge id="e" from="a" to="b"><lane id="e_0" index="0" speed="20" length="800" shape="0,0 800,0"/>
  <lane id="e_1" index="1" speed="20" length="800" shape="0,3.2 800,3.2"/></edge>
  <junction id="a" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape=""/>
  <junction id="b" type="dead_end" x="800" y="0" incLanes="e_0 e_1" intLanes="" shape=""/>
</net>)";

WeatherSeries Weathers(const std::string& name) {
  WeatherSeries series;
  series.moments = {{0, WeatherPreset(name)}};
  return series;
}

/// A run on the road with twins.
struct TwinRoad {
  Network network = ParseNetwork(kRoad, "road");
  Demand demand;
  WeatherSeries weather;
  std::unique_ptr<EmbeddedTraffic> traffic;
  std::unique_ptr<CoupledRun> twins;

  TwinRoad(const std::string& vehicles, const TwinOptions& options,
           const std::string& sky = "clear_dry", int threads = 1)
      : weather(Weathers(sky)) {
    const std::string xml =
        R"(<routes><vType id="t" sigma="0" speedDev="0"/><vType id="slow" sigma="0" speedDev="0" maxSpeed="5"/>
        <vType id="bike" vClass="bicycle" length="1.6" width="0.6"/>)" +
        vehicles + "</routes>";
    demand = ParseDemand({{xml, "road.rou.xml"}}, network, 1);
    traffic =
        std::make_unique<EmbeddedTraffic>(network, demand, EmbeddedOptions{.threads = threads});
    twins = std::make_unique<CoupledRun>(network, demand, weather, options,
                                         TwinRunFacts{.threads = threads});
  }

  const Snapshot& Step() {
    traffic->Step(twins->pilot());
    twins->Look(*traffic);
    return traffic->snapshot();
  }
};

std::string Car(const std::string& id, const std::string& type, double position, double speed,
                int lane = 0, double depart = 0) {
  return "<vehicle id=\"" + id + "\" type=\"" + type + "\" depart=\"" + std::to_string(depart) +
         "\" departPos=\"" + std::to_string(position) + "\" departSpeed=\"" +
         std::to_string(speed) + "\" departLane=\"" + std::to_string(lane) +
         "\"><route edges=\"e\"/></vehicle>";
}

TwinOptions All(const std::string& role = "twin", const std::string& level = "L1") {
  TwinOptions options;
  options.share = 1;
  options.role = role;
  options.level = level;
  return options;
}

class EveryRole : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(EveryRole, ReachesItsSpeedInTheMiddleOfItsLane) {
  TwinRoad run(Car("v", "t", 50, 5), All(GetParam().first, GetParam().second));
  double fastest = 0;
  while (!run.traffic->finished()) {
    const Snapshot& now = run.Step();
    ASSERT_LT(now.time, 100);
    if (now.size() == 1) {
      EXPECT_NEAR(now.y[0], 0, 0.05);
      EXPECT_NEAR(now.angle[0], 90, 0.5);
      EXPECT_NEAR(now.x[0], now.position[0], 0.01);
      fastest = std::max(fastest, now.speed[0]);
    }
  }
  EXPECT_GT(fastest, 18);
  EXPECT_LT(fastest, 20.5);
  EXPECT_EQ(run.traffic->statistics().arrived, 1);
  EXPECT_EQ(run.twins->twins()->statistics().twins, 1);
  EXPECT_NEAR(run.twins->twins()->statistics().metres, 750, 5);
}

INSTANTIATE_TEST_SUITE_P(Roles, EveryRole,
                         ::testing::Values(std::pair("twin", "L0"), std::pair("twin", "L1"),
                                           std::pair("twin", "L2"), std::pair("shadow", "L1")));

TEST(TwinPilot, APoseGoesThroughTheFleetUnchanged) {
  for (const DynamicsLevel level :
       {DynamicsLevel::kPointMass, DynamicsLevel::kSingleTrack, DynamicsLevel::kMultiBody}) {
    const auto fleet = MakeFleet(level);
    for (const double angle : {0.0, 12.5, 90.0, 200.0, 359.0}) {
      VehicleType truck;
      truck.vehicle_class = "truck";
      truck.length = 7.1;
      const FrontPose pose = fleet->State(fleet->Add(BodyFor(truck), {310, -42, angle}, 8)).pose;
      EXPECT_NEAR(pose.x, 310, 1e-9);
      EXPECT_NEAR(pose.y, -42, 1e-9);
      EXPECT_NEAR(std::remainder(pose.angle - angle, 360), 0, 1e-9);
    }
  }
}

TEST(TwinPilot, ChangesLanesSmoothly) {
  // It overtakes a slow car, which is the traffic's.
  TwinOptions options;
  options.ids = {"v"};
  TwinRoad run(Car("s", "slow", 150, 5) + Car("v", "t", 60, 18), options);
  double before = 0, highest = 0;
  int64_t both = 0;  // steps in which it is on both lanes
  while (!run.traffic->finished()) {
    const Snapshot& now = run.Step();
    for (size_t row = 0; row < now.vehicle.size(); ++row) {
      if (run.traffic->vehicles()[static_cast<size_t>(now.vehicle[row])].id == "v") {
        EXPECT_LT(std::abs(now.y[row] - before), 0.2) << now.time;
        before = now.y[row];
        highest = std::max(highest, now.y[row]);
        both += now.y[row] > 0.9 && now.y[row] < 2.3;
      }
    }
  }
  EXPECT_NEAR(highest, 3.2, 0.3);
  EXPECT_GT(both, 5);
  EXPECT_TRUE(run.twins->collisions().empty());
}

TEST(TwinPilot, StopsBehindWhoStands) {
  for (const char* sky : {"clear_dry", "heavy_rain", "snow"}) {
    TwinOptions options = All();
    options.collision_rest = 1000;
    TwinRoad run(Car("s", "t", 600, 0) + Car("l", "t", 600, 0, 1) + Car("v", "t", 60, 15), options,
                 sky);
    for (int i = 0; i < 3; ++i) {
      run.Step();
    }
    run.twins->twins()->Wreck(0);  // they never move
    run.twins->twins()->Wreck(1);
    for (int i = 0; i < 800; ++i) {
      run.Step();
    }
    const Snapshot& now = run.traffic->snapshot();
    ASSERT_EQ(now.size(), 3) << sky;
    EXPECT_TRUE(run.twins->collisions().empty()) << sky;
    EXPECT_GT(now.position[0] - 5 - now.position[2], 0.2) << sky;
    EXPECT_LT(now.position[0] - 5 - now.position[2], 10) << sky;
    EXPECT_LT(now.speed[2], 0.1) << sky;
  }
}

TEST(TwinPilot, WrecksBrakeAndAreTakenOffTheRoad) {
  TwinOptions options = All();
  options.collision_rest = 2;
  TwinRoad run(Car("v", "t", 60, 15), options);
  run.Step();
  run.Step();
  run.twins->twins()->Wreck(0);
  double stood = 0, travelled = 0;
  while (!run.traffic->finished()) {
    const Snapshot& now = run.Step();
    ASSERT_LT(now.time, 30);
    if (now.size() == 1) {
      travelled = now.position[0] - 60;
      stood += now.speed[0] < 0.1 ? 0.1 : 0;
    }
  }
  // v^2 / (2 mu g) and the brakes' delay.
  EXPECT_GT(travelled, 15 * 15 / (2 * 0.85 * kGravity));
  EXPECT_LT(travelled, 15 * 15 / (2 * 0.70 * kGravity) + 15 * 0.6);
  EXPECT_NEAR(stood, 2, 0.5);
  EXPECT_EQ(run.traffic->statistics().removed, 1);
}

TEST(TwinPilot, WhoDoesNotSeeTheStandingCarInTimeCollides) {
  // On ice, at the speed of a dry road, a car stands where one would brake in time on a dry one.
  TwinOptions options = All();
  options.driver.aware = 0;
  options.collision_rest = 30;
  TwinRoad run(Car("s", "t", 260, 0) + Car("v", "t", 60, 15), options, "ice");
  run.Step();
  run.Step();
  run.twins->twins()->Wreck(0);
  while (!run.traffic->finished()) {
    ASSERT_LT(run.Step().time, 200);
  }
  ASSERT_EQ(run.twins->collisions().size(), 1U);
  EXPECT_EQ(run.twins->collisions()[0].type, CollisionType::kRearEnd);
  EXPECT_GT(run.twins->collisions()[0].relative_speed, 5);
  EXPECT_EQ(run.traffic->statistics().removed, 2);
}

TEST(TwinPilot, RolesByShareIdClassPlaceAndTime) {
  TwinOptions half;
  half.share = 0.5;
  TwinChoice choice(half, 7, 0);
  int64_t twins = 0;
  for (int i = 0; i < 1000; ++i) {
    twins += choice.Named("v" + std::to_string(i));
  }
  EXPECT_NEAR(static_cast<double>(twins), 500, 60);
  TwinOptions quarter = half;
  quarter.share = 0.25;
  for (int i = 0; i < 100; ++i) {  // the smaller share is a part of the greater one
    const std::string id = "v" + std::to_string(i);
    EXPECT_LE(TwinChoice(quarter, 7, 0).Named(id), choice.Named(id));
  }
  EXPECT_FALSE(HasDynamics("bicycle"));
  EXPECT_FALSE(HasDynamics("tram"));
  EXPECT_TRUE(HasDynamics("passenger"));
  TwinRoad bikes(Car("b", "bike", 60, 3), All());
  bikes.Step();
  bikes.Step();
  EXPECT_FALSE(bikes.twins->twins()->WasTwin(0));
  // From 300 to 500 m, from the third second on.
  TwinOptions there = All();
  there.region = {"300", "-10", "500", "10"};
  there.warm_up = 3;
  TwinRoad run(Car("v", "t", 60, 15), there);
  TwinRoad early(Car("v", "t", 310, 1), there);
  double first = 0, last = 0, first_time = -1;
  while (!run.traffic->finished()) {
    run.Step();
    const Snapshot& now = run.traffic->snapshot();
    if (now.size() == 1 && run.twins->twins()->State(0) != nullptr) {
      first = first > 0 ? first : now.position[0];
      last = now.position[0];
    }
  }
  EXPECT_NEAR(first, 302, 3);
  EXPECT_NEAR(last, 520, 5);
  for (int i = 0; i < 60 && first_time < 0; ++i) {
    first_time = early.Step().time >= 0 && early.twins->twins()->State(0) ? early.Step().time : -1;
  }
  EXPECT_NEAR(first_time, 3.2, 0.15);
}

TEST(TwinPilot, BodiesFitTheTypes) {
  VehicleType type;
  EXPECT_EQ(BodyFor(type).name, "sedan");
  EXPECT_DOUBLE_EQ(BodyFor(type).length, 5);
  EXPECT_DOUBLE_EQ(BodyFor(type).width, 1.8);
  type.vehicle_class = "truck";
  type.length = 7.1;
  EXPECT_EQ(BodyFor(type).name, "truck");
  type.vehicle_class = "trailer";
  type.length = 16.5;
  BodyFor(type).Validate();
  type.vehicle_class = "passenger";
  type.length = 4;
  EXPECT_EQ(BodyFor(type).name, "compact");
  EXPECT_EQ(BodyFor(type, "van").name, "van");
  BodyFor(type).Validate();
}

TEST(TwinPilot, AVehicleThatTheDemandHasNotIsNamed) {
  TwinOptions options;
  options.ids = {"nobody"};
  EXPECT_NE(MessageOf([&] {
              TwinRoad run(Car("v", "t", 60, 15), options);
            }).find("twins.ids: the demand has no vehicle 'nobody'"),
            std::string::npos);
}

TEST(TwinPilot, SameBytesForAnyNumberOfThreads) {
  const Network network = ParseNetwork(CorridorNetworkXml(), "corridor.net.xml");
  const Demand demand =
      ParseDemand({{CorridorRoutesXml({.end = 60}), "corridor.rou.xml"}}, network, 3);
  const WeatherSeries weather = Weathers("heavy_rain");
  const auto run = [&](int threads) {
    SetNumThreads(threads);
    EmbeddedTraffic traffic(network, demand, {.seed = 3, .threads = threads});
    CoupledRun twins(network, demand, weather, All(), {.seed = 3, .threads = threads});
    std::vector<double> all;
    for (int i = 0; i < 500; ++i) {
      traffic.Step(twins.pilot());
      twins.Look(traffic);
      const Snapshot& now = traffic.snapshot();
      for (const auto* field : {&now.x, &now.y, &now.angle, &now.speed, &now.accel}) {
        all.insert(all.end(), field->begin(), field->end());
      }
    }
    SetNumThreads(0);
    return all;
  };
  EXPECT_EQ(run(1), run(2));
}

}  // namespace
}  // namespace tersor::twin
