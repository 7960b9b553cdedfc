#include "tersor/twin/matrix/passages.h"

#include <gtest/gtest.h>

#include "twin/synthetic_traffic.h"

namespace tersor::twin {
namespace {

TEST(Passages, SpeedsAndHeadwaysInTheMiddleOfALane) {
  const Network network = ParallelRoads(1);
  PassageCounter counter(network);
  for (int t = 0; t <= 60; ++t) {
    Placer placer(network);
    placer.snapshot.time = t;
    // At 20, 22.5 and 40 s past the middle of 500 m; the last one on the other lane.
    placer.Add(0, 0, 0, 300 + 10 * t, 10);
    placer.Add(1, 0, 0, 275 + 10 * t, 10);
    placer.Add(2, 0, 1, 100 + 10 * t, 10);
    counter.Add(placer.snapshot);
  }
  EXPECT_EQ(counter.speeds(), (std::vector<double>{10, 10, 10}));
  ASSERT_EQ(counter.headways().size(), 1u);
  EXPECT_NEAR(counter.headways()[0], 2.5, 1e-9);
}

TEST(Passages, WhoComesLateDoesNotFollow) {
  const Network network = ParallelRoads(1);
  PassageCounter counter(network);
  for (int t = 0; t <= 60; ++t) {
    Placer placer(network);
    placer.snapshot.time = t;
    placer.Add(0, 0, 0, 300 + 10 * t, 10);
    placer.Add(1, 0, 0, 300 - 10 * kLongestHeadway - 1 + 10 * t, 10);
    counter.Add(placer.snapshot);
  }
  EXPECT_EQ(counter.speeds().size(), 2u);
  EXPECT_TRUE(counter.headways().empty());
}

}  // namespace
}  // namespace tersor::twin
