#include "tersor/twin/ssm_device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crossing_network.h"
#include "tersor/twin/fcd.h"
#include "tersor/twin/xml_stream.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

// Someone who keeps speed on the west's, the south's or both roads of the crossing.
struct Driver {
  std::string from, to;  // edges
  double ahead = 0;      // m from the front to the end of `from` at time 0
  double speed = 10;     // m/s
  double width = 2;      // m
};

class SsmDeviceTest : public ::testing::Test {
 protected:
  // Conflicts of drivers watched every 0.1 s from `begin` until `end`.
  std::vector<Conflict> Watch(const std::vector<Driver>& drivers, double begin, double end,
                              SsmOptions options = {}, bool regulated = true,
                              RunExposure* exposure = nullptr) {
    const Network network = CrossingNetwork(regulated);
    std::vector<Vehicle> vehicles;
    for (const Driver& driver : drivers) {
      vehicles.push_back({.id = std::to_string(vehicles.size()),
                          .type = "car",
                          .length = 5,
                          .width = driver.width,
                          .route = {network.FindEdge(driver.from), network.FindEdge(driver.to)}});
    }
    SsmDevice device(network, options);
    for (int step = 0; begin + 0.1 * step <= end + 1e-9; ++step) {
      const double time = begin + 0.1 * step;
      Snapshot snapshot;
      snapshot.time = time;
      for (size_t i = 0; i < drivers.size(); ++i) {
        Add(network, drivers[i], static_cast<int32_t>(i), time, &snapshot);
      }
      device.Update(snapshot, vehicles);
    }
    std::vector<Conflict> conflicts = device.Finish();
    if (exposure != nullptr) {
      *exposure = device.exposure();
    }
    return conflicts;
  }

  static void Add(const Network& network, const Driver& driver, int32_t vehicle, double time,
                  Snapshot* snapshot) {
    const double beyond = driver.speed * time - driver.ahead;
    const std::string via = driver.from == "W" ? ":C_2_0" : driver.to == "N" ? ":C_1_0" : ":C_0_0";
    const double junction = network.lanes[static_cast<size_t>(network.FindLane(via))].length;
    std::string lane = driver.from + "_0";
    double position = 296.8 + beyond;
    if (beyond > junction) {
      lane = driver.to + "_0";
      position = beyond - junction;
    } else if (beyond > 0) {
      lane = via;
      position = beyond;
    }
    const int32_t index = network.FindLane(lane);
    const Lane& on = network.lanes[static_cast<size_t>(index)];
    const Pose pose = PoseAt(on.shape, position / on.length * Length(on.shape));
    snapshot->vehicle.push_back(vehicle);
    snapshot->x.push_back(pose.point.x);
    snapshot->y.push_back(pose.point.y);
    snapshot->angle.push_back(SumoAngle(pose.heading));
    snapshot->speed.push_back(driver.speed);
    snapshot->accel.push_back(0);
    snapshot->lane.push_back(index);
    snapshot->position.push_back(position);
    snapshot->route_index.push_back(lane == driver.to + "_0" ? 1 : 0);
  }
};

// Where the known answers have x or y = value, the end of the road is 296.8.
double Ahead(double value) { return 296.8 - value; }

TEST_F(SsmDeviceTest, FollowsTheLeader) {
  const std::vector<Driver> drivers = {{"W", "E", Ahead(50), 20}, {"W", "E", Ahead(105), 10}};
  const auto conflicts = Watch(drivers, 3.2, 3.2, {.both = true});
  ASSERT_EQ(conflicts.size(), 2u);
  EXPECT_NEAR(conflicts[0].min_ttc.value, 1.8, 1e-9);
  EXPECT_NEAR(conflicts[0].max_drac.value, 100 / 36.0, 1e-9);
  EXPECT_NEAR(conflicts[0].max_mdrac.value, 10 / 1.6, 1e-9);
  EXPECT_EQ(conflicts[0].min_ttc.type, EncounterType::kFollower);
  EXPECT_EQ(conflicts[1].min_ttc.type, EncounterType::kLeader);
  // The leader's rear.
  EXPECT_NEAR(conflicts[0].min_ttc.position.x, 105 + 32 - 5, 1e-9);
  EXPECT_TRUE(std::isnan(conflicts[0].pet.value));
}

