// The hook for vehicles that somebody else drives, in our own traffic.
#include "tersor/twin/coupling/pilot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "tersor/twin/corridor.h"
#include "tersor/twin/embedded_traffic.h"
#include "tersor/util/parallel_for.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using testing::MessageOf;

/// Drives whom `takes` names, along their lanes, by what `drive` makes of the wish.
class TestPilot : public Pilot {
 public:
  std::function<bool(int32_t vehicle)> takes = [](int32_t) { return true; };
  std::function<void(const Snapshot&, const Wish&, Motion*)> drive = Exactly;
  double step = 0.1;

  /// Does what the traffic's model wants.
  static void Exactly(const Snapshot& now, const Wish& wish, Motion* motion) {
    motion->speed = wish.speed;
    motion->accel = (wish.speed - now.speed[static_cast<size_t>(wish.row)]) / 0.1;
    motion->advance = wish.speed * 0.1;
  }

  void Choose(const Snapshot& now, const Traffic&, std::vector<int32_t>* rows) override {
    rows->clear();
    for (int32_t row = 0; row < now.size(); ++row) {
      if (takes(now.vehicle[static_cast<size_t>(row)])) {
        rows->push_back(row);
      }
    }
  }

  void Drive(const Snapshot& now, std::span<const Wish> wishes,
             std::vector<Motion>* motions) override {
    for (const Wish& wish : wishes) {
      Motion motion;
      motion.row = wish.row;
      drive(now, wish, &motion);
      motions->push_back(motion);
    }
  }
};

struct Corridor {
  Network network = ParseNetwork(CorridorNetworkXml(), "corridor.net.xml");
  Demand demand;
  Corridor() {
    const std::string routes = CorridorRoutesXml({.end = 200});
    demand = ParseDemand({{routes, "corridor.rou.xml"}}, network, 3);
  }
};

std::vector<double> Everything(const Corridor& corridor, Pilot* pilot, int threads) {
  SetNumThreads(threads);
  EmbeddedTraffic traffic(corridor.network, corridor.demand,
                          {.seed = 3, .threads = threads, .parallel_vehicles = 0});
  std::vector<double> all;
  for (int i = 0; i < 1500; ++i) {
    traffic.Step(pilot);
    const Snapshot& now = traffic.snapshot();
    for (const auto* field : {&now.x, &now.y, &now.angle, &now.speed, &now.accel, &now.position}) {
      all.insert(all.end(), field->begin(), field->end());
    }
    all.insert(all.end(), now.vehicle.begin(), now.vehicle.end());
    all.insert(all.end(), now.lane.begin(), now.lane.end());
  }
  SetNumThreads(0);
  return all;
}

TEST(PilotTest, WhoDoesWhatTheModelWantsChangesNothing) {
  const Corridor corridor;
  const std::vector<double> nobody = Everything(corridor, nullptr, 1);
  TestPilot all, some, none;
  EXPECT_EQ(nobody, Everything(corridor, &all, 1));
  some.takes = [](int32_t vehicle) { return vehicle % 3 == 1; };
  EXPECT_EQ(nobody, Everything(corridor, &some, 1));
  none.takes = [](int32_t) { return false; };
  EXPECT_EQ(nobody, Everything(corridor, &none, 1));
}

TEST(PilotTest, SameBytesForAnyNumberOfThreads) {
  const Corridor corridor;
  TestPilot pilot;
  pilot.takes = [](int32_t vehicle) { return vehicle % 2 == 0; };
  pilot.drive = [](const Snapshot& now, const Wish& wish, Motion* motion) {
    TestPilot::Exactly(now, wish, motion);
    motion->advance *= 0.9;
    motion->speed *= 0.9;
  };
  const std::vector<double> one = Everything(corridor, &pilot, 1);
  EXPECT_EQ(one, Everything(corridor, &pilot, 2));
  EXPECT_NE(one, Everything(corridor, nullptr, 1));
}

const char kRoad[] = R"(<net>
  <edge id="e" from="a" to="b"><lane id="e_0" index="0" speed="20" length="500" shape="0,0 500,0"/>
  <lane id="e_1" index="1" speed="20" length="500" shape="0,3.2 500,3.2"/></edge>
  <junction id="a" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape=""/>
  <junction id="b" type="dead_end" x="500" y="0" incLanes="e_0 e_1" intLanes="" shape=""/>
