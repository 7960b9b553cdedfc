#include "tersor/twin/recorded_paths.h"

#include <gtest/gtest.h>

#include <vector>

#include "crossing_network.h"

namespace tersor::twin {
namespace {

class RecordedPathsTest : public ::testing::Test {
 protected:
  Network network_ = CrossingNetwork();
  RecordedPaths paths_{network_};
  int32_t west_ = network_.FindEdge("W"), east_ = network_.FindEdge("E");
  int32_t south_ = network_.FindEdge("S");
};

TEST_F(RecordedPathsTest, AJunctionTellsBothEnds) {
  paths_.See(0, network_.FindLane(":C_0_0"));
  EXPECT_EQ(paths_.Route(0), (std::vector<int32_t>{south_, east_}));
  EXPECT_EQ(paths_.EdgeBefore(network_.FindLane(":C_0_0")), south_);
  EXPECT_EQ(paths_.EdgeBefore(network_.FindLane("W_0")), -1);
}

TEST_F(RecordedPathsTest, RowsOfOneEdgeCountOnce) {
  for (const char* lane : {"W_0", "W_0", ":C_2_0", ":C_2_0", "E_0", "E_0"}) {
    paths_.See(1, network_.FindLane(lane));
  }
  EXPECT_EQ(paths_.Route(1), (std::vector<int32_t>{west_, east_}));
  EXPECT_TRUE(paths_.Route(0).empty());
}

TEST_F(RecordedPathsTest, KnowsWhoFollowsARoute) {
  paths_.See(0, network_.FindLane("W_0"));
  paths_.See(0, network_.FindLane("E_0"));
  EXPECT_TRUE(paths_.Follows(0, std::vector{west_, east_}));
  EXPECT_FALSE(paths_.Follows(0, std::vector{east_, west_}));
  EXPECT_FALSE(paths_.Follows(0, std::vector{west_}));
}

// One-way roads in a row, of which some are too short to be seen.
TEST(RecordedPaths, FillsGaps) {
  std::string xml = "<net>";
  for (int i = 0; i < 4; ++i) {
    const std::string n = std::to_string(i), next = std::to_string(i + 1);
    xml += "<edge id=\"e" + n + "\" from=\"" + n + "\" to=\"" + next + "\"><lane id=\"e" + n +
           "_0\" index=\"0\" speed=\"14\" length=\"10\" shape=\"" + n + "0,0 " + next +
           "0,0\"/></edge>";
  }
  for (int i = 0; i < 5; ++i) {
    xml += "<junction id=\"" + std::to_string(i) + "\" type=\"dead_end\" x=\"0\" y=\"0\" " +
           "incLanes=\"\" intLanes=\"\" shape=\"0,0\"/>";
  }
  for (int i = 0; i < 3; ++i) {
    xml += "<connection from=\"e" + std::to_string(i) + "\" to=\"e" + std::to_string(i + 1) +
           "\" fromLane=\"0\" toLane=\"0\" dir=\"s\" state=\"M\"/>";
  }
  const Network network = ParseNetwork(xml + "</net>", "row.net.xml");
  RecordedPaths paths(network);
  paths.See(0, network.FindLane("e0_0"));
  paths.See(0, network.FindLane("e3_0"));
  EXPECT_EQ(paths.Route(0), (std::vector<int32_t>{0, 1, 2, 3}));
  paths.See(1, network.FindLane("e3_0"));
  paths.See(1, network.FindLane("e0_0"));  // no road leads back
  EXPECT_EQ(paths.Route(1), (std::vector<int32_t>{3, 0}));
}

}  // namespace
}  // namespace tersor::twin