TEST_F(SsmDeviceTest, WritesOnlyWhatPassesAThreshold) {
  const std::vector<Driver> drivers = {{"W", "E", Ahead(50), 20}, {"W", "E", Ahead(105), 10}};
  EXPECT_TRUE(Watch(drivers, 0, 0).empty());  // TTC 5 s, DRAC 1 m/s^2
  EXPECT_EQ(Watch(drivers, 0, 0, {.ttc_threshold = 5}).size(), 1u);
  EXPECT_EQ(Watch(drivers, 0, 0, {.drac_threshold = 1}).size(), 1u);
  EXPECT_TRUE(Watch(drivers, 0, 0, {.range = 49, .ttc_threshold = 5}).empty());
}

TEST_F(SsmDeviceTest, Crosses) {
  const std::vector<Driver> drivers = {{"W", "E", Ahead(200), 10}, {"S", "N", Ahead(176.6), 12}};
  const auto conflicts = Watch(drivers, 8, 8, {.both = true});
  ASSERT_EQ(conflicts.size(), 2u);
  for (const Conflict& conflict : conflicts) {
    EXPECT_NEAR(conflict.min_ttc.value, 2.2, 1e-9);
    EXPECT_NEAR(conflict.max_drac.value, 1.420, 5e-4);
    // Where the second one enters.
    EXPECT_NEAR(conflict.min_ttc.position.x, 300, 1e-9);
    EXPECT_NEAR(conflict.min_ttc.position.y, 299, 1e-9);
  }
  EXPECT_EQ(conflicts[0].min_ttc.type, EncounterType::kCrossingLeader);
  EXPECT_EQ(conflicts[1].min_ttc.type, EncounterType::kCrossingFollower);
}

TEST_F(SsmDeviceTest, CrossesOneAfterTheOther) {
  const std::vector<Driver> drivers = {{"W", "E", Ahead(200), 10}, {"S", "N", Ahead(165), 12}};
  const auto conflicts = Watch(drivers, 0, 15);
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].pet.value, 134 / 12.0 - 10.6, 1e-9);
  EXPECT_NEAR(conflicts[0].pet.time, 134 / 12.0, 1e-9);
  EXPECT_TRUE(std::isnan(conflicts[0].min_ttc.value));
  EXPECT_EQ(conflicts[0].pet.type, EncounterType::kBothLeft);
}

TEST_F(SsmDeviceTest, Merges) {
  // The way of the first is 6.4 m across the junction, that of the second 5 m.
  const std::vector<Driver> drivers = {{"W", "E", 102.98 - 6.4, 10}, {"S", "E", 124.15 - 5, 12}};
  const auto conflicts = Watch(drivers, 8, 8);
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].min_ttc.value, 2.346, 5e-4);
  EXPECT_NEAR(conflicts[0].max_drac.value, 2.558, 5e-4);
  EXPECT_EQ(conflicts[0].min_ttc.type, EncounterType::kMergingLeader);
}

TEST_F(SsmDeviceTest, FindsConflictsWhereNobodyRegulates) {
  const std::vector<Driver> drivers = {{"W", "E", Ahead(200), 10}, {"S", "N", Ahead(176.6), 12}};
  const auto conflicts = Watch(drivers, 8, 8, {}, false);
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].min_ttc.value, 2.2, 1e-9);
  EXPECT_NEAR(conflicts[0].max_drac.value, 1.420, 5e-4);
}

TEST_F(SsmDeviceTest, TracesAPairOutOfRangeForTheExtraTime) {
  const Network network = CrossingNetwork();
  const std::vector<Vehicle> vehicles(
      2, {.id = "", .type = "", .route = {network.FindEdge("W"), network.FindEdge("E")}});
  SsmDevice device(network, {.extra_time = 5});
  for (int step = 0; step <= 30; ++step) {
    Snapshot snapshot;
    snapshot.time = 0.5 * step;
    Add(network, {"W", "E", 200, 20}, 0, 0, &snapshot);
    Add(network, {"W", "E", step == 0 ? 180.0 : 20.0, 10}, 1, 0, &snapshot);
    device.Update(snapshot, vehicles);
  }
  const auto conflicts = device.Finish();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].begin, 0);
  EXPECT_EQ(conflicts[0].end, 5);
}

