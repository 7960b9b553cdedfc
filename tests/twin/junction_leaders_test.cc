#include "tersor/twin/junction_leaders.h"

#include <gtest/gtest.h>

#include "crossing_network.h"
#include "traffic_scene.h"

namespace tersor::twin {
namespace {

using testing::Scene;

class JunctionLeadersTest : public ::testing::Test {
 protected:
  /// What one at `distance` metres before the junction, from the south to the north, may do.
  JunctionSpeeds Mind(int32_t own, double distance) {
    const auto s = static_cast<size_t>(own);
    JunctionSpeeds speeds{scene_.state.fields.speed[s], 14, true};
    before_.wait_speed = 0;
    before_.request = true;
    const JunctionWay way{scene_.Lane(":C_1_0"), distance, distance > 0 ? &before_ : nullptr};
    MindJunctionLeaders(scene_.state, scene_.signals, own, way, speeds);
    return speeds;
  }
  void Enter(int32_t slot, double time) {
    const auto s = static_cast<size_t>(slot);
    VehicleFields& fields = scene_.state.fields;
    fields.entered[s] = fields.entry_time[s] = fields.conflict_time[s] = time;
    fields.wants_out[s] = 1;
  }

  Scene scene_{CrossingNetwork()};
  LinkPlan before_;
};

TEST_F(JunctionLeadersTest, StopsBeforeTheWayOfOneWhoStandsOnIt) {
  const int32_t foe = scene_.Add(":C_2_0", 5, 0, {"W", "E"});
  Enter(foe, 0);
  const int32_t own = scene_.Add("S_0", 266.8, 10, {"S", "N"});
  double distance = 30;
  for (int i = 0; i < 300; ++i) {
    const double speed = Mind(own, distance).speed;
    EXPECT_GT(speed, scene_.state.fields.speed[static_cast<size_t>(own)] - 0.46);
    scene_.state.fields.speed[static_cast<size_t>(own)] = speed;
    distance -= 0.1 * speed;
  }
  // Its way is swept from 1.6 m behind the line on, so it may come up to the line and no farther.
  EXPECT_NEAR(distance, 0.1, 0.01);
}

TEST_F(JunctionLeadersTest, PassesBehindOneWhoHasPassed) {
  // Its rear is beyond 1.6 m + 3.2 m of its lane.
  const int32_t foe = scene_.Add(":C_2_0", 6.3, 10, {"W", "E"});
  Enter(foe, 0);
  scene_.state.fields.length[static_cast<size_t>(foe)] = 1.4;
  const int32_t own = scene_.Add("S_0", 286.8, 10, {"S", "N"});
  EXPECT_EQ(Mind(own, 10).speed, 10);
}

TEST_F(JunctionLeadersTest, OfTwoOnTheJunctionTheFirstOneGoesOn) {
  const int32_t own = scene_.Add(":C_1_0", 0.5, 5, {"S", "N"});
  const int32_t foe = scene_.Add(":C_2_0", 0.5, 5, {"W", "E"});
  Enter(own, 1);
  Enter(foe, 2);
  EXPECT_EQ(Mind(own, -0.5).speed, 5);  // it was there first, although it yields
  Enter(own, 3);
  EXPECT_LT(Mind(own, -0.5).speed, 5);
}

TEST_F(JunctionLeadersTest, WhoeverIsNotOnTheJunctionYetYieldsToAll) {
  const int32_t own = scene_.Add("W_0", 286.8, 10, {"W", "E"});
  const int32_t foe = scene_.Add(":C_1_0", 4, 3, {"S", "N"});
  Enter(foe, 0);
  JunctionSpeeds speeds{10, 14, true};
  MindJunctionLeaders(scene_.state, scene_.signals, own, {scene_.Lane(":C_2_0"), 10, &before_},
                      speeds);
  EXPECT_LT(speeds.speed, 10);  // although the foe had to yield to it
}

TEST_F(JunctionLeadersTest, ABlockedLinkIsDrivenUpToAtLeast) {
  const int32_t foe = scene_.Add(":C_2_0", 5, 0, {"W", "E"});
  Enter(foe, 0);
  const int32_t own = scene_.Add("S_0", 286.8, 10, {"S", "N"});
  JunctionSpeeds speeds{10, 14, true};
  before_.wait_speed = 9.9;
  MindJunctionLeaders(scene_.state, scene_.signals, own, {scene_.Lane(":C_1_0"), 10, &before_},
                      speeds);
  EXPECT_EQ(speeds.speed, 9.9);
}

}  // namespace
}  // namespace tersor::twin
