#include "tersor/twin/clips/town.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tersor/twin/embedded_traffic.h"
#include "tersor/twin/network_writer.h"

namespace tersor::twin {
namespace {

TEST(Town, LanesMeetAndEveryLaneLeadsOn) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Network town = TownNetwork(seed);
    sizes.insert(town.junctions.size());
    for (const Connection& connection : town.connections) {
      const int32_t next = connection.via >= 0 ? connection.via : connection.to;
      EXPECT_LT(Distance(town.lanes[static_cast<size_t>(connection.from)].shape.back(),
                         town.lanes[static_cast<size_t>(next)].shape.front()),
                0.011);
    }
    for (const Lane& lane : town.lanes) {
      const Edge& edge = town.edges[static_cast<size_t>(lane.edge)];
      EXPECT_GT(lane.length, edge.internal ? 1 : 30) << seed << ' ' << lane.id;
      const bool ends = town.junctions[static_cast<size_t>(edge.to)].type == "dead_end";
      EXPECT_NE(lane.connections.empty(), !ends) << seed << ' ' << lane.id;
    }
  }
  EXPECT_GE(sizes.size(), 4U);
}

TEST(Town, SignalsNeverSetFoesGreen) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Network town = TownNetwork(seed);
    for (const Junction& junction : town.junctions) {
      if (junction.type != "traffic_light") {
        continue;
      }
      for (const SignalPhase& phase :
           town.signals[static_cast<size_t>(town.signal_of.at(junction.id))].phases) {
        for (size_t i = 0; i < junction.requests.size(); ++i) {
          for (size_t k = 0; k < i; ++k) {
            EXPECT_FALSE(junction.requests[i].foes[k] && phase.state[i] == 'G' &&
                         phase.state[k] == 'G')
                << seed << ' ' << junction.id << ' ' << phase.state;
          }
        }
      }
    }
  }
}

TEST(Town, TrafficFlowsThroughIt) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const Network town = TownNetwork(seed);
    const Demand demand = TownDemand(town, 900, {0, 240}, seed);
    EXPECT_NEAR(static_cast<double>(demand.departures.size()), 60, 4 * std::sqrt(60));
    EmbeddedTraffic traffic(town, demand, {.step_length = 0.25, .seed = seed});
    for (int step = 0; step < 4 * 600 && !traffic.finished(); ++step) {
      traffic.Step();
    }
    EXPECT_TRUE(traffic.finished()) << seed << ": " << traffic.statistics().running;
    EXPECT_EQ(traffic.statistics().teleported, 0) << seed;
  }
}

TEST(Town, TheSameSeedGivesTheSameTown) {
  EXPECT_EQ(NetworkXml(TownNetwork(5)), NetworkXml(TownNetwork(5)));
  EXPECT_NE(NetworkXml(TownNetwork(5)), NetworkXml(TownNetwork(6)));
}

}  // namespace
}  // namespace tersor::twin