TEST_F(SsmDeviceTest, MeasuresBodiesOnTheMap) {
  const std::vector<Driver> drivers = {{"W", "E", Ahead(50), 20}, {"W", "E", Ahead(105), 10}};
  const auto conflicts = Watch(drivers, 3.2, 3.2, {.box_ttc = true});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].min_box_ttc.value, 1.8, 1e-9);
}

TEST_F(SsmDeviceTest, ForgetsWhoLeaves) {
  const Network network = CrossingNetwork();
  const std::vector<Vehicle> vehicles = {
      {.id = "a", .type = "", .route = {network.FindEdge("W"), network.FindEdge("E")}},
      {.id = "b", .type = "", .route = {network.FindEdge("W"), network.FindEdge("E")}}};
  SsmDevice device(network);
  Snapshot both, alone;
  Add(network, {"W", "E", 100, 20}, 0, 0, &both);
  Add(network, {"W", "E", 80, 10}, 1, 0, &both);
  device.Update(both, vehicles);
  Add(network, {"W", "E", 100, 20}, 0, 0.1, &alone);
  alone.time = 0.1;
  device.Update(alone, vehicles);
  const auto conflicts = device.Finish();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].end, 0);
  EXPECT_NEAR(conflicts[0].min_ttc.value, 1.5, 1e-9);
}

TEST_F(SsmDeviceTest, SeesOncomingTraffic) {
  const Network network = CrossingNetwork();
  const std::vector<Vehicle> vehicles = {
      {.id = "a", .type = "", .route = {network.FindEdge("W"), network.FindEdge("E")}},
      {.id = "b", .type = "", .route = {network.FindEdge("W")}}};
  SsmDevice device(network);
  for (const double time : {0.0, 0.1}) {
    Snapshot snapshot;
    snapshot.time = time;
    Add(network, {"W", "E", 200, 10}, 0, time, &snapshot);
    Add(network, {"W", "E", 157, -20}, 1, time, &snapshot);  // overtakes on the wrong side
    snapshot.speed[1] = 20;
    device.Update(snapshot, vehicles);
  }
  const auto conflicts = device.Finish();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].min_ttc.type, EncounterType::kOncoming);
  EXPECT_NEAR(conflicts[0].min_ttc.value, 40.0 / 30, 1e-9);
}

TEST_F(SsmDeviceTest, SumsExposureOncePerPair) {
  // The gap is 50 m and closes at 10 m/s; the last four steps have TTCs of 1.4 to 1.1 s.
  const std::vector<Driver> drivers = {{"W", "E", Ahead(50), 20}, {"W", "E", Ahead(105), 10}};
  const auto watch = [&](SsmOptions options, RunExposure* exposure) {
    return Watch(drivers, 0.1, 3.91, options, true, exposure);
  };
  RunExposure run;
  const auto conflicts = watch({.critical_ttc = 1.45}, &run);
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].exposure.tet, 0.4, 1e-9);
  EXPECT_NEAR(conflicts[0].exposure.tit, 0.1 * (0.05 + 0.15 + 0.25 + 0.35), 1e-9);
  EXPECT_EQ(run.sum.tet, conflicts[0].exposure.tet);
  EXPECT_NEAR(run.vehicle_seconds, 2 * 3.8, 1e-9);
  EXPECT_EQ(watch({.critical_ttc = 1}, &run)[0].exposure.tet, 0);
}

TEST_F(SsmDeviceTest, WhatBrakingCannotHelpIsAConflict) {
  const std::vector<Driver> drivers = {{"W", "E", Ahead(50), 20}, {"W", "E", Ahead(105), 10}};
  // TTC 5 s, DRAC 1 m/s^2, on a road that gives 0.98.
  const auto conflicts = Watch(drivers, 0, 0, {.friction = 0.1});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].max_drac_to_grip.value, 1 / 0.981, 1e-12);
  EXPECT_TRUE(Watch(drivers, 0, 0, {.grip_threshold = 1.1, .friction = 0.1}).empty());
}

