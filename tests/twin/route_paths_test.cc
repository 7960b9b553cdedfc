#include "tersor/twin/route_paths.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crossing_network.h"

namespace tersor::twin {
namespace {

// a -> b -> c, two lanes each. Both lanes of a lead to b, but only the left one of b leads to c.
Network LaneDropNetwork() {
  std::string xml = "<net>";
  for (const std::string edge : {"a", "b", "c"}) {
    const std::string x = edge == "a" ? "0" : edge == "b" ? "100" : "200";
    const std::string end = edge == "a" ? "100" : edge == "b" ? "200" : "300";
    xml += "<edge id=\"" + edge + "\" from=\"" + x + "\" to=\"" + end + "\">";
    for (const std::string lane : {"0", "1"}) {
      xml += "<lane id=\"" + edge + "_" + lane + "\" index=\"" + lane +
             "\" speed=\"14\" length=\"100\" shape=\"" + x + "," + lane + " " + end + "," + lane +
             "\"/>";
    }
    xml += "</edge>";
  }
  for (const std::string junction : {"0", "100", "200", "300"}) {
    xml += "<junction id=\"" + junction + "\" type=\"dead_end\" x=\"" + junction +
           "\" y=\"0\" incLanes=\"\" intLanes=\"\" shape=\"" + junction + ",0\"/>";
  }
  for (const std::string way : {"a0b0", "a0b1", "a1b1", "b1c1"}) {
    xml += "<connection from=\"" + way.substr(0, 1) + "\" fromLane=\"" + way.substr(1, 1) +
           "\" to=\"" + way.substr(2, 1) + "\" toLane=\"" + way.substr(3, 1) +
           "\" dir=\"s\" state=\"M\"/>";
  }
  return ParseNetwork(xml + "</net>", "drop.net.xml");
}

class RoutePathsTest : public ::testing::Test {
 protected:
  std::string Lanes(int32_t path) const {
    std::string out;
    for (const PathStep& step : paths_.Steps(path)) {
      out += network_.lanes[static_cast<size_t>(step.lane)].id + " ";
    }
    return out;
  }

  Network network_ = LaneDropNetwork();
  RoutePaths paths_{network_, 1000};
  std::vector<int32_t> edges_ = {network_.FindEdge("a"), network_.FindEdge("b"),
                                 network_.FindEdge("c")};
};

TEST_F(RoutePathsTest, PrefersTheLaneThatGoesOn) {
  const int32_t route = paths_.Intern(edges_);
  EXPECT_EQ(Lanes(paths_.PathFrom(route, 0, network_.FindLane("a_0"))), "a_0 b_1 c_1 ");
  EXPECT_EQ(Lanes(paths_.PathFrom(route, 0, network_.FindLane("a_1"))), "a_1 b_1 c_1 ");
}

TEST_F(RoutePathsTest, EndsWhereOneHasToChangeLanes) {
  const int32_t route = paths_.Intern(edges_);
  const int32_t path = paths_.PathFrom(route, 1, network_.FindLane("b_0"));
  EXPECT_EQ(Lanes(path), "b_0 ");
  EXPECT_EQ(paths_.Steps(path).back().connection, -1);
}

TEST_F(RoutePathsTest, EndsWithTheRouteOrOffIt) {
  const int32_t route = paths_.Intern(std::vector{edges_[0], edges_[1]});
  EXPECT_EQ(Lanes(paths_.PathFrom(route, 0, network_.FindLane("a_0"))), "a_0 b_0 ");
  EXPECT_EQ(Lanes(paths_.PathFrom(route, 0, network_.FindLane("c_0"))), "c_0 ");
  EXPECT_EQ(Lanes(paths_.PathFrom(route, 7, network_.FindLane("a_0"))), "a_0 ");
}

TEST_F(RoutePathsTest, EqualRoutesAreOne) {
  const int32_t route = paths_.Intern(edges_);
  EXPECT_EQ(paths_.Intern(std::vector(edges_)), route);
  EXPECT_NE(paths_.Intern(std::vector{edges_[0]}), route);
  EXPECT_EQ(paths_.PathFrom(route, 0, network_.FindLane("a_0")),
            paths_.PathFrom(route, 0, network_.FindLane("a_0")));
}

TEST_F(RoutePathsTest, ReachesNoFartherThanWanted) {
  RoutePaths near(network_, 50);
  const int32_t path = near.PathFrom(near.Intern(edges_), 0, network_.FindLane("a_1"));
  EXPECT_EQ(near.Steps(path).size(), 2u);
}

}  // namespace
}  // namespace tersor::twin
