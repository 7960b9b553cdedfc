#include "tersor/twin/map_match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "crossing_network.h"
#include "tersor/twin/ssm_measures.h"

namespace tersor::twin {
namespace {

class MapMatchTest : public ::testing::Test {
 protected:
  Network network_ = CrossingNetwork();
  MapMatcher matcher_{network_};
};

TEST_F(MapMatchTest, FindsTheNearestLane) {
  const LaneMatch match = matcher_.Match({120, 301.5}, kNotAvailable, -1);
  EXPECT_EQ(match.lane, network_.FindLane("W_0"));
  EXPECT_NEAR(match.position, 120, 1e-9);
  EXPECT_NEAR(match.distance, 1.5, 1e-9);
}

TEST_F(MapMatchTest, GoesByTheDirection) {
  EXPECT_EQ(matcher_.Match({300.1, 300}, 0, -1).lane, network_.FindLane(":C_2_0"));
  EXPECT_EQ(matcher_.Match({300, 300.1}, std::numbers::pi / 2, -1).lane,
            network_.FindLane(":C_1_0"));
}

TEST_F(MapMatchTest, StaysOnTheWay) {
  // Both begin there; the turn bends off later.
  const int32_t turn = network_.FindLane(":C_0_0");
  EXPECT_EQ(matcher_.Match({300.2, 297.5}, kNotAvailable, turn).lane, turn);
  const int32_t straight = network_.FindLane(":C_1_0");
  EXPECT_EQ(matcher_.Match({300.2, 297.5}, kNotAvailable, straight).lane, straight);
}

TEST_F(MapMatchTest, FindsNothingFarAway) {
  EXPECT_EQ(matcher_.Match({100, 300 + MapMatcher::kFarthest + 0.1}, kNotAvailable, -1).lane, -1);
  EXPECT_EQ(matcher_.Match({1e7, -1e7}, kNotAvailable, -1).lane, -1);
}

TEST_F(MapMatchTest, ScalesToTheLanesLength) {
  // 5 m long, though its shape is a little longer.
  const int32_t turn = network_.FindLane(":C_0_0");
  EXPECT_NEAR(matcher_.PositionOn(turn, {303.2, 300}), 5, 1e-9);
  EXPECT_NEAR(matcher_.PositionOn(turn, {300, 290}), 0, 1e-9);
}

}  // namespace
}  // namespace tersor::twin