TEST_F(SsmDeviceTest, TheRoadUnderTheOneWhoBrakesCounts) {
  const Network network = CrossingNetwork(true);
  const std::vector<Driver> drivers = {{"W", "E", Ahead(200), 10}, {"S", "N", Ahead(176.6), 12}};
  std::vector<Vehicle> vehicles;
  Snapshot snapshot;
  snapshot.time = 8;
  for (int32_t i = 0; i < 2; ++i) {
    const Driver& driver = drivers[static_cast<size_t>(i)];
    vehicles.push_back({.id = std::to_string(i),
                        .type = "car",
                        .length = 5,
                        .width = 2,
                        .route = {network.FindEdge(driver.from), network.FindEdge(driver.to)}});
    Add(network, driver, i, 8, &snapshot);
  }
  // The second comes second, from the south.
  const int32_t south = network.FindLane("S_0");
  SsmDevice device(network);
  device.SetFriction([&](int32_t lane, double speed) {
    EXPECT_EQ(speed, lane == south ? 12 : 10);
    return lane == south ? 0.2 : 0.8;
  });
  device.Update(snapshot, vehicles);
  const auto conflicts = device.Finish();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].max_drac_to_grip.value, conflicts[0].max_drac.value / (0.2 * 9.81),
              1e-12);
}

TEST_F(SsmDeviceTest, RefusesWhatMakesNoSense) {
  const Network network = CrossingNetwork();
  EXPECT_THROW(SsmDevice(network, {.range = 0}), Error);
  EXPECT_THROW(SsmDevice(network, {.ttc_threshold = -1}), Error);
  EXPECT_THROW(SsmDevice(network, {.friction = 0}), Error);
  SsmDevice device(network);
  Snapshot snapshot;
  device.Update(snapshot, {});
  EXPECT_THROW(device.Update(snapshot, {}), Error);
}

TEST_F(SsmDeviceTest, ReadsRecordedTraffic) {
  // The crossing of the known answers as an observer would record it: places only.
  const testing::TemporaryFolder folder;
  std::string xml = "<fcd-export>\n";
  for (int step = 0; step <= 130; ++step) {
    const double time = 0.1 * step;
    xml += "<timestep time=\"" + std::to_string(time) + "\"><vehicle id=\"a\" x=\"" +
           std::to_string(200 + 10 * time) + "\" y=\"300\"/><vehicle id=\"b\" x=\"300\" y=\"" +
           std::to_string(165 + 12 * time) + "\"/></timestep>\n";
  }
  std::ofstream(folder / "field.xml") << xml << "</fcd-export>\n";
  const Network network = CrossingNetwork();
  FcdReaderOptions known;
  for (const char* id : {"a", "b"}) {
    known.known[id] = {.id = id, .type = "car", .length = 5, .width = 2, .route = {}};
  }
  FcdReader reader(folder / "field.xml", network, known);
  SsmDevice device(network);
  while (reader.Next()) {
    device.Update(reader.snapshot(), reader.vehicles());
  }
  const auto conflicts = device.Finish();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_NEAR(conflicts[0].pet.value, 134 / 12.0 - 10.6, 1e-3);
}

// Real SUMO writes both its SSM log and the floating car data from which we make ours.
class SsmAgainstSumo : public ::testing::Test {
 protected:
  struct Logged {
    double begin = 0, end = 0;
    std::string ego, foe;
    double values[3] = {kNotAvailable, kNotAvailable, kNotAvailable};
    int types[3] = {-1, -1, -1};
  };

