#include "tersor/twin/coupling/collisions.h"

#include <gtest/gtest.h>

#include <string>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

class CollisionsTest : public ::testing::Test {
 protected:
  Network network_ = ParseNetwork(testing::kSmallNetwork, "small");
  std::vector<Vehicle> vehicles_ = {{"a", "car", 5, 2, {}}, {"b", "car", 4, 2, {}}};

  Snapshot Two(Point a, double angle_a, double speed_a, Point b, double angle_b, double speed_b,
               const std::string& lane_a = "a_0", const std::string& lane_b = "a_0") {
    Snapshot now;
    now.time = ++time_;
    now.vehicle = {0, 1};
    now.x = {a.x, b.x};
    now.y = {a.y, b.y};
    now.angle = {angle_a, angle_b};
    now.speed = {speed_a, speed_b};
    now.accel = now.position = {0, 0};
    now.lane = {network_.FindLane(lane_a), network_.FindLane(lane_b)};
    now.route_index = {0, 0};
    return now;
  }

  double time_ = 0;
};

TEST_F(CollisionsTest, TheFirstContactOfAPairCountsOnce) {
  CollisionWatch watch(network_, {.mass = [](int32_t v) { return v == 0 ? 1000 : 3000; }});
  EXPECT_TRUE(watch.Update(Two({20, 0}, 90, 15, {24.5, 0}, 90, 5), vehicles_).empty());
  // b's back is at 20.5 - ... a's front 0.3 m inside of it.
  const auto hit = watch.Update(Two({20.8, 0}, 90, 15, {24.5, 0}, 90, 5), vehicles_);
  ASSERT_EQ(hit.size(), 1U);
  EXPECT_EQ(hit[0].first, 0);
  EXPECT_EQ(hit[0].second, 1);
  EXPECT_EQ(hit[0].type, CollisionType::kRearEnd);
  EXPECT_NEAR(hit[0].overlap, 0.3, 1e-9);
  EXPECT_NEAR(hit[0].relative_speed, 10, 1e-9);
  EXPECT_NEAR(hit[0].delta_v_first, 7.5, 1e-9);  // the lighter one's velocity changes more
  EXPECT_NEAR(hit[0].delta_v_second, 2.5, 1e-9);
  EXPECT_TRUE(watch.Update(Two({21, 0}, 90, 10, {25, 0}, 90, 5), vehicles_).empty());
  EXPECT_TRUE(watch.Update(Two({21, 0}, 90, 10, {35, 0}, 90, 5), vehicles_).empty());
  EXPECT_TRUE(watch.Update(Two({35, 0}, 90, 10, {35, 0}, 90, 5), vehicles_).empty());
  EXPECT_EQ(watch.all().size(), 1U);
}

TEST_F(CollisionsTest, TheAngleNamesTheType) {
  EXPECT_EQ(CollisionTypeOf(0), CollisionType::kRearEnd);
  EXPECT_EQ(CollisionTypeOf(29.9), CollisionType::kRearEnd);
  EXPECT_EQ(CollisionTypeOf(30), CollisionType::kLaneChange);
  EXPECT_EQ(CollisionTypeOf(85.1), CollisionType::kCrossing);
  EXPECT_EQ(CollisionTypeOf(170), CollisionType::kHeadOn);
  CollisionWatch watch(network_);
  const auto crossing = watch.Update(Two({50, 0}, 90, 3, {48, 2}, 0, 4), vehicles_);
  ASSERT_EQ(crossing.size(), 1U);
  EXPECT_EQ(crossing[0].type, CollisionType::kCrossing);
  EXPECT_NEAR(crossing[0].angle, 90, 1e-9);
  EXPECT_NEAR(crossing[0].relative_speed, 5, 1e-9);
  EXPECT_EQ(crossing[0].first, 1);  // the faster one
}

TEST_F(CollisionsTest, BridgesAndPairsThatAreNotJudgedDoNotCollide) {
  Network bridges = network_;
  // Two more edges between junctions of their own, above everything.
  bridges.lanes.push_back(bridges.lanes.front());
  bridges.lanes.back().edge = static_cast<int32_t>(bridges.edges.size());
  bridges.edges.push_back({});
  bridges.edges.back().from = bridges.edges.back().to = 1000;
  CollisionWatch above(bridges);
  Snapshot now = Two({50, 0}, 90, 3, {48, 2}, 0, 4);
  now.lane[1] = static_cast<int32_t>(bridges.lanes.size()) - 1;
  EXPECT_TRUE(above.Update(now, vehicles_).empty());
  CollisionWatch none(network_, {.judged = [](int32_t, int32_t, bool same) { return !same; }});
  EXPECT_TRUE(none.Update(Two({50, 0}, 90, 3, {48, 2}, 0, 4), vehicles_).empty());
  EXPECT_EQ(none.Update(Two({50, 0}, 90, 3, {48, 2}, 0, 4, "a_0", "a_1"), vehicles_).size(), 1U);
}

TEST_F(CollisionsTest, CellsBordersHideNobody) {
  CollisionWatch watch(network_);
  int found = 0;
  for (int i = 0; i < 40; ++i) {
    CollisionWatch fresh(network_);
    const double x = -3.3 + 2.7 * i, y = 2.1 - 1.9 * i;
    found += static_cast<int>(
        fresh.Update(Two({x, y}, 45, 3, {x - 1, y - 1}, 315, 4), vehicles_).size());
  }
  EXPECT_EQ(found, 40);
}

TEST_F(CollisionsTest, TheTableSaysWhyItIsOne) {
  CollisionWatch watch(network_);
  watch.Update(Two({20.8, 0}, 90, 15, {24.5, 0}, 90, 5), vehicles_);
  const std::string csv = CollisionsAsCsv(watch.all(), vehicles_, network_);
  EXPECT_NE(csv.find("\n1.00,a,b,rear-end,0.0,0.300,10.00,5.00,5.00,15.00,5.00,"),
            std::string::npos)
      << csv;
}

}  // namespace
}  // namespace tersor::twin
