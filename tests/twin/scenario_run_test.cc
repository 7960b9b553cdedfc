#include "tersor/twin/scenario_run.h"

#include <gtest/gtest.h>

#include <string>

#include "tersor/twin/corridor.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

using tersor::testing::Spill;
using tersor::testing::TemporaryFolder;

TEST(ScenarioRun, TheSameTrafficIsMoreDangerousOnIce) {
  const TemporaryFolder folder;
  WriteCorridor(folder.path(), {.end = 90});
  const auto run = [&](const std::string& weather) {
    Spill(folder / "s.yaml",
          "config: corridor.sumocfg\narm: A\nend: 90\nweather: " + weather + "\n");
    return RunScenario(ReadScenario(folder / "s.yaml"), {.seed = 3}).metrics;
  };
  const Json dry = run("clear_dry"), ice = run("ice");
  EXPECT_GT(dry["conflicts"], 0);
  EXPECT_EQ(dry["vehicle_km"], ice["vehicle_km"]);
  EXPECT_EQ(dry["tet_s"], ice["tet_s"]);
  EXPECT_EQ(dry["ttc_min_s"], ice["ttc_min_s"]);
  EXPECT_GT(ice["conflicts"], dry["conflicts"]);
  EXPECT_GT(ice["conflicts_beyond_grip"], dry["conflicts_beyond_grip"]);
  EXPECT_GT(ice["crash_potential_index"], dry["crash_potential_index"]);
}

}  // namespace
}  // namespace tersor::twin
