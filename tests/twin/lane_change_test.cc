#include "tersor/twin/lane_change.h"

#include <gtest/gtest.h>

#include <cmath>

#include "small_network.h"
#include "tersor/twin/embedded_traffic.h"
#include "traffic_scene.h"

namespace tersor::twin {
namespace {

using testing::Scene;

int Wish(Scene& scene, int32_t slot, LaneChangeModel model) {
  DecideLaneChange(scene.state, slot, model, {});
  return scene.state.fields.wish[static_cast<size_t>(slot)];
}

TEST(LaneChangeTest, TheRouteAsksWhereTheLaneEndsSoon) {
  Scene scene(testing::TwoLanes(500, true));
  // To the right: 10 s of driving and two cars' lengths with gaps, 10 * 15 + 15 = 165 m; the two
  // cars on the lane there take 15 m of the way.
  const int32_t own = scene.Add("e_1", 0, 15, {"e", "f"});
  scene.Add("e_0", 400, 15, {"e", "f"});
  scene.Add("e_0", 450, 15, {"e", "f"});
  for (const double left : {185.0, 175.0}) {
    scene.state.Remove(own);
    scene.state.fields.position[0] = 500 - left;
    scene.state.Place(own, scene.Lane("e_1"));
    const int wish = Wish(scene, own, LaneChangeModel::kNone);
    EXPECT_EQ(wish, left < 180 ? -2 : 0) << left;
    EXPECT_EQ(scene.state.fields.urgent[0] != 0, left < 180);
  }
}

TEST(LaneChangeTest, WhoIsBlockedSlowsDownAndIsLetIn) {
  Scene scene(testing::TwoLanes(500, true));
  const int32_t own = scene.Add("e_1", 440, 10, {"e", "f"});
  const int32_t behind = scene.Add("e_0", 432, 10, {"e", "f"});
  const int32_t ahead = scene.Add("e_0", 448, 10, {"e", "f"});
  EXPECT_EQ(Wish(scene, own, LaneChangeModel::kNone), -1);
  ChangeLanes(scene.state, scene.network.edges[static_cast<size_t>(scene.network.FindEdge("e"))]);
  EXPECT_EQ(scene.state.fields.lane[static_cast<size_t>(own)], scene.Lane("e_1"));
  EXPECT_LT(scene.state.fields.speed_cap[static_cast<size_t>(own)], 10);
  EXPECT_LT(scene.state.fields.speed_cap[static_cast<size_t>(behind)], 10);
  EXPECT_TRUE(std::isinf(scene.state.fields.speed_cap[static_cast<size_t>(ahead)]));
}

TEST(LaneChangeTest, KeepsRightAfterTheTimeThatTheFreeLaneAsksFor) {
  // 10 m/s of 20 wanted: the right lane has to be free for 7 * 10 s, and one drives freely on its
  // 5502 m less the way of braking from 20 m/s for longer than that; so after 5 s.
  Scene scene(testing::TwoLanes(500));
  const int32_t own = scene.Add("e_1", 10, 10, {"e", "f"});
  int steps = 0;
  while (Wish(scene, own, LaneChangeModel::kLc2013) == 0 && steps < 1000) {
    ++steps;
  }
  EXPECT_NEAR(steps, 50, 1);
  EXPECT_EQ(scene.state.fields.wish[0], -2);
  EXPECT_FALSE(scene.state.fields.urgent[0]);
}

TEST(LaneChangeTest, ChangesToTheLeftForAFifthOfTheSpeed) {
  // Behind a car at 5 m/s 30 m ahead: what can be driven there against 20 m/s on the left.
  Scene scene(testing::TwoLanes(500));
  const int32_t own = scene.Add("e_0", 100, 15, {"e", "f"});
  scene.Add("e_0", 135, 5, {"e", "f"});
  const CarFollower& follower = *scene.state.fields.follower[0];
  const double behind =
      follower.SafeStopSpeed(30 - 2.5 + follower.BrakeWay(5, follower.decel()), 1);
  const double gain = (20 - behind) / 20;
  int steps = 1;
  while (Wish(scene, own, LaneChangeModel::kLc2013) == 0 && steps < 1000) {
    ++steps;
  }
  EXPECT_EQ(steps, static_cast<int>(std::floor(0.2 / (0.1 * gain))) + 1);
  EXPECT_EQ(scene.state.fields.wish[0], 2);
}

TEST(LaneChangeTest, DoesNotLeaveForAShortLane) {
  // The left lane ends 150 m ahead: however slow the leader, one stays.
  Scene scene(testing::TwoLanes(150, true));
  const int32_t own = scene.Add("e_0", 10, 15, {"e", "f"});
  scene.Add("e_0", 45, 5, {"e", "f"});
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(Wish(scene, own, LaneChangeModel::kLc2013), 0);
  }
}

TEST(LaneChangeTest, MobilWeighsAccelerations) {
  Scene scene(testing::TwoLanes(500));
  VehicleType idm = testing::Steady();
  idm.model = CarFollowing::kIdm;
  const int32_t own = scene.Add("e_0", 100, 15, {"e", "f"}, 0, idm);
  // Alone: right lane's bias only; on the right already.
  EXPECT_EQ(Wish(scene, own, LaneChangeModel::kMobil), 0);
  const int32_t slow = scene.Add("e_0", 140, 8, {"e", "f"}, 0, idm);
  EXPECT_EQ(Wish(scene, own, LaneChangeModel::kMobil), 2);
  // One as slow beside him takes the gain away.
  scene.Add("e_1", 141, 8, {"e", "f"}, 0, idm);
  EXPECT_EQ(Wish(scene, own, LaneChangeModel::kMobil), 0);
  EXPECT_EQ(Wish(scene, slow, LaneChangeModel::kMobil), 0);
}

TEST(LaneChangeTest, MobilIsPoliteAndSafe) {
  Scene scene(testing::TwoLanes(500));
  VehicleType idm = testing::Steady();
  idm.model = CarFollowing::kIdm;
  const int32_t own = scene.Add("e_0", 200, 15, {"e", "f"}, 0, idm);
  scene.Add("e_0", 240, 8, {"e", "f"}, 0, idm);
  // Somebody comes at 20 m/s so near that he would have to brake by more than 4 m/s^2.
  scene.Add("e_1", 175, 20, {"e", "f"}, 0, idm);
  EXPECT_EQ(Wish(scene, own, LaneChangeModel::kMobil), 0);
}

TEST(LaneChangeTest, MobilOvertakesInTraffic) {
  const Network network = testing::TwoLanes(500);
  const Demand demand = ParseDemand(
      {{R"(<routes><vType id="slow" sigma="0" speedDev="0" maxSpeed="6" laneChangeModel="MOBIL"/>
        <vType id="fast" sigma="0" speedDev="0" laneChangeModel="MOBIL"/>
        <vehicle id="s" type="slow" depart="0" departSpeed="max"><route edges="e f"/></vehicle>
        <vehicle id="f" type="fast" depart="8" departSpeed="6"><route edges="e f"/></vehicle>
        </routes>)",
        "r"}},
      network, 1);
  EmbeddedTraffic traffic(network, demand, {});
  bool left = false, ahead = false;
  for (int i = 0; i < 900; ++i) {
    traffic.Step();
    const Snapshot& now = traffic.snapshot();
    if (now.size() == 2) {
      // With a politeness of 0.2 it is the slow one who makes room.
      left = left || now.y[0] > 1.6;
      ahead = ahead || now.x[1] > now.x[0] + 5;
    }
  }
  EXPECT_TRUE(left);
  EXPECT_TRUE(ahead);
}

TEST(LaneChangeTest, NamesTheModelThatNobodyKnows) {
  VehicleType type;
  type.id = "t";
  type.lane_change = "MOBILE";
  EXPECT_NE(testing::MessageOf([&] { LaneChangeModelOf(type); }).find("MOBIL"), std::string::npos);
  type.lane_change = "SL2015";
  EXPECT_EQ(LaneChangeModelOf(type), LaneChangeModel::kLc2013);
}

}  // namespace
}  // namespace tersor::twin
