#include "tersor/twin/road_graph.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "crossing_network.h"
#include "small_network.h"

namespace tersor::twin {
namespace {

/// The link from a lane of a road onto an internal lane.
const Link& LinkVia(const RoadGraph& graph, const std::string& via) {
  for (int32_t i = 0; i < graph.num_links(); ++i) {
    if (graph.link(i).next == graph.network().FindLane(via)) {
      return graph.link(i);
    }
  }
  throw Error("no link onto " + via);
}

TEST(RoadGraphTest, KnowsWhoYieldsAndWhoIsWatched) {
  const Network network = CrossingNetwork();
  const RoadGraph graph(network);
  const Link& south = LinkVia(graph, ":C_1_0");
  const Link& west = LinkVia(graph, ":C_2_0");
  EXPECT_TRUE(south.enters);
  EXPECT_TRUE(south.crosses);
  EXPECT_FALSE(south.watched);
  ASSERT_EQ(south.yields_to.size(), 1u);
  EXPECT_EQ(&graph.link(south.yields_to[0]), &west);
  EXPECT_TRUE(west.watched);
  EXPECT_TRUE(west.yields_to.empty());
  EXPECT_DOUBLE_EQ(west.inner_length, 6.4);
  EXPECT_EQ(west.to, network.FindLane("E_0"));
  EXPECT_DOUBLE_EQ(south.visibility, 4.5);
}

TEST(RoadGraphTest, AWayOfTwoPartsIsWaitedForInside) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const RoadGraph graph(network);
  const Link& entry = LinkVia(graph, ":J_3_0");
  EXPECT_TRUE(entry.wait_inside);
  EXPECT_DOUBLE_EQ(entry.inner_length, 5 + 8);
  EXPECT_DOUBLE_EQ(entry.visibility, 100);  // under a signal
  const Link& inner = LinkVia(graph, ":J_4_0");
  EXPECT_FALSE(inner.enters);
  EXPECT_DOUBLE_EQ(inner.inner_length, 8);
  EXPECT_EQ(&graph.link(inner.entry), &entry);
  EXPECT_EQ(inner.yields_to, entry.yields_to);
}

TEST(RoadGraphTest, KnowsNeighboursAndWhereLanesLead) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const RoadGraph graph(network);
  const int32_t right = network.FindLane("a_0"), left = network.FindLane("a_1");
  EXPECT_EQ(graph.lane(right).left, left);
  EXPECT_EQ(graph.lane(right).right, -1);
  EXPECT_EQ(graph.lane(left).right, right);
  EXPECT_EQ(graph.lane(network.FindLane("c_0")).incoming,
            std::vector<int32_t>{network.FindLane(":J_0_0")});
  EXPECT_TRUE(graph.lane(network.FindLane(":J_0_0")).internal);
}

TEST(RoadGraphTest, PosesScaleTheLanesLengthToItsShape) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const RoadGraph graph(network);
  // d_0: 90 m from (110, 100) to (110, 10).
  const Pose pose = graph.PoseOn(network.FindLane("d_0"), 30);
  EXPECT_NEAR(pose.point.x, 110, 1e-9);
  EXPECT_NEAR(pose.point.y, 70, 1e-9);
  EXPECT_NEAR(pose.heading, -std::numbers::pi / 2, 1e-9);
  // :J_0_0: driven as 9 m, drawn as sqrt(26) + sqrt(26); its middle is the shape's.
  const Pose bend = graph.PoseOn(network.FindLane(":J_0_0"), 4.5);
  EXPECT_NEAR(bend.point.x, 105, 1e-9);
  EXPECT_NEAR(bend.point.y, -1, 1e-9);
}

}  // namespace
}  // namespace tersor::twin