</net>)";

/// Two cars on a lane of 500 m: "a" ahead, from 100 m on, and "b" behind.
struct Road {
  Network network = ParseNetwork(kRoad, "road");
  Demand demand = ParseDemand({{R"(<routes><vType id="t" sigma="0" speedDev="0"/>
        <vehicle id="a" type="t" depart="0" departPos="100" departSpeed="10"><route edges="e"/></vehicle>
        <vehicle id="b" type="t" depart="0" departPos="60" departSpeed="10"><route edges="e"/></vehicle>
        </routes>)",
                                "road.rou.xml"}},
                              network, 1);
  EmbeddedTraffic traffic{network, demand, {.lane_changes = false}};
};

TEST(PilotTest, IsToldOfTheTrueLeaderAndOfTheFreeRoad) {
  Road road;
  TestPilot pilot;
  std::vector<Wish> wishes;
  pilot.drive = [&](const Snapshot& now, const Wish& wish, Motion* motion) {
    wishes.push_back(wish);
    TestPilot::Exactly(now, wish, motion);
  };
  road.traffic.Step(&pilot);
  EXPECT_TRUE(wishes.empty());  // nobody was there before
  road.traffic.Step(&pilot);
  ASSERT_EQ(wishes.size(), 2U);
  EXPECT_EQ(wishes[0].leader, -1);
  EXPECT_EQ(wishes[1].leader, 0);
  EXPECT_DOUBLE_EQ(wishes[1].gap, 35);  // a's length is 5 m
  EXPECT_DOUBLE_EQ(wishes[1].leader_speed, 10);
  EXPECT_DOUBLE_EQ(wishes[1].desired_speed, 20);
  EXPECT_DOUBLE_EQ(wishes[1].free_speed, 10.26);
  // Close behind, the model brakes, and the free road stays free.
  wishes.clear();
  pilot.drive = [&](const Snapshot&, const Wish& wish, Motion* motion) {
    wishes.push_back(wish);
    motion->speed = wish.row == 0 ? 2 : 15;
    motion->advance = wish.row == 0 ? 0.2 : 1.5;
  };
  for (int i = 0; i < 22; ++i) {
    road.traffic.Step(&pilot);
  }
  EXPECT_LT(wishes.back().gap, 10);
  EXPECT_LT(wishes.back().speed, 14.5);
  EXPECT_DOUBLE_EQ(wishes.back().free_speed, 15.26);
}

TEST(PilotTest, WhoBrakesIsFollowedWithoutOverlap) {
  Road road;
  TestPilot pilot;
  pilot.takes = [](int32_t vehicle) { return vehicle == 0; };
  pilot.drive = [&](const Snapshot& now, const Wish& wish, Motion* motion) {
    motion->speed = std::max(0.0, now.speed[static_cast<size_t>(wish.row)] - 0.8);
    motion->advance = motion->speed * 0.1;
    motion->accel = -8;
  };
  for (int i = 0; i < 150; ++i) {
    road.traffic.Step(&pilot);
    const Snapshot& now = road.traffic.snapshot();
    ASSERT_EQ(now.size(), 2);
    EXPECT_GT(now.position[0] - 5, now.position[1]);
  }
  EXPECT_EQ(road.traffic.snapshot().speed[0], 0);
  EXPECT_LT(road.traffic.snapshot().speed[1], 0.1);
}

TEST(PilotTest, WhoOverrunsHisLeaderPassesThroughHim) {
  Road road;
  TestPilot pilot;
  double least = 1e9;
  pilot.drive = [&](const Snapshot&, const Wish& wish, Motion* motion) {
    least = std::min(least, wish.gap);
    motion->speed = wish.row == 0 ? 2 : 25;
    motion->advance = motion->speed * 0.1;
  };
  for (int i = 0; i < 100; ++i) {
    road.traffic.Step(&pilot);
  }
  EXPECT_LT(least, 0);
  const Snapshot& now = road.traffic.snapshot();
  EXPECT_GT(now.position[1], now.position[0]);
  // Left alone, both drive on in the new order.
  while (!road.traffic.finished()) {
    road.traffic.Step();
    ASSERT_LT(road.traffic.snapshot().time, 60);
  }
  EXPECT_EQ(road.traffic.statistics().arrived, 2);
}

