#include "tersor/twin/recording.h"

#include <gtest/gtest.h>

#include "tersor/util/error.h"
#include "twin/synthetic_traffic.h"

namespace tersor::twin {
namespace {

Snapshot At(const Network& network, double time, std::vector<int32_t> present) {
  Placer placer(network);
  placer.snapshot.time = time;
  for (const int32_t vehicle : present) {
    placer.Add(vehicle, 0, 0, 10 * time + vehicle, 10);
  }
  return placer.snapshot;
}

TEST(Recording, KeepsAFrameAnInterval) {
  const Network network = ParallelRoads(1);
  Recorder recorder(0.5, 0);
  double time = 0;
  for (int step = 0; step <= 100; ++step, time += 0.1) {  // sums of rounded tenths
    recorder.Add(At(network, time, {0}), NamedVehicles(1), {});
  }
  const Recording& recording = recorder.recording();
  ASSERT_EQ(recording.frames(), 21u);
  for (size_t frame = 0; frame < 21; ++frame) {
    EXPECT_NEAR(recording.time[frame], 0.5 * static_cast<double>(frame), 1e-9);
    EXPECT_NEAR(recording.x[frame], 5 * static_cast<double>(frame), 1e-3);
  }
}

TEST(Recording, FramesHoldWhoIsThere) {
  const Network network = ParallelRoads(1);
  Recorder recorder(0, 0);
  recorder.Add(At(network, 1, {0}), NamedVehicles(1), {});
  recorder.Add(At(network, 2, {0, 2}), NamedVehicles(3), {});
  recorder.Add(At(network, 3, {}), NamedVehicles(3), {});
  const Recording& r = recorder.recording();
  EXPECT_EQ(r.begin, (std::vector<size_t>{0, 1, 3, 3}));
  EXPECT_EQ(r.vehicle, (std::vector<int32_t>{0, 0, 2}));
  EXPECT_EQ(r.vehicles.size(), 3u);
  EXPECT_EQ(r.vehicles[2].id, "car2");
  EXPECT_EQ(r.position, (std::vector<float>{10, 20, 22}));
}

TEST(Recording, SignalStatesAreSharedTexts) {
  const Network network = ParallelRoads(1);
  Recorder recorder(0, 2);
  const std::vector<std::string_view> first = {"Gr", "rG"}, second = {"rG", "rG"};
  recorder.Add(At(network, 0, {}), {}, first);
  recorder.Add(At(network, 1, {}), {}, second);
  const Recording& r = recorder.recording();
  EXPECT_EQ(r.signal_states, (std::vector<std::string>{"Gr", "rG"}));
  EXPECT_EQ(r.SignalState(0, 0), "Gr");
  EXPECT_EQ(r.SignalState(0, 1), "rG");
  EXPECT_EQ(r.SignalState(1, 0), "rG");
}

TEST(Recording, RefusesWhatDoesNotFit) {
  const Network network = ParallelRoads(1);
  EXPECT_THROW(Recorder(-1, 0), Error);
  Recorder recorder(0, 0);
  recorder.Add(At(network, 1, {}), {}, {});
  EXPECT_THROW(recorder.Add(At(network, 1, {}), {}, {}), Error);
  EXPECT_THROW(recorder.Add(At(network, 2, {0}), {}, {}), Error);  // a vehicle that nobody names
  Snapshot uneven = At(network, 2, {0});
  uneven.speed.clear();
  EXPECT_THROW(recorder.Add(uneven, NamedVehicles(1), {}), Error);
  const std::vector<std::string_view> states = {"G"};
  EXPECT_THROW(recorder.Add(At(network, 2, {}), {}, states), Error);
  EXPECT_EQ(recorder.recording().frames(), 1u);
}

}  // namespace
}  // namespace tersor::twin
