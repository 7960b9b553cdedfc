#include "tersor/twin/simulation_config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::Spill;
using testing::MessageOf;

TEST(SimulationConfig, ReadsOptionsAndPaths) {
  const SimulationConfig config = ParseSimulationConfig(
      "<configuration><input><net-file value='n.net.xml'/><route-files value='a.rou.xml, b/c.xml'/>"
      "<additional-files v='/abs/x.xml'/></input><time><begin value='10'/><end value='00:01:00'/>"
      "<step-length value='.1'/></time><processing><time-to-teleport value='-1'/></processing>"
      "<random_number><seed value='7'/></random_number><output><x value='1'/></output>"
      "</configuration>",
      "dir/s.sumocfg");
  EXPECT_EQ(config.network, "dir/n.net.xml");
  EXPECT_EQ(config.routes, (std::vector<std::string>{"dir/a.rou.xml", "dir/b/c.xml"}));
  EXPECT_EQ(config.additional, (std::vector<std::string>{"/abs/x.xml"}));
  EXPECT_EQ(config.window.begin, 10);
  EXPECT_EQ(config.window.end, 60);
  EXPECT_EQ(config.step_length, 0.1);
  EXPECT_EQ(config.time_to_teleport, -1);
  EXPECT_EQ(config.seed, 7U);
}

TEST(SimulationConfig, HasSumosDefaults) {
  const SimulationConfig config =
      ParseSimulationConfig("<configuration><n value='x'/><end value='-1'/></configuration>", "c");
  EXPECT_EQ(config.step_length, 1);
  EXPECT_EQ(config.time_to_teleport, 300);
  EXPECT_EQ(config.seed, 23423U);
  EXPECT_TRUE(std::isinf(config.window.end));
}

TEST(SimulationConfig, SaysWhatIsWrong) {
  const auto message = [](const std::string& text) {
    return MessageOf([&] { ParseSimulationConfig(text, "c"); });
  };
  EXPECT_NE(message("<configuration/>").find("no net-file"), std::string::npos);
  EXPECT_NE(message("<net/>").find("not a configuration"), std::string::npos);
  EXPECT_NE(message("<configuration><n value='a,b'/></configuration>").find("one network"),
            std::string::npos);
  EXPECT_NE(message("<configuration><n value='a'/><step-length value='0'/></configuration>")
                .find("longer than 0"),
            std::string::npos);
  EXPECT_NE(
      message("<configuration><n value='a'/><begin value='5'/><end value='5'/></configuration>")
          .find("before it begins"),
      std::string::npos);
}

TEST(SimulationConfig, LoadsEverything) {
  const tersor::testing::TemporaryFolder folder;
  Spill(folder / "n.net.xml", testing::kSmallNetwork);
  Spill(folder / "r.xml", "<routes><trip id='v' type='t' from='a' to='b' depart='3'/></routes>");
  Spill(folder / "a.xml",
        "<additional><vType id='t'/><tlLogic id='S' programID='p'><phase duration='8' "
        "state='GGGG'/></tlLogic></additional>");
  Spill(folder / "s.sumocfg",
        "<configuration><net-file value='n.net.xml'/><route-files value='r.xml'/>"
        "<additional-files value='a.xml'/></configuration>");
  const Simulation simulation = LoadSimulation(ReadSimulationConfig(folder / "s.sumocfg"));
  EXPECT_EQ(simulation.network.signals[0].program, "p");
  ASSERT_EQ(simulation.demand.departures.size(), 1U);
  EXPECT_EQ(simulation.demand.departures[0].time, 3);
}

TEST(SimulationConfig, LoadsSumosOwnSamples) {
  const std::string folder = "/usr/share/sumo/tools/game/";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "SUMO's samples are not installed";
  }
  // Those without people on foot, whom the twin does not simulate.
  for (const char* const name : {"corridor", "cross", "grid6", "square", "ramp", "highway"}) {
    const Simulation simulation = LoadSimulation(ReadSimulationConfig(folder + name + ".sumocfg"));
    EXPECT_GT(simulation.demand.departures.size(), 50U) << name;
    EXPECT_FALSE(simulation.network.signals.empty()) << name;
  }
}

}  // namespace
}  // namespace tersor::twin
