#include "tersor/twin/network_writer.h"

#include <gtest/gtest.h>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

TEST(NetworkWriter, WhatIsWrittenReadsTheSame) {
  const Network before = ParseNetwork(testing::kSmallNetwork, "small");
  const std::string text = NetworkXml(before);
  const Network after = ParseNetwork(text, "written");
  ASSERT_EQ(after.lanes.size(), before.lanes.size());
  for (const Lane& lane : before.lanes) {
    const Lane& same = after.lanes[static_cast<size_t>(after.FindLane(lane.id))];
    EXPECT_EQ(same.length, lane.length);
    EXPECT_EQ(same.speed, lane.speed);
    EXPECT_EQ(same.width, lane.width);
    EXPECT_EQ(same.friction, lane.friction);
    EXPECT_EQ(same.shape, lane.shape);
    EXPECT_EQ(same.connections.size(), lane.connections.size());
  }
  const Junction &one = before.junctions[static_cast<size_t>(before.junction_of.at("J"))],
                 &other = after.junctions[static_cast<size_t>(after.junction_of.at("J"))];
  ASSERT_EQ(other.requests.size(), one.requests.size());
  for (size_t i = 0; i < one.requests.size(); ++i) {
    EXPECT_EQ(other.requests[i].response, one.requests[i].response);
    EXPECT_EQ(other.requests[i].foes, one.requests[i].foes);
    EXPECT_EQ(other.requests[i].wait_inside, one.requests[i].wait_inside);
  }
  EXPECT_EQ(after.signals[0].phases[1].state, "yyyr");
  EXPECT_EQ(after.signals[0].offset, 10);
  EXPECT_EQ(NetworkXml(after), text);
  // The waiting place: yields to what comes from a_1.
  EXPECT_NE(text.find("<junction id=\":J_4_0\" type=\"internal\" x=\"112.00\" y=\"5.00\" "
                      "incLanes=\":J_3_0 a_1\" intLanes=\":J_1_0 :J_1_1\"/>"),
            std::string::npos);
}

TEST(NetworkWriter, EscapesNames) {
  std::string text = testing::kSmallNetwork;
  for (size_t i = text.find("\"c\""); i != std::string::npos; i = text.find("\"c\"")) {
    text.replace(i, 3, "\"&lt;&amp;&quot;\"");
  }
  const Network network = ParseNetwork(text, "odd");
  EXPECT_GE(network.FindEdge("<&\""), 0);
  EXPECT_GE(ParseNetwork(NetworkXml(network), "again").FindEdge("<&\""), 0);
}

TEST(NetworkWriter, GradeLiftsShapes) {
  const std::string text = NetworkXml(ParseNetwork(testing::kSmallNetwork, "small"), 0.01);
  EXPECT_NE(text.find("shape=\"120.00,3.20,1.20 300.00,3.20,3.00\""), std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