  static std::vector<Logged> ReadLog(const std::string& path) {
    std::vector<Logged> log;
    XmlStream stream(path);
    for (auto event = stream.Next(); event != XmlStream::Event::kDone; event = stream.Next()) {
      const std::string_view name = stream.name();
      if (event != XmlStream::Event::kStart || name == "SSMLog") {
        continue;
      }
      const auto value = [&](std::string_view attribute) {
        const auto found =
            std::ranges::find(stream.attributes(), attribute, &XmlStream::Attribute::name);
        return found == stream.attributes().end() ? std::string() : std::string(found->value);
      };
      if (name == "conflict") {
        log.push_back({std::stod(value("begin")),
                       std::stod(value("end")),
                       value("ego"),
                       value("foe"),
                       {kNotAvailable, kNotAvailable, kNotAvailable},
                       {-1, -1, -1}});
      } else if (value("value") != "NA") {
        const size_t measure = name == "minTTC" ? 0 : name == "maxDRAC" ? 1 : 2;
        log.back().values[measure] = std::stod(value("value"));
        log.back().types[measure] = std::stoi(value("type"));
      }
    }
    return log;
  }

  static bool Agree(const Logged& a, const Logged& b) {
    if (a.ego != b.ego || a.foe != b.foe || a.begin > b.end || b.begin > a.end) {
      return false;
    }
    for (int i = 0; i < 3; ++i) {
      const bool known = !std::isnan(b.values[i]);
      if (a.types[i] != b.types[i] || known == std::isnan(a.values[i]) ||
          (known &&
           std::abs(a.values[i] - b.values[i]) > std::max(0.01, 0.01 * std::abs(b.values[i])))) {
        return false;
      }
    }
    return true;
  }
};

TEST_F(SsmAgainstSumo, AgreesOnEveryEncounter) {
  if (std::system("sumo --version >/dev/null 2>&1 && netgenerate --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "SUMO is not installed";
  }
  const testing::TemporaryFolder folder;
  std::ofstream demand(folder / "d.rou.xml");
  demand << "<routes>";
  const std::pair<const char*, const char*> flows[] = {
      {"left0A0", "B0right0"}, {"right1B1", "A1left1"}, {"left1A1", "B1top1"},
      {"bottom0A0", "A1top0"}, {"top1B1", "B0bottom1"}, {"top0A1", "B0right0"},
      {"bottom1B0", "A1left1"}};
  int number = 0;
  for (const auto& [from, to] : flows) {
    demand << "<flow id=\"f" << number << "\" from=\"" << from << "\" to=\"" << to << "\" begin=\""
           << number << "\" end=\"60\" period=\"4\" departLane=\"best\"/>";
    ++number;
  }
  demand << "</routes>";
  demand.close();
  const std::string quiet = " >" + folder.path() + "/log 2>&1";
  ASSERT_EQ(std::system(("netgenerate --grid --grid.number 2 --grid.length 120 "
                         "--grid.attach-length 120 --default.lanenumber 2 -o " +
                         folder.path() + "/n.net.xml" + quiet)
                            .c_str()),
            0);
  ASSERT_EQ(std::system(("cd " + folder.path() +
                         " && sumo -n n.net.xml -r d.rou.xml --step-length 0.2 --end 300 "
                         "--no-step-log --seed 1 --precision 6 --xml-validation never "
                         "--xml-validation.net never --xml-validation.routes never "
                         "--fcd-output fcd.xml --fcd-output.acceleration "
                         "--device.ssm.probability 1 --device.ssm.measures 'TTC DRAC PET' "
                         "--device.ssm.file ssm.xml --collision.action warn" +
                         quiet)
                            .c_str()),
            0)
      << testing::Slurp(folder / "log");
  const Network network = ReadNetwork(folder / "n.net.xml");
  FcdReader reader(folder / "fcd.xml", network);
  SsmDevice device(network, {.both = true});
  while (reader.Next()) {
    device.Update(reader.snapshot(), reader.vehicles());
  }
  WriteConflicts(folder / "ours.xml", device.Finish(), reader.vehicles(), 6);
  const std::vector<Logged> ours = ReadLog(folder / "ours.xml"),
                            theirs = ReadLog(folder / "ssm.xml");
  EXPECT_GT(theirs.size(), 50u);
  size_t agreeing = 0;
  for (const Logged& logged : theirs) {
    agreeing += std::ranges::any_of(ours, [&](const Logged& own) { return Agree(own, logged); });
  }
  EXPECT_EQ(agreeing, theirs.size());
  EXPECT_EQ(ours.size(), theirs.size());
}

}  // namespace
}  // namespace tersor::twin
