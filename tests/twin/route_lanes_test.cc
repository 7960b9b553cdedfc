#include "tersor/twin/route_lanes.h"

#include <gtest/gtest.h>

#include "small_network.h"
#include "tersor/twin/vehicle_class.h"

namespace tersor::twin {
namespace {

class RouteLanesTest : public ::testing::Test {
 protected:
  RouteLanes Lanes(const std::vector<std::string>& edges,
                   VehicleClasses vehicle_class = kAllClasses) {
    Route route;
    route.id = "r";
    for (const std::string& edge : edges) {
      route.edges.push_back(network_.FindEdge(edge));
    }
    return RouteLanes(graph_, route, vehicle_class);
  }

  const Network network_ = ParseNetwork(testing::kSmallNetwork, "small");
  const RoadGraph graph_{network_};
};

TEST_F(RouteLanesTest, BothLanesLeadOn) {
  const RouteLanes lanes = Lanes({"a", "b"});
  for (int32_t i = 0; i < 2; ++i) {
    EXPECT_DOUBLE_EQ(lanes.At(0, i).reach, 100 + 180);
    EXPECT_EQ(lanes.At(0, i).offset, 0);
    ASSERT_GE(lanes.At(0, i).link, 0);
    EXPECT_EQ(graph_.link(lanes.At(0, i).link).to, network_.FindLane(i == 0 ? "b_0" : "b_1"));
  }
}

TEST_F(RouteLanesTest, TheLaneThatEndsPointsToTheOther) {
  const RouteLanes lanes = Lanes({"a", "c"});
  EXPECT_DOUBLE_EQ(lanes.At(0, 0).reach, 100 + 94);
  EXPECT_DOUBLE_EQ(lanes.At(0, 1).reach, 100);
  EXPECT_EQ(lanes.At(0, 1).link, -1);
  EXPECT_EQ(lanes.At(0, 1).offset, -1);
  EXPECT_EQ(lanes.At(0, 0).offset, 0);
}

TEST_F(RouteLanesTest, ClosedLanesAreNoChoice) {
  EXPECT_EQ(testing::MessageOf([&] {
              Lanes({"a", "c"}, ClassBit("truck"));
            }),
            "route 'r': no lane of edge 'c' is open to its vehicles");
  const RouteLanes lanes = Lanes({"d", "b"}, ClassBit("bus"));
  EXPECT_TRUE(lanes.At(0, 0).allowed);
}

TEST_F(RouteLanesTest, TheLastEdgeNeedsNoLink) {
  const RouteLanes lanes = Lanes({"b"});
  EXPECT_EQ(lanes.num_lanes(0), 2);
  EXPECT_DOUBLE_EQ(lanes.At(0, 0).reach, 180);
}

}  // namespace
}  // namespace tersor::twin
