#include "tersor/twin/coupling/outside_view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tersor/twin/corridor.h"
#include "tersor/twin/embedded_traffic.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

/// Compares what it works out with what the engine tells of every vehicle of a corridor.
class Comparing : public Pilot {
 public:
  Comparing(const Network& network, const Demand& demand) : view_(network, 0.1), demand_(demand) {}

  void Choose(const Snapshot& now, const Traffic& traffic, std::vector<int32_t>* rows) override {
    traffic_ = &traffic;
    rows->clear();
    for (int32_t row = 0; row < now.size(); ++row) {
      rows->push_back(row);
    }
    view_.Look(traffic, {});
  }

  void Drive(const Snapshot& now, std::span<const Wish> wishes,
             std::vector<Motion>* motions) override {
    for (const Wish& wish : wishes) {
      OutsideDriver driver;
      driver.speed_factor = wish.desired_speed / 22.35;
      const Wish seen = view_.WishOf(wish.row, driver, wish.speed, -1);
      const auto row = static_cast<size_t>(wish.row);
      ++all_;
      leaders_ += seen.leader == wish.leader;
      gaps_ +=
          seen.leader == wish.leader && (seen.leader < 0 || std::abs(seen.gap - wish.gap) < 1e-6);
      lower_ += seen.free_speed <= wish.free_speed + 3;
      Motion motion;
      motion.row = wish.row;
      motion.speed = wish.speed;
      motion.advance = wish.speed * 0.1;
      motion.accel = (wish.speed - now.speed[row]) / 0.1;
      motions->push_back(motion);
    }
  }

  double Share(int64_t count) const {
    return static_cast<double>(count) / static_cast<double>(all_);
  }

  OutsideView view_;
  const Demand& demand_;
  const Traffic* traffic_ = nullptr;
  int64_t all_ = 0, leaders_ = 0, gaps_ = 0, lower_ = 0;
};

TEST(OutsideView, SeesTheLeadersThatTheEngineKnows) {
  const Network network = ParseNetwork(CorridorNetworkXml(), "corridor.net.xml");
  const Demand demand =
      ParseDemand({{CorridorRoutesXml({.end = 150}), "corridor.rou.xml"}}, network, 3);
  EmbeddedTraffic traffic(network, demand, {.seed = 3});
  Comparing pilot(network, demand);
  for (int i = 0; i < 1500; ++i) {
    traffic.Step(&pilot);
  }
  EXPECT_GT(pilot.all_, 10000);
  // Not those whose rear ends are on lanes that they have left for another branch.
  EXPECT_GT(pilot.Share(pilot.leaders_), 0.97);
  EXPECT_GT(pilot.Share(pilot.gaps_), 0.97);
  EXPECT_GT(pilot.Share(pilot.lower_), 0.95);
}

/// The small network with somebody on it and a signal that shows `state`.
class OneVehicle : public Traffic {
 public:
  Network network = ParseNetwork(testing::kSmallNetwork, "small");
  Snapshot now;
  std::vector<Vehicle> known;
  std::string state = "GGGr";

  OneVehicle(const std::string& lane, double position, double speed) {
    known = {{"v", "car", 5, 1.8, {network.FindEdge("a"), network.FindEdge("c")}}};
    now.vehicle = {0};
    now.x = now.y = now.angle = now.accel = {0};
    now.speed = {speed};
    now.lane = {network.FindLane(lane)};
    now.position = {position};
    now.route_index = {0};
  }
  using Traffic::Step;
  void Step(Pilot*) override {}
  bool finished() const override { return false; }
  double step_length() const override { return 0.1; }
  const Snapshot& snapshot() const override { return now; }
  std::span<const Vehicle> vehicles() const override { return known; }
  std::string_view signal_state(int32_t) const override { return state; }

  Wish Look(const OutsideDriver& driver = {}, double wish = 100) {
    OutsideView view(network, 0.1);
    view.Look(*this, {});
    return view.WishOf(0, driver, wish, -1);
  }
};

TEST(OutsideView, RedStopsBeforeTheLineAndGreenDoesNot) {
  OneVehicle traffic("a_0", 60, 9);
  // 6 m/s behind the line, 40 m ahead: 3.05 m/s^2 from 33.7 m before it on.
  EXPECT_NEAR(traffic.Look().free_speed, 9.26, 1e-9);
  traffic.state = "rrrG";
  const double red = traffic.Look().free_speed;
  EXPECT_NEAR(red, 9.26, 1e-9);  // it can wait with braking: sqrt(2 3.05 (39 - 6.3)) = 14
  traffic.now.position = {85};
  EXPECT_NEAR(traffic.Look().free_speed, std::sqrt(2 * 3.05 * (14 - 9 * 0.7)), 1e-9);
  traffic.state = "GGGr";
  EXPECT_NEAR(traffic.Look().free_speed, std::sqrt(36 + 2 * 3.05 * (15 - 9 * 0.7)), 1e-9);
  // Yellow stops those who can still stop.
  traffic.state = "yyyr";
  EXPECT_LT(traffic.Look().free_speed, 7);
  traffic.now.position = {99};
  EXPECT_GT(traffic.Look().free_speed, 5.9);
}

TEST(OutsideView, TheRouteAsksForItsLane) {
  OneVehicle traffic("a_1", 60, 9);  // the way to `c` begins on a_0
  EXPECT_EQ(traffic.Look().lane, traffic.network.FindLane("a_0"));
  // Where somebody is beside it, it stays and stops at the lane's end.
  traffic.known.push_back({"w", "car", 5, 1.8, {traffic.network.FindEdge("a")}});
  traffic.now.vehicle = {0, 1};
  for (auto* field : {&traffic.now.x, &traffic.now.y, &traffic.now.angle, &traffic.now.accel}) {
    field->push_back(0);
  }
  traffic.now.speed.push_back(9);
  traffic.now.lane.push_back(traffic.network.FindLane("a_0"));
  traffic.now.position.push_back(63);
  traffic.now.route_index.push_back(0);
  const Wish wish = traffic.Look();
  EXPECT_EQ(wish.lane, traffic.network.FindLane("a_1"));
  traffic.now.position = {95, 97};
  EXPECT_LT(traffic.Look().free_speed, 3);
}

}  // namespace
}  // namespace tersor::twin
