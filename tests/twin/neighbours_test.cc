#include "tersor/twin/neighbours.h"

#include <gtest/gtest.h>

#include "crossing_network.h"
#include "traffic_scene.h"

namespace tersor::twin {
namespace {

using testing::Scene;

TEST(NeighboursTest, GapsAreFromBumperToBumper) {
  Scene scene(testing::TwoLanes(500));
  scene.Add("e_1", 100, 10, {"e", "f"});
  const int32_t own = scene.Add("e_0", 60, 10, {"e", "f"});
  const int32_t behind = scene.Add("e_1", 40, 10, {"e", "f"});
  const Neighbours near = NeighboursAt(scene.state, scene.Lane("e_1"), {60, 5, 10}, own, 0, 100);
  EXPECT_EQ(near.leader, 0);
  EXPECT_DOUBLE_EQ(near.lead_gap, 100 - 5 - 60);
  EXPECT_EQ(near.follower, behind);
  EXPECT_DOUBLE_EQ(near.follow_gap, 60 - 5 - 40);
}

TEST(NeighboursTest, LooksAcrossTheEndsOfTheLane) {
  Scene scene(testing::TwoLanes(500));
  const int32_t own = scene.Add("e_0", 490, 10, {"e", "f"});
  const int32_t ahead = scene.Add("f_0", 30, 10, {"e", "f"}, 1);
  const Neighbours near = NeighboursAt(scene.state, scene.Lane("e_0"), {490, 5, 10}, own, 0, 100);
  EXPECT_EQ(near.leader, ahead);
  EXPECT_DOUBLE_EQ(near.lead_gap, 10 + 2 + 25);
  EXPECT_EQ(LeaderAt(scene.state, scene.Lane("e_0"), {490, 5, 10}, own, 0, 5).leader, -1);
}

TEST(NeighboursTest, OfTwoFollowersTheOneThatLacksMoreRoomCounts) {
  Scene scene(CrossingNetwork());
  const int32_t standing = scene.Add("S_0", 296, 0, {"S", "E"});
  const int32_t fast = scene.Add("W_0", 280, 14, {"W", "E"});
  const int32_t own = scene.Add("E_0", 5, 0, {"E"});
  const Neighbours near = NeighboursAt(scene.state, scene.Lane("E_0"), {5, 5, 0}, own, 0, 100);
  EXPECT_NE(near.follower, standing);  // nearer, and harmless
  EXPECT_EQ(near.follower, fast);
  EXPECT_NEAR(near.follow_gap, 296.8 - 280 + 6.4, 1e-9);
}

TEST(NeighboursTest, BlockedByWhoeverCouldNotKeepTheSecureGap) {
  Scene scene(testing::TwoLanes(500));
  const int32_t own = scene.Add("e_0", 100, 10, {"e", "f"});
  // Behind somebody as fast: the reaction time's way, 10 m; before him the same.
  const CarFollower& follower = *scene.state.fields.follower[0];
  ASSERT_NEAR(follower.SecureGap(10, 10, follower.decel()), 10, 0.5);
  const int32_t other = scene.Add("e_1", 0, 10, {"e", "f"});
  Neighbours near;
  near.leader = other;
  near.lead_gap = 13;  // 10.5 m and the least gap
  EXPECT_FALSE(Blocked(scene.state, own, near).by_leader);
  near.lead_gap = 12;
  EXPECT_TRUE(Blocked(scene.state, own, near).by_leader);
  near = {};
  near.follower = other;
  near.follow_gap = 13;
  EXPECT_FALSE(Blocked(scene.state, own, near).by_follower);
  scene.state.fields.accel[static_cast<size_t>(other)] = 2;  // speeds up: 12 m/s soon
  EXPECT_TRUE(Blocked(scene.state, own, near).by_follower);
}

}  // namespace
}  // namespace tersor::twin
