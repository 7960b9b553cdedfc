#include "tersor/twin/geometry.h"

#include <gtest/gtest.h>

#include <numbers>

namespace tersor::twin {
namespace {

TEST(Geometry, WalksALine) {
  const Polyline line = {{0, 0}, {10, 0}, {10, 0}, {10, 5}};
  EXPECT_EQ(Length(line), 15);
  EXPECT_EQ(PoseAt(line, 4).point, (Point{4, 0}));
  EXPECT_EQ(PoseAt(line, 12).point, (Point{10, 2}));
  EXPECT_NEAR(PoseAt(line, 12).heading, std::numbers::pi / 2, 1e-12);
  EXPECT_EQ(PoseAt(line, 99).point, (Point{10, 5}));
  EXPECT_EQ(PoseAt(line, -1).point, (Point{0, 0}));
}

TEST(Geometry, AnglesGoBothWays) {
  EXPECT_NEAR(SumoAngle(0), 90, 1e-12);
  EXPECT_NEAR(SumoAngle(std::numbers::pi), 270, 1e-12);
  for (const double degrees : {0.0, 45.0, 179.0, 300.0}) {
    EXPECT_NEAR(SumoAngle(HeadingOfSumoAngle(degrees)), degrees, 1e-9);
  }
}

}  // namespace
}  // namespace tersor::twin
