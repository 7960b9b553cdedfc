#include "tersor/twin/coupling/lane_path.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

/// From `a` straight on over the junction to `b`, on the right lane, or right to `c`.
struct Ways {
  Network network = ParseNetwork(testing::kSmallNetwork, "small");
  RoadGraph graph{network};
  LanePath Follow(const std::vector<std::string>& edges, const std::string& lane,
                  int32_t place = 0) const {
    Route route{"r", {}};
    for (const std::string& edge : edges) {
      route.edges.push_back(network.FindEdge(edge));
    }
    const RouteLanes lanes(graph, route, kAllClasses);
    LanePath path;
    path.Follow(graph, lanes, network.FindLane(lane), place, 60);
    return path;
  }
};

TEST(LanePath, GoesOnAcrossJunctions) {
  const Ways ways;
  const LanePath path = ways.Follow({"a", "b"}, "a_0");
  const Pose pose = path.At(150);
  EXPECT_DOUBLE_EQ(pose.point.x, 150);
  EXPECT_DOUBLE_EQ(pose.point.y, 0);
  EXPECT_EQ(path.LaneAt(50), ways.network.FindLane("a_0"));
  EXPECT_EQ(path.LaneAt(110), ways.network.FindLane(":J_1_0"));
  EXPECT_EQ(path.LaneAt(150), ways.network.FindLane("b_0"));
  // Straight on where it ends, to the left of it where asked.
  EXPECT_DOUBLE_EQ(path.At(400, 2).point.x, 400);
  EXPECT_DOUBLE_EQ(path.At(400, 2).point.y, 2);
  EXPECT_DOUBLE_EQ(path.At(-3).point.x, -3);
}

TEST(LanePath, BeginsOnAJunctionsLaneToo) {
  const Ways ways;
  const LanePath path = ways.Follow({"a", "c"}, ":J_0_0");
  EXPECT_EQ(path.lane(), ways.network.FindLane(":J_0_0"));
  EXPECT_NEAR(path.At(30).point.x, 106, 1e-9);
  EXPECT_NEAR(path.At(30).heading, -std::numbers::pi / 2, 1e-9);
}

TEST(LanePath, CountsTheLanesOwnMetres) {
  // The right turn's shape is longer than its 9 m.
  const Ways ways;
  const LanePath path = ways.Follow({"a", "c"}, "a_0");
  const double shape = std::hypot(5, 1) + std::hypot(1, 5);
  EXPECT_NEAR(path.AlongLanes(100 + shape), 109, 1e-9);
  EXPECT_NEAR(path.AlongLanes(100 + shape / 2), 104.5, 1e-9);
  EXPECT_NEAR(path.AlongLanes(100 + shape + 7), 116, 1e-9);
  EXPECT_NEAR(ways.Follow({"a", "c"}, ":J_0_0").PlaceOf(4.5), shape / 2, 1e-9);
}

TEST(LanePath, FindsTheNearestPlaceAndTheSide) {
  const Ways ways;
  const LanePath path = ways.Follow({"a", "c"}, "a_0");
  for (const double offset : {-1.5, 0.0, 0.7}) {
    for (const double place : {3.0, 60.0, 99.0, 130.0}) {
      const LanePath::Foot foot = path.FootOf(path.At(place, offset).point, place - 2, 5);
      EXPECT_NEAR(foot.place, place, 1e-9);
      EXPECT_NEAR(foot.offset, offset, 1e-9);
    }
  }
  // Nothing is looked for farther away than the reach.
  EXPECT_NEAR(path.FootOf({50, 0}, 10, 5).place, 15, 1e-9);
}

TEST(LanePath, BendsAreDrivenAsTheLateralAccelerationAllows) {
  const Ways ways;
  EXPECT_TRUE(std::isinf(ways.Follow({"a", "b"}, "a_0").BendSpeed(0, 3, 2)));
  const LanePath path = ways.Follow({"a", "c"}, "a_0");
  const double there = path.BendSpeed(100, 3, 2);
  EXPECT_GT(there, 3);
  EXPECT_LT(there, 7);
  // 40 m before, braking with 2 m/s^2 has to suffice.
  EXPECT_LE(path.BendSpeed(60, 3, 2), std::sqrt(there * there + 4 * 40 + 1e-9));
  EXPECT_GT(path.BendSpeed(60, 3, 2), path.BendSpeed(80, 3, 2));
  EXPECT_LT(path.BendSpeed(60, 0.7, 2), path.BendSpeed(60, 3, 2));
}

TEST(LateralShift, IsSmoothAndEndsInTheMiddle) {
  LateralShift shift;
  EXPECT_EQ(shift.At(10), 0);
  shift.Start(-3.2, 100, 60);
  EXPECT_DOUBLE_EQ(shift.At(90), -3.2);
  EXPECT_DOUBLE_EQ(shift.At(130), -1.6);
  EXPECT_DOUBLE_EQ(shift.At(160), 0);
  EXPECT_DOUBLE_EQ(shift.At(300), 0);
  // Neither slope nor curvature at its ends.
  EXPECT_NEAR(shift.At(100.6), -3.2, 1e-4);
  EXPECT_NEAR(shift.At(159.4), 0, 1e-4);
  shift.Move(-100);
  EXPECT_DOUBLE_EQ(shift.At(30), -1.6);
}

}  // namespace
}  // namespace tersor::twin
