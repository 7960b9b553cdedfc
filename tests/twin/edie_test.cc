#include "tersor/twin/edie.h"

#include <gtest/gtest.h>

#include "tersor/util/error.h"
#include "twin/synthetic_traffic.h"

namespace tersor::twin {
namespace {

/// A platoon of `count` vehicles at `speed`, `gap` m from front to front, the first at `start`.
Recording Platoon(const Network& network, int32_t count, double start, double gap, double speed,
                  int32_t seconds) {
  Recorder recorder(0, 0);
  for (int32_t t = 0; t <= seconds; ++t) {
    Placer placer(network);
    placer.snapshot.time = 100 + t;
    for (int32_t v = 0; v < count; ++v) {
      placer.Add(v, 0, 0, start - gap * v + speed * t, speed);
    }
    recorder.Add(placer.snapshot, NamedVehicles(count), {});
  }
  return recorder.recording();
}

EdgeState StateOf(const std::vector<EdgeState>& states, int32_t edge, size_t interval) {
  size_t seen = 0;
  for (const EdgeState& state : states) {
    if (state.edge == edge && seen++ == interval) {
      return state;
    }
  }
  return {};
}

TEST(Edie, EvenTraffic) {
  const Network network = ParallelRoads(1);
  // Ten vehicles stay on a0 for the whole interval.
  const Recording run = Platoon(network, 10, 300, 30, 10, 60);
  const std::vector<EdgeState> states = EdieStates(network, run, 60);
  ASSERT_EQ(states.size(), 2u);  // a0 and b0; internal edges have no state
  const EdgeState state = StateOf(states, network.FindEdge("a0"), 0);
  EXPECT_EQ(state.begin, 100);
  EXPECT_EQ(state.end, 160);
  // Of 1 km with two lanes: t = 600 s, d = 6000 m, area = 2000 m * 60 s.
  EXPECT_NEAR(state.density, 5, 1e-6);
  EXPECT_NEAR(state.flow, 180, 1e-3);
  EXPECT_NEAR(state.speed, 10, 1e-6);
  EXPECT_NEAR(state.flow, state.density * 3.6 * state.speed, 1e-6);
  EXPECT_EQ(StateOf(states, network.FindEdge("b0"), 0).density, 0);
}

TEST(Edie, StandingTrafficHasDensityButNoFlow) {
  const Network network = ParallelRoads(1);
  const Recording run = Platoon(network, 4, 900, 7.5, 0, 30);
  const EdgeState state = StateOf(EdieStates(network, run, 30), network.FindEdge("a0"), 0);
  EXPECT_NEAR(state.density, 2, 1e-9);
  EXPECT_EQ(state.flow, 0);
  EXPECT_EQ(state.speed, 0);
}

TEST(Edie, AWayOverAJunctionIsDivided) {
  const Network network = ParallelRoads(1);
  // In one step of 8 s from 970 m to 1050 m: 30 m on a0, 20 m across, 30 m on b0.
  Recorder recorder(0, 0);
  for (const double t : {0.0, 8.0}) {
    Placer placer(network);
    placer.snapshot.time = t;
    placer.Add(0, 0, 0, 970 + 10 * t, 10);
    recorder.Add(placer.snapshot, NamedVehicles(1), {});
  }
  const std::vector<EdgeState> states = EdieStates(network, recorder.recording(), 8);
  for (const char* edge : {"a0", "b0"}) {
    const EdgeState state = StateOf(states, network.FindEdge(edge), 0);
    EXPECT_NEAR(state.density, 1000 * 3 / (2000.0 * 8), 1e-6) << edge;
    EXPECT_NEAR(state.flow, 3600 * 30 / (2000.0 * 8), 1e-4) << edge;
    EXPECT_NEAR(state.speed, 10, 1e-5) << edge;
  }
}

TEST(Edie, OnlyFullIntervalsCount) {
  const Network network = ParallelRoads(1);
  const Recording run = Platoon(network, 1, 0, 0, 5, 50);
  const std::vector<EdgeState> states = EdieStates(network, run, 20);
  EXPECT_EQ(states.size(), 4u);
  EXPECT_EQ(states[1].begin, 120);
  EXPECT_THROW(EdieStates(network, run, 0), Error);
  EXPECT_TRUE(EdieStates(network, Recording(), 20).empty());
}

}  // namespace
}  // namespace tersor::twin
