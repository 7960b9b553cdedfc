#include "tersor/twin/clips/scenery.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tersor/twin/clips/town.h"
#include "tersor/twin/corridor_network.h"

namespace tersor::twin {
namespace {

double DistanceToRoads(const Network& network, const Point& point) {
  double nearest = 1e9;
  for (const Lane& lane : network.lanes) {
    for (size_t i = 1; i < lane.shape.size(); ++i) {
      const Point &a = lane.shape[i - 1], &b = lane.shape[i];
      const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
      const double share =
          std::clamp(((point.x - a.x) * dx + (point.y - a.y) * dy) / square, 0.0, 1.0);
      nearest =
          std::min(nearest, Distance(point, {a.x + share * dx, a.y + share * dy}) - lane.width / 2);
    }
  }
  return nearest;
}

TEST(Scenery, NothingTallStandsOnARoad) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const Network town = TownNetwork(seed);
    const Scenery scenery = MakeScenery(town, seed);
    EXPECT_GT(scenery.tall.size(), 50U);
    for (const Scenery::Shape& shape : scenery.tall) {
      for (const Point& point : scenery.PointsOf(shape)) {
        EXPECT_GT(DistanceToRoads(town, point), 0);
        EXPECT_LE(Distance(point, shape.middle), shape.radius + 1e-9);
      }
    }
  }
}

TEST(Scenery, EverySignalLinkHasABar) {
  const Network network = CorridorNetwork();
  const Scenery scenery = MakeScenery(network, 1);
  size_t links = 0;
  for (const Connection& connection : network.connections) {
    links += connection.signal >= 0 ? 1 : 0;
  }
  EXPECT_EQ(scenery.signals.size(), links);
  // Lanes of several links share the lane's width.
  for (const SignalBar& bar : scenery.signals) {
    EXPECT_LE(bar.width, 0.9 * 3.66 + 1e-9);
    EXPECT_GE(bar.width, 0.9 * 3.66 / 3 - 1e-9);
  }
}

TEST(Scenery, OffsetLinesKeepTheirDistance) {
  const Polyline corner = {{0, 0}, {10, 0}, {10, 10}};
  const Polyline left = OffsetLine(corner, 2);
  EXPECT_NEAR(left[0].y, 2, 1e-12);
  EXPECT_NEAR(left[1].x, 8, 1e-12);
  EXPECT_NEAR(left[1].y, 2, 1e-12);
  EXPECT_NEAR(left[2].x, 8, 1e-12);
  EXPECT_EQ(MakeScenery(CorridorNetwork(), 5).points, MakeScenery(CorridorNetwork(), 5).points);
  EXPECT_NE(MakeScenery(CorridorNetwork(), 5).points, MakeScenery(CorridorNetwork(), 6).points);
}

}  // namespace
}  // namespace tersor::twin
