#include "tersor/twin/junction_conflicts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crossing_network.h"

namespace tersor::twin {
namespace {

class JunctionConflictsTest : public ::testing::TestWithParam<bool> {
 protected:
  JunctionConflictsTest()
      : network_(CrossingNetwork(GetParam())),
        topology_(network_),
        conflicts_(network_, topology_) {}

  int32_t Way(const std::string& from, const std::string& to) const {
    return LaneTopology::ConnectionTo(network_, network_.FindLane(from), network_.FindLane(to));
  }

  Network network_;
  LaneTopology topology_;
  JunctionConflicts conflicts_;
};

TEST_P(JunctionConflictsTest, StraightWaysCrossWhereTheirLanesBegin) {
  const int32_t north = Way("S_0", "N_0"), east = Way("W_0", "E_0");
  for (const auto& [way, foe] : {std::pair(north, east), std::pair(east, north)}) {
    const WayConflict& conflict = conflicts_.Between(way, foe);
    EXPECT_EQ(conflict.kind, WayConflict::Kind::kCrossing);
    EXPECT_NEAR(conflict.distance, 3.2 - 1.6, 1e-9);
    EXPECT_EQ(conflict.foe_lane_width, 3.2);
  }
}

TEST_P(JunctionConflictsTest, WaysToOneLaneMerge) {
  const int32_t turn = Way("S_0", "E_0"), east = Way("W_0", "E_0");
  EXPECT_EQ(conflicts_.Between(turn, east).kind, WayConflict::Kind::kMerging);
  EXPECT_EQ(conflicts_.Between(east, turn).kind, WayConflict::Kind::kMerging);
  EXPECT_EQ(conflicts_.Between(turn, Way("S_0", "N_0")).kind, WayConflict::Kind::kNone);
}

TEST_P(JunctionConflictsTest, KnowsFoeLanes) {
  const auto foes = conflicts_.FoeLanes(Way("W_0", "E_0"));
  std::vector<int32_t> sorted(foes.begin(), foes.end());
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted,
            (std::vector<int32_t>{network_.FindLane(":C_0_0"), network_.FindLane(":C_1_0")}));
  EXPECT_EQ(conflicts_.LanesTo(network_.FindEdge("E")).size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(RegulatedOrNot, JunctionConflictsTest, ::testing::Bool());

TEST(IntersectionOffsets, AscendAlongTheLine) {
  const Polyline line = {{0, 0}, {10, 0}, {10, 10}};
  EXPECT_EQ(IntersectionOffsets(line, {{20, 5}, {5, 5}, {5, -5}}), (std::vector<double>{5, 15}));
  EXPECT_TRUE(IntersectionOffsets(line, {{0, 1}, {9, 1}}).empty());
}

}  // namespace
}  // namespace tersor::twin
