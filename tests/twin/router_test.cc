#include "tersor/twin/router.h"

#include <gtest/gtest.h>

#include "tersor/twin/vehicle_class.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  int32_t Edge(const char* id) const { return network_.FindEdge(id); }

  Network network_ = ParseNetwork(testing::kSmallNetwork, "small");
  Router router_{network_};
};

TEST_F(RouterTest, FindsWays) {
  EXPECT_EQ(router_.ShortestPath(Edge("a"), Edge("b"), {}),
            (std::vector<int32_t>{Edge("a"), Edge("b")}));
  EXPECT_EQ(router_.ShortestPath(Edge("a"), Edge("a"), {}), (std::vector<int32_t>{Edge("a")}));
  EXPECT_TRUE(router_.ShortestPath(Edge("b"), Edge("a"), {}).empty());
  EXPECT_TRUE(router_.Connected(Edge("d"), Edge("b"), ClassBit("bus")));
  EXPECT_FALSE(router_.Connected(Edge("d"), Edge("c"), kAllClasses));
}

TEST_F(RouterTest, KeepsToLanesOfTheClass) {
  const Driver truck = {ClassBit("truck"), 30};
  EXPECT_TRUE(router_.ShortestPath(Edge("a"), Edge("c"), truck).empty());
  EXPECT_FALSE(router_.ShortestPath(Edge("a"), Edge("c"), {ClassBit("bus"), 30}).empty());
  EXPECT_TRUE(router_.ShortestPath(Edge("d"), Edge("b"), truck).empty());
  EXPECT_FALSE(router_.Allowed(Edge("d"), truck.classes));
}

/// Two ways from `s` to `t`: over `long`, fast, and over `short`, slow.
Network TwoWays() {
  Network network;
  const auto add = [&](const char* id, int32_t from, int32_t to, double length, double speed) {
    Lane lane;
    lane.edge = static_cast<int32_t>(network.edges.size());
    lane.length = length;
    lane.speed = speed;
    network.edge_of[id] = lane.edge;
    network.edges.push_back({id, from, to, false, 0, {lane.edge}});
    network.lanes.push_back(lane);
  };
  add("s", 0, 1, 10, 10);
  add("short", 1, 2, 100, 5);
  add("long", 1, 2, 300, 30);
  add("t", 2, 3, 10, 10);
  for (const auto& [from, to] :
       {std::pair(0, 1), std::pair(0, 2), std::pair(1, 3), std::pair(2, 3)}) {
    Connection connection;
    connection.from = from;
    connection.to = to;
    network.connections.push_back(connection);
  }
  return network;
}

TEST(Router, TakesTheFasterWayForTheDriver) {
  const Network network = TwoWays();
  const Router router(network);
  EXPECT_EQ(router.ShortestPath(0, 3, {}), (std::vector<int32_t>{0, 2, 3}));
  // At most 10 m/s: 30 s over the long way, 20 s over the short one.
  EXPECT_EQ(router.ShortestPath(0, 3, {kAllClasses, 10}), (std::vector<int32_t>{0, 1, 3}));
}

}  // namespace
}  // namespace tersor::twin