TEST(PilotTest, ARedLightStopsNobodyWhoDoesNotBrake) {
  const Corridor corridor;
  EmbeddedTraffic traffic(corridor.network, corridor.demand, {.seed = 3});
  TestPilot pilot;
  pilot.takes = [](int32_t vehicle) { return vehicle % 4 == 0; };
  pilot.drive = [](const Snapshot&, const Wish&, Motion* motion) {
    motion->speed = 14;
    motion->advance = 1.4;
  };
  std::map<int32_t, double> seen;  // of the pilot's vehicles, s
  for (int i = 0; i < 3000; ++i) {
    traffic.Step(&pilot);
    const Snapshot& now = traffic.snapshot();
    for (size_t row = 0; row < now.vehicle.size(); ++row) {
      ASSERT_TRUE(std::isfinite(now.x[row]) && std::isfinite(now.speed[row]));
      if (now.vehicle[row] % 4 == 0) {
        seen[now.vehicle[row]] += 0.1;
      }
    }
  }
  // Each is through its route without a stop: 2.5 km at 14 m/s at most.
  for (const auto& [vehicle, seconds] : seen) {
    EXPECT_LT(seconds, 190) << vehicle;
  }
  EXPECT_GT(seen.size(), 20U);
}

TEST(PilotTest, ShowsItsOwnPosesUntilItLetsGo) {
  Road road;
  TestPilot pilot;
  bool driving = true;
  pilot.takes = [&](int32_t vehicle) { return driving && vehicle == 1; };
  pilot.drive = [](const Snapshot& now, const Wish& wish, Motion* motion) {
    TestPilot::Exactly(now, wish, motion);
    motion->x = 7;
    motion->y = -8;
    motion->angle = 9;
    motion->accel = 3;
  };
  road.traffic.Step(&pilot);
  road.traffic.Step(&pilot);
  const Snapshot now = road.traffic.snapshot();
  EXPECT_EQ(now.x[1], 7);
  EXPECT_EQ(now.y[1], -8);
  EXPECT_EQ(now.angle[1], 9);
  EXPECT_EQ(now.accel[1], 3);
  EXPECT_EQ(now.y[0], 0);
  EXPECT_NEAR(now.position[1], 61, 0.1);
  driving = false;
  road.traffic.Step(&pilot);
  EXPECT_NEAR(road.traffic.snapshot().x[1], 62, 0.2);
  EXPECT_EQ(road.traffic.snapshot().y[1], 0);
}

TEST(PilotTest, ABodyOnTwoLanesIsFollowedOnBoth) {
  // "b" stands on the left lane, half on the right one, where "c" comes.
  const Network network = ParseNetwork(kRoad, "road");
  const Demand demand = ParseDemand({{R"(<routes><vType id="t" sigma="0" speedDev="0"/>
        <vehicle id="b" type="t" depart="0" departPos="200" departLane="1"><route edges="e"/></vehicle>
        <vehicle id="c" type="t" depart="0" departPos="50" departSpeed="15"><route edges="e"/></vehicle>
        </routes>)",
                                      "road.rou.xml"}},
                                    network, 1);
  const auto reached = [&](bool beside) {
    EmbeddedTraffic traffic(network, demand, {.lane_changes = false});
    TestPilot pilot;
    pilot.takes = [](int32_t vehicle) { return vehicle == 0; };
    pilot.drive = [&](const Snapshot&, const Wish&, Motion* motion) {
      motion->beside = beside ? network.FindLane("e_0") : -1;
    };
    for (int i = 0; i < 150; ++i) {
      traffic.Step(&pilot);
    }
    return traffic.snapshot().position[1];
  };
  EXPECT_GT(reached(false), 250);
  EXPECT_LT(reached(true), 195);
  EXPECT_GT(reached(true), 190);
}

