#include "tersor/twin/lane_conflicts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crossing_network.h"
#include "small_network.h"

namespace tersor::twin {
namespace {

using Kind = LaneConflict::Kind;

const LaneConflict* Between(const Network& network,
                            const std::vector<std::vector<LaneConflict>>& all,
                            const std::string& own, const std::string& foe) {
  const auto& list = all[static_cast<size_t>(network.FindLane(own))];
  const auto found = std::ranges::find_if(
      list, [&](const LaneConflict& c) { return c.foe_lane == network.FindLane(foe); });
  return found == list.end() ? nullptr : &*found;
}

TEST(LaneConflictsTest, CrossingLanesSweepEachOthersWidth) {
  const Network network = CrossingNetwork();
  const auto all = FindLaneConflicts(network);
  const LaneConflict* south = Between(network, all, ":C_1_0", ":C_2_0");
  ASSERT_NE(south, nullptr);
  EXPECT_EQ(south->kind, Kind::kCrossing);
  // They cross 3.2 m along either lane, which are 3.2 m wide.
  EXPECT_NEAR(south->begin, 1.6, 1e-9);
  EXPECT_NEAR(south->foe_begin, 1.6, 1e-9);
  EXPECT_NEAR(south->width, 3.2, 1e-9);
  EXPECT_TRUE(south->yields);
  EXPECT_FALSE(south->foe_yields);
  const LaneConflict* west = Between(network, all, ":C_2_0", ":C_1_0");
  ASSERT_NE(west, nullptr);
  EXPECT_FALSE(west->yields);
  EXPECT_TRUE(west->foe_yields);
}

TEST(LaneConflictsTest, LanesIntoOneLaneMerge) {
  const Network network = CrossingNetwork();
  const auto all = FindLaneConflicts(network);
  const LaneConflict* right = Between(network, all, ":C_0_0", ":C_2_0");
  ASSERT_NE(right, nullptr);
  EXPECT_EQ(right->kind, Kind::kMerge);
  EXPECT_EQ(right->width, 0);
  // One lane from the same distance before both ends on, less for the lengths' scale.
  EXPECT_GT(right->begin, 0);
  EXPECT_LT(right->begin, 5);
  EXPECT_LT(right->foe_begin, 6.4);
}

TEST(LaneConflictsTest, LanesFromOneLaneBranch) {
  const Network network = CrossingNetwork();
  const auto all = FindLaneConflicts(network);
  const LaneConflict* branch = Between(network, all, ":C_1_0", ":C_0_0");
  ASSERT_NE(branch, nullptr);
  EXPECT_EQ(branch->kind, Kind::kBranch);
  EXPECT_GT(branch->begin, 0);
}

TEST(LaneConflictsTest, WithoutRequestsNobodyMinds) {
  const Network network = CrossingNetwork(false);
  const auto all = FindLaneConflicts(network);
  EXPECT_EQ(Between(network, all, ":C_1_0", ":C_2_0"), nullptr);
}

TEST(LaneConflictsTest, RoadsHaveNone) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const auto all = FindLaneConflicts(network);
  for (size_t i = 0; i < network.lanes.size(); ++i) {
    EXPECT_TRUE(all[i].empty() || network.EdgeOfLane(static_cast<int32_t>(i)).internal);
  }
}

TEST(SharedBeginningTest, KnownAnswers) {
  // Beside each other all the way: the shorter one's length.
  EXPECT_NEAR(SharedBeginning({{0, 0}, {10, 0}}, {{0, 2}, {8, 2}}, 2.5), 8, 1e-9);
  // At right angles: 2.5 m along, one is 2.5 m from the other.
  EXPECT_NEAR(SharedBeginning({{0, 0}, {10, 0}}, {{0, 0}, {0, 10}}, 2.5), 2.5, 1e-6);
  // 3 m apart from the beginning.
  EXPECT_EQ(SharedBeginning({{0, 0}, {10, 0}}, {{0, 3}, {10, 3}}, 2.5), 0);
}

}  // namespace
}  // namespace tersor::twin
