// Slots that follow the road.
#include "tersor/twin/traffic_state.h"

#include <gtest/gtest.h>

#include "twin/traffic_scene.h"

namespace tersor::twin {
namespace {

using testing::Scene;

std::vector<int32_t> VehiclesOf(const Scene& scene, const std::vector<int32_t>& slots) {
  std::vector<int32_t> vehicles;
  for (const int32_t slot : slots) {
    vehicles.push_back(scene.state.fields.vehicle[static_cast<size_t>(slot)]);
  }
  return vehicles;
}

TEST(TrafficStateTest, RenumberingChangesNothingButSlots) {
  Scene scene(testing::TwoLanes(500));
  TrafficState& state = scene.state;
  // Vehicles are called by their first slots.
  const int32_t far = scene.Add("f_1", 1, 10, {"e", "f"}, 1);  // its tail is still on e_1
  scene.Add("e_1", 100, 11, {"e", "f"});
  const int32_t gone = scene.Add("e_0", 300, 12, {"e", "f"});
  const int32_t beside = scene.Add("e_0", 200, 13, {"e", "f"});
  scene.Add("e_0", 400, 14, {"e", "f"});
  const int32_t waits = state.AddSlot();
  state.fields.vehicle[static_cast<size_t>(waits)] = waits;
  state.fields.trail[static_cast<size_t>(far)] = {scene.Lane("e_1"), scene.Lane(":m_0_1")};
  state.fields.beside[static_cast<size_t>(beside)] = scene.Lane("e_1");
  state.Remove(gone);
  state.Release({gone});
  state.UpdateOccupancy();
  const std::vector<int32_t> running = VehiclesOf(scene, state.running());
  const double back = state.leaving(scene.Lane("e_1")).back;

  const std::vector<int32_t> renumbered = state.Renumber();
  EXPECT_EQ(VehiclesOf(scene, state.running()), running);
  EXPECT_EQ(VehiclesOf(scene, state.on_lane(scene.Lane("e_0"))), (std::vector<int32_t>{4, 3}));
  EXPECT_EQ(VehiclesOf(scene, state.on_lane(scene.Lane("e_1"))), (std::vector<int32_t>{1}));
  EXPECT_EQ(VehiclesOf(scene, state.on_lane(scene.Lane("f_1"))), (std::vector<int32_t>{far}));
  // Front to back, lane after lane.
  EXPECT_EQ(state.on_lane(scene.Lane("e_0")).front() + 1, state.on_lane(scene.Lane("e_0")).back());
  for (const int32_t lane : state.active_lanes()) {
    for (const int32_t slot : state.on_lane(lane)) {
      EXPECT_EQ(state.fields.lane[static_cast<size_t>(slot)], lane);
      EXPECT_EQ(renumbered[static_cast<size_t>(state.fields.vehicle[static_cast<size_t>(slot)])],
                slot);
    }
  }
  // Whoever is not wholly on one lane is still found.
  EXPECT_EQ(state.leaving(scene.Lane("e_1")).slot, renumbered[static_cast<size_t>(far)]);
  EXPECT_EQ(state.leaving(scene.Lane("e_1")).back, back);
  ASSERT_EQ(state.reaching(scene.Lane("e_1")).size(), 1U);
  EXPECT_EQ(state.reaching(scene.Lane("e_1"))[0], renumbered[static_cast<size_t>(beside)]);
  EXPECT_EQ(state.fields.vehicle[static_cast<size_t>(renumbered[static_cast<size_t>(waits)])],
            waits);
  // The free slot is given to the next one.
  EXPECT_EQ(state.AddSlot(), renumbered[static_cast<size_t>(gone)]);
}

}  // namespace
}  // namespace tersor::twin