TEST(PilotTest, WhoKeepsItsLaneChangesItForItsRouteAlone) {
  // The right lane ends with the edge, the left one goes on; a slow car is ahead on either.
  const std::string fork = R"(<net>
  <edge id="e" from="a" to="b"><lane id="e_0" index="0" speed="20" length="500" shape="0,0 500,0"/>
  <lane id="e_1" index="1" speed="20" length="500" shape="0,3.2 500,3.2"/></edge>
  <edge id="f" from="b" to="c"><lane id="f_0" index="0" speed="20" length="100" shape="500,3.2 600,3.2"/></edge>
  <junction id="a" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape=""/>
  <junction id="b" type="priority" x="500" y="0" incLanes="e_0 e_1" intLanes="" shape=""><request index="0" response="0" foes="0"/></junction>
  <junction id="c" type="dead_end" x="600" y="0" incLanes="f_0" intLanes="" shape=""/>
  <connection from="e" to="f" fromLane="1" toLane="0" dir="s" state="M"/>
</net>)";
  const Network network = ParseNetwork(fork, "fork");
  const auto seen_left = [&](bool keeps, const std::string& edges, const std::string& lane) {
    const Demand demand = ParseDemand({{R"(<routes><vType id="t" sigma="0" speedDev="0"/>
        <vType id="slow" sigma="0" speedDev="0" maxSpeed="3"/>
        <vehicle id="a" type="slow" depart="0" departPos="100" departLane=")" +
                                            lane + R"("><route edges="e"/></vehicle>
        <vehicle id="b" type="t" depart="0" departPos="40" departLane="0"><route edges=")" +
                                            edges + R"("/></vehicle></routes>)",
                                        "r"}},
                                      network, 1);
    EmbeddedTraffic traffic(network, demand, {});
    TestPilot pilot;
    pilot.takes = [](int32_t vehicle) { return vehicle == 1; };
    pilot.drive = [&](const Snapshot& now, const Wish& wish, Motion* motion) {
      TestPilot::Exactly(now, wish, motion);
      motion->keeps_lane = keeps;
    };
    bool left = false;
    for (int i = 0; i < 600; ++i) {
      traffic.Step(&pilot);
      const Snapshot& now = traffic.snapshot();
      for (size_t row = 0; row < now.vehicle.size(); ++row) {
        left = left || (now.vehicle[row] == 1 && now.lane[row] == network.FindLane("e_1"));
      }
    }
    return left;
  };
  EXPECT_TRUE(seen_left(false, "e", "0"));
  EXPECT_FALSE(seen_left(true, "e", "0"));
  EXPECT_TRUE(seen_left(true, "e f", "1"));
}

TEST(PilotTest, WhoLeavesIsGoneAndCounted) {
  Road road;
  TestPilot pilot;
  pilot.drive = [](const Snapshot& now, const Wish& wish, Motion* motion) {
    TestPilot::Exactly(now, wish, motion);
    motion->leaves = wish.row == 0 && now.size() == 2;
  };
  road.traffic.Step(&pilot);
  road.traffic.Step(&pilot);
  EXPECT_EQ(road.traffic.snapshot().vehicle, std::vector<int32_t>{1});
  EXPECT_EQ(road.traffic.statistics().removed, 1);
  while (!road.traffic.finished()) {
    road.traffic.Step(&pilot);
  }
  EXPECT_EQ(road.traffic.statistics().arrived, 1);
}

TEST(PilotTest, NamesTheVehicleThatLeftTheFiniteNumbers) {
  Road road;
  TestPilot pilot;
  pilot.drive = [](const Snapshot&, const Wish& wish, Motion* motion) {
    motion->speed = wish.row == 1 ? NAN : 0;
  };
  road.traffic.Step(&pilot);
  const std::string error = MessageOf([&] { road.traffic.Step(&pilot); });
  EXPECT_NE(error.find("vehicle 'b' left the finite numbers at 0 s"), std::string::npos) << error;
  pilot.drive = [](const Snapshot&, const Wish&, Motion* motion) { motion->row = 0; };
  EXPECT_NE(MessageOf([&] { road.traffic.Step(&pilot); }).find("'b' was not moved by its pilot"),
            std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
