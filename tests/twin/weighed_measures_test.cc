#include "tersor/twin/matrix/weighed_measures.h"

#include <gtest/gtest.h>

#include "twin/synthetic_traffic.h"

namespace tersor::twin {
namespace {

/// One car that closes up on a slower one: 20 and 10 m/s, DRAC 100 / (2 gap).
class ClosingUp : public Traffic {
 public:
  explicit ClosingUp(const Network& network) : network_(network), vehicles_(NamedVehicles(2)) {
    const int32_t edge = network.lanes[static_cast<size_t>(network.FindLane("a0_0"))].edge;
    for (Vehicle& vehicle : vehicles_) {
      vehicle.route = {edge};
    }
    Place(0);
  }

  void Step(Pilot*) override { Place(snapshot_.time + step_length()); }
  bool finished() const override { return snapshot_.time >= 4.4; }
  double step_length() const override { return 0.1; }
  const Snapshot& snapshot() const override { return snapshot_; }
  std::span<const Vehicle> vehicles() const override { return vehicles_; }
  std::string_view signal_state(int32_t) const override { return "GG"; }

 private:
  void Place(double time) {
    Placer placer(network_);
    placer.snapshot.time = time;
    placer.Add(0, 0, 0, 150 + 10 * time, 10);  // the gap is 60 m at first
    placer.Add(1, 0, 0, 85 + 20 * time, 20);
    snapshot_ = placer.snapshot;
  }

  const Network& network_;
  std::vector<Vehicle> vehicles_;
  Snapshot snapshot_;
};

TEST(WeighedMeasures, TheSameTrafficIsBeyondGripOnIceOnly) {
  Network network = ParallelRoads(1);
  for (Edge& edge : network.edges) {
    edge.from = edge.to = 0;  // the device looks around by junctions
  }
  const Matrix matrix = ParseMatrix(
      "corridor: {}\nweather: [clear_dry, fog_light, ice]\nlight: [day, night]\n", "m.yaml");
  WeighedMeasures measures(matrix, network);
  ClosingUp traffic(network);
  while (!traffic.finished()) {
    traffic.Step(nullptr);
    measures.Look(traffic);
  }
  const std::map<std::string, Measured> measured = measures.Finish(2);
  EXPECT_EQ(measured.size(), 6u);
  // At the end the gap is 16 m: DRAC 3.125 m/s^2 of 8.34 m/s^2 in the dry, 1.47 m/s^2 on ice.
  const Metrics &dry = measured.at("clear_dry").metrics, &ice = measured.at("ice").metrics;
  EXPECT_NEAR(dry.at("drac_max_mps2"), 3.125, 0.01);
  EXPECT_NEAR(ice.at("drac_max_mps2"), 3.125, 0.01);
  EXPECT_EQ(dry.at("conflicts_beyond_grip"), 0);
  EXPECT_EQ(ice.at("conflicts_beyond_grip"), 1);
  EXPECT_GT(ice.at("crash_potential_index"), dry.at("crash_potential_index"));
  EXPECT_EQ(ice.at("conflicts_per_1000_vehicle_km"), 500);
  EXPECT_EQ(measured.at("ice by night").metrics, ice);
  EXPECT_EQ(measured.at("ice").conflicts.size(), 1u);
}

}  // namespace
}  // namespace tersor::twin
