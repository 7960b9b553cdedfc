#include "tersor/twin/movement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "crossing_network.h"
#include "traffic_scene.h"

namespace tersor::twin {
namespace {

using testing::Scene;

void Drive(Scene& scene, Movement& movement, int32_t slot, double speed) {
  scene.state.fields.next_speed[static_cast<size_t>(slot)] = speed;
  movement.Advance(slot);
  movement.Transfer();
  scene.state.UpdateOccupancy();
}

TEST(MovementTest, AStepCoversTheNewSpeed) {
  Scene scene(CrossingNetwork(), 0.5);
  Movement movement(scene.state, -1);
  const int32_t slot = scene.Add("S_0", 100, 10, {"S", "N"});
  Drive(scene, movement, slot, 11);
  const VehicleFields& fields = scene.state.fields;
  EXPECT_DOUBLE_EQ(fields.position[0], 105.5);
  EXPECT_DOUBLE_EQ(fields.speed[0], 11);
  EXPECT_DOUBLE_EQ(fields.accel[0], 2);
  // Half a second, of which it lost three 14ths.
  EXPECT_NEAR(fields.time_loss[0], 0.5 * (1 - 11.0 / 14), 1e-12);
}

TEST(MovementTest, CrossesLinksAndLeavesItsRearBehind) {
  Scene scene(CrossingNetwork(), 1);
  Movement movement(scene.state, -1);
  scene.state.time = 7;
  const int32_t slot = scene.Add("S_0", 294, 10, {"S", "N"});
  Drive(scene, movement, slot, 5);
  const VehicleFields& fields = scene.state.fields;
  EXPECT_EQ(fields.lane[0], scene.Lane(":C_1_0"));
  EXPECT_NEAR(fields.position[0], 294 + 5 - 296.8, 1e-9);
  EXPECT_EQ(fields.place[0], 0);
  EXPECT_EQ(fields.entered[0], 7);
  EXPECT_EQ(fields.conflict_time[0], 7);
  const TrafficState::Rear rear = scene.state.leaving(scene.Lane("S_0"));
  EXPECT_EQ(rear.slot, slot);
  EXPECT_NEAR(rear.back, 294, 1e-9);
  EXPECT_TRUE(scene.state.on_lane(scene.Lane("S_0")).empty());
  EXPECT_EQ(scene.state.load(scene.Lane("S_0")), 0);
  EXPECT_DOUBLE_EQ(scene.state.load(scene.Lane(":C_1_0")), 7.5);
  Drive(scene, movement, slot, 12);  // off the junction, wholly
  EXPECT_EQ(fields.lane[0], scene.Lane("N_0"));
  EXPECT_EQ(fields.place[0], 1);
  EXPECT_TRUE(std::isinf(fields.entered[0]));
  EXPECT_EQ(scene.state.leaving(scene.Lane("S_0")).slot, -1);
}

TEST(MovementTest, ArrivesAndIsCounted) {
  Scene scene(CrossingNetwork(), 1);
  Movement movement(scene.state, -1);
  scene.state.time = 30;
  const int32_t slot = scene.Add("N_0", 290, 10, {"S", "N"}, 1);
  scene.state.fields.arrival_position[0] = 296.8;
  Drive(scene, movement, slot, 10);
  TrafficStatistics statistics;
  movement.AddStatistics(statistics);
  EXPECT_EQ(statistics.arrived, 1);
  EXPECT_DOUBLE_EQ(statistics.mean_duration, 30);
  EXPECT_DOUBLE_EQ(statistics.mean_route_length, 10);
  EXPECT_TRUE(scene.state.running().empty());
}

TEST(MovementTest, WhoStandsTooLongIsPutFarther) {
  Scene scene(CrossingNetwork(), 1);
  Movement movement(scene.state, 300);
  const Demand demand{{testing::Steady()},
                      {{"r", {scene.network.FindEdge("S"), scene.network.FindEdge("N")}}},
                      {{}}};
  const Insertion insertion(scene.graph, demand, 1, 100, 1);
  const int32_t slot = scene.Add("S_0", 296, 0, {"S", "N"});
  scene.state.fields.departure[0] = 0;
  scene.state.fields.waiting[0] = 300;
  movement.Teleport(scene.signals, insertion);
  EXPECT_EQ(scene.state.fields.lane[0], scene.Lane("S_0"));
  scene.state.fields.waiting[0] = 301;
  movement.Teleport(scene.signals, insertion);
  EXPECT_EQ(scene.state.fields.lane[static_cast<size_t>(slot)], scene.Lane("N_0"));
  TrafficStatistics statistics;
  movement.AddStatistics(statistics);
  EXPECT_EQ(statistics.teleported, 1);
}

}  // namespace
}  // namespace tersor::twin
