#include "tersor/twin/right_of_way.h"

#include <gtest/gtest.h>

#include "crossing_network.h"
#include "traffic_scene.h"

namespace tersor::twin {
namespace {

using testing::Scene;

/// One from the south, who yields, and one from the west.
class RightOfWayTest : public ::testing::Test {
 protected:
  int32_t LinkOf(int32_t slot) const {
    const auto s = static_cast<size_t>(slot);
    return scene_.state.NextLink(slot, scene_.state.fields.lane[s], scene_.state.fields.place[s]);
  }

  LinkPlan Plan(int32_t slot, double arrival, double leave) const {
    LinkPlan plan;
    plan.link = LinkOf(slot);
    plan.request = true;
    plan.distance = 20;
    plan.arrival = arrival;
    plan.leave = leave;
    plan.arrival_speed = plan.leave_speed = 10;
    return plan;
  }

  /// `foe` arrives at 5 s and leaves at 6 s.
  bool Open(int32_t own, int32_t foe, double arrival, double leave, double impatience = 0) {
    scene_.state.fields.plans[static_cast<size_t>(foe)] = {Plan(foe, 5, 6)};
    approaches_.Announce(scene_.state);
    return approaches_.Open(scene_.state, scene_.signals, own, Plan(own, arrival, leave),
                            impatience);
  }

  Scene scene_{CrossingNetwork()};
  Approaches approaches_{scene_.graph};
};

TEST_F(RightOfWayTest, CrossesBeforeAndBehindASecondApart) {
  const int32_t own = scene_.Add("S_0", 276.8, 10, {"S", "N"});
  const int32_t foe = scene_.Add("W_0", 246.8, 10, {"W", "E"});
  EXPECT_TRUE(Open(own, foe, 2, 3.9));   // 1.1 s before it
  EXPECT_FALSE(Open(own, foe, 2, 4.1));  // 0.9 s before it
  EXPECT_FALSE(Open(own, foe, 5.5, 7));
  EXPECT_TRUE(Open(own, foe, 6.1, 7));  // behind a crossing foe at once
}

TEST_F(RightOfWayTest, JoiningNeedsTimeAndSpeedBesides) {
  const int32_t own = scene_.Add("S_0", 276.8, 10, {"S", "E"});
  const int32_t foe = scene_.Add("W_0", 246.8, 10, {"W", "E"});
  EXPECT_FALSE(Open(own, foe, 6.5, 8));  // half a second behind it
  LinkPlan slower = Plan(own, 7.5, 9);
  slower.arrival_speed = 9.9;
  EXPECT_TRUE(approaches_.Open(scene_.state, scene_.signals, own, slower, 0));
  slower.arrival_speed = 10.1;  // it could not brake as late as the one ahead
  EXPECT_FALSE(approaches_.Open(scene_.state, scene_.signals, own, slower, 0));
}

TEST_F(RightOfWayTest, TheImpatientExpectFoesToBrake) {
  const int32_t own = scene_.Add("S_0", 276.8, 10, {"S", "N"});
  const int32_t foe = scene_.Add("W_0", 246.8, 10, {"W", "E"});
  EXPECT_FALSE(Open(own, foe, 2, 5));
  EXPECT_TRUE(Open(own, foe, 2, 5, 1));
}

TEST_F(RightOfWayTest, WhoDoesNotAskHindersNobody) {
  const int32_t own = scene_.Add("S_0", 276.8, 10, {"S", "N"});
  const int32_t foe = scene_.Add("W_0", 246.8, 10, {"W", "E"});
  EXPECT_FALSE(Open(own, foe, 5, 6));
  scene_.state.fields.plans[static_cast<size_t>(foe)][0].request = false;
  approaches_.Announce(scene_.state);
  EXPECT_TRUE(approaches_.Open(scene_.state, scene_.signals, own, Plan(own, 5, 6), 0));
}

TEST_F(RightOfWayTest, JunctionsAreKeptClearBehindAQueue) {
  const int32_t own = scene_.Add("W_0", 276.8, 10, {"W", "E"});
  const auto requests = [&](double back, double queue) {
    const int32_t last = scene_.Add("E_0", back + 5, 0, {"E"});
    std::vector<LinkPlan> plans = {Plan(own, 2, 3), Plan(own, 3, 4)};
    plans[1].link = scene_.graph.lane(scene_.Lane(":C_2_0")).only_link;
    KeepJunctionsClear(scene_.state, own, queue, plans);
    scene_.state.Remove(last);
    return plans[0].request;
  };
  // It takes 7.5 m with its gap.
  EXPECT_FALSE(requests(7.4, 0));
  EXPECT_TRUE(requests(7.6, 0));
  EXPECT_FALSE(requests(14.9, 7.5));  // one more goes there before it
  EXPECT_TRUE(requests(15.1, 7.5));
}

TEST_F(RightOfWayTest, WhoDrivesOnLeavesRoom) {
  const int32_t own = scene_.Add("W_0", 276.8, 10, {"W", "E"});
  scene_.Add("E_0", 6, 8, {"E"});
  std::vector<LinkPlan> plans = {Plan(own, 2, 3)};
  KeepJunctionsClear(scene_.state, own, 0, plans);
  EXPECT_TRUE(plans[0].request);
  scene_.state.fields.waits_ahead[1] = 1;
  plans = {Plan(own, 2, 3)};
  KeepJunctionsClear(scene_.state, own, 0, plans);
  EXPECT_TRUE(plans[0].request);  // 296.8 m of road, of which it takes 7.5
}

}  // namespace
}  // namespace tersor::twin
