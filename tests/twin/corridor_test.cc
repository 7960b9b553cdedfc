#include "tersor/twin/corridor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tersor/twin/corridor_network.h"
#include "tersor/twin/simulation_config.h"
#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::RunCommand;
using tersor::testing::TemporaryFolder;

TEST(Corridor, TheReaderReadsIt) {
  const TemporaryFolder folder;
  const SimulationConfig config = ReadSimulationConfig(WriteCorridor(folder / "c"));
  EXPECT_EQ(config.step_length, 0.1);
  const Simulation simulation = LoadSimulation(config);
  const Network& network = simulation.network;
  EXPECT_EQ(network.signals.size(), 3U);
  EXPECT_EQ(network.low.x, 0);
  EXPECT_EQ(network.high.x, 2400);
  const Edge& pocket = network.edges[static_cast<size_t>(network.FindEdge("eb1p"))];
  EXPECT_EQ(pocket.lanes.size(), 3U);
  const Lane& lane = network.lanes[static_cast<size_t>(pocket.lanes[1])];
  EXPECT_EQ(lane.width, 3.66);
  EXPECT_EQ(lane.speed, 22.35);
  for (const Signal& signal : network.signals) {
    EXPECT_EQ(signal.cycle(), 100);
  }
  // 2750 an hour: four standard deviations of a Poisson count are 210.
  EXPECT_NEAR(static_cast<double>(simulation.demand.departures.size()), 2850, 214);
}

TEST(Corridor, WaysMeetTheirLanesAndSignalsNeverSetFoesGreen) {
  const Network network = CorridorNetwork();
  for (const Connection& connection : network.connections) {
    const Polyline& from = network.lanes[static_cast<size_t>(connection.from)].shape;
    if (connection.via >= 0) {
      const Polyline& via = network.lanes[static_cast<size_t>(connection.via)].shape;
      EXPECT_LT(Distance(from.back(), via.front()), 0.011);
    } else {
      const Polyline& to = network.lanes[static_cast<size_t>(connection.to)].shape;
      EXPECT_LT(Distance(from.back(), to.front()), 0.011);
    }
  }
  for (const Lane& lane : network.lanes) {
    EXPECT_NEAR(lane.length, Length(lane.shape), 0.006) << lane.id;
  }
  for (const Junction& junction : network.junctions) {
    for (size_t i = 0; i < junction.requests.size(); ++i) {
      for (size_t k = 0; k < junction.requests.size(); ++k) {
        EXPECT_EQ(junction.requests[i].foes[k], junction.requests[k].foes[i]);
        // Of two foes, one yields.
        EXPECT_EQ(junction.requests[i].foes[k],
                  junction.requests[i].response[k] != junction.requests[k].response[i]);
      }
    }
    if (junction.type != "traffic_light") {
      continue;
    }
    for (const SignalPhase& phase :
         network.signals[static_cast<size_t>(network.signal_of.at(junction.id))].phases) {
      for (size_t i = 0; i < junction.requests.size(); ++i) {
        for (size_t k = 0; k < i; ++k) {
          EXPECT_FALSE(junction.requests[i].foes[k] && phase.state[i] == 'G' &&
                       phase.state[k] == 'G')
              << junction.id << ' ' << phase.state << ' ' << i << ' ' << k;
        }
      }
    }
  }
}

TEST(Corridor, TheSameOptionsGiveTheSameBytes) {
  const TemporaryFolder folder;
  for (const char* const name : {"a", "b"}) {
    WriteCorridor(folder / name, {0.5, 600, 0.5});
  }
  for (const char* const file : {"corridor.net.xml", "corridor.rou.xml", "corridor.sumocfg"}) {
    EXPECT_EQ(tersor::testing::Slurp(folder / "a/" + file),
              tersor::testing::Slurp(folder / "b/" + file));
  }
}

TEST(Corridor, RefusesOptionsThatMakeNoSense) {
  const TemporaryFolder folder;
  const auto message = [&](const CorridorOptions& options) {
    return testing::MessageOf([&] { WriteCorridor(folder.path(), options); });
  };
  EXPECT_NE(message({-1, 600, 0.1}).find("demand is -1"), std::string::npos);
  EXPECT_NE(message({1, std::nan(""), 0.1}).find("end is"), std::string::npos);
  EXPECT_NE(message({1, 600, 0}).find("step is 0"), std::string::npos);
}

TEST(Corridor, SumoRunsItWithoutAWarning) {
  if (RunCommand("sumo --version").code != 0) {
    GTEST_SKIP() << "sumo is not installed";
  }
  const TemporaryFolder folder;
  const auto result = RunCommand("sumo -c " + WriteCorridor(folder.path()) +
                                 " --end 600 --duration-log.statistics");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.out.find("Warning"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("Inserted: "), std::string::npos) << result.out;
}

}  // namespace
}  // namespace tersor::twin
