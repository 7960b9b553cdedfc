// `tersor twin`, as a user runs it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tersor/util/json.h"
#include "tersor_command.h"

namespace tersor {
namespace {

using testing::CommandResult;
using testing::ExpectFailure;
using testing::kTersor;
using testing::RunCommand;
using testing::SignalWhen;
using testing::Slurp;
using testing::Spill;

class TwinCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    const CommandResult made = RunCommand(kTersor + "twin make-corridor --end 120 --step 0.2 -o " +
                                          (folder_ / "corridor"));
    ASSERT_EQ(made.code, 0) << made.error;
  }

  std::string Run(const std::string& out, const std::string& more) const {
    return kTersor + "twin run " + (folder_ / "corridor/corridor.sumocfg") + " -o " +
           (folder_ / out) + " " + more;
  }

  Json Metrics(const std::string& out) const {
    return ReadJsonFile(folder_ / (out + "/record.json"))["metrics"];
  }

  testing::TemporaryFolder folder_;
};

TEST_F(TwinCommand, RunsTheCorridor) {
  const CommandResult run = RunCommand(Run("run", ""));
  ASSERT_EQ(run.code, 0) << run.error;
  for (const char* file : {"fcd.xml.gz", "ssm.xml", "ssm.csv", "ssm.json", "report.html",
                           "animation.html", "pictures/time-space.svg"}) {
    EXPECT_GT(Slurp(folder_ / (std::string("run/") + file)).size(), 100u) << file;
  }
  const Json metrics = Metrics("run");
  EXPECT_GT(metrics["vehicles_departed"].get<int>(), 50);
  EXPECT_GT(metrics["conflicts"].get<int>(), 0);
  EXPECT_GT(metrics["mean_speed_mps"].get<double>(), 3);
  // The log says the same as the run itself measured.
  const CommandResult measured =
      RunCommand(kTersor + "twin ssm --fcd " + (folder_ / "run/fcd.xml.gz") + " --net " +
                 (folder_ / "corridor/corridor.net.xml") + " --routes " +
                 (folder_ / "corridor/corridor.rou.xml") + " --json " + (folder_ / "ssm.json") +
                 " -o " + (folder_ / "again.csv"));
  ASSERT_EQ(measured.code, 0) << measured.error;
  const double again = ReadJsonFile(folder_ / "ssm.json")["metrics"]["conflicts"];
  EXPECT_NEAR(again, metrics["conflicts"].get<double>(), 0.05 * again + 1);
}

TEST_F(TwinCommand, SameSeedSameBytes) {
  ASSERT_EQ(RunCommand(Run("one", "--seed 7 --threads 1")).code, 0);
  ASSERT_EQ(RunCommand(Run("two", "--seed 7 --threads 2")).code, 0);
  ASSERT_EQ(RunCommand(Run("other", "--seed 8")).code, 0);
  const std::string one = Slurp(folder_ / "one/fcd.xml.gz");
  EXPECT_EQ(one, Slurp(folder_ / "two/fcd.xml.gz"));
  EXPECT_NE(one, Slurp(folder_ / "other/fcd.xml.gz"));
  EXPECT_EQ(Slurp(folder_ / "one/ssm.xml"), Slurp(folder_ / "two/ssm.xml"));
}

TEST_F(TwinCommand, RunsARealSumo) {
  if (!std::filesystem::exists(std::string(TERSOR_BIN_DIR) + "/../lib/libtersor_sumo.so")) {
    GTEST_SKIP() << "built without SUMO";
  }
  const CommandResult run = RunCommand(Run("sumo", "--traffic sumo"));
  ASSERT_EQ(run.code, 0) << run.error;
  ASSERT_EQ(RunCommand(Run("ours", "")).code, 0);
  const Json sumo = Metrics("sumo"), ours = Metrics("ours");
  // Departures are drawn by different random numbers.
  EXPECT_NEAR(sumo["vehicles_departed"].get<double>(), ours["vehicles_departed"].get<double>(),
              0.3 * ours["vehicles_departed"].get<double>());
  EXPECT_NEAR(sumo["mean_speed_mps"].get<double>(), ours["mean_speed_mps"].get<double>(), 2);
  EXPECT_GT(Slurp(folder_ / "sumo/animation.html").size(), 10000u);
}

TEST_F(TwinCommand, TwinsDriveInOurTrafficAndInARealSumo) {
  Spill(folder_ / "corridor/twins.yaml",
        "config: corridor.sumocfg\nweather: heavy_rain\ntwins: {share: 0.5}\n");
  const std::string run = kTersor + "twin run " + (folder_ / "corridor/twins.yaml") + " -o ";
  ASSERT_EQ(RunCommand(run + (folder_ / "ours")).code, 0);
  const Json ours = Metrics("ours");
  EXPECT_GT(ours["twins"].get<int>(), 20);
  EXPECT_GT(ours["twin_km"].get<double>(), 5);
  EXPECT_LT(ours["collisions"].get<int>(), 5);
  EXPECT_GT(Slurp(folder_ / "ours/collisions.csv").size(), 50u);
  if (!std::filesystem::exists(std::string(TERSOR_BIN_DIR) + "/../lib/libtersor_sumo.so")) {
    GTEST_SKIP() << "built without SUMO";
  }
  const CommandResult sumo = RunCommand(run + (folder_ / "sumo") + " --traffic sumo");
  ASSERT_EQ(sumo.code, 0) << sumo.error;
  const Json theirs = Metrics("sumo");
  EXPECT_GT(theirs["twins"].get<int>(), 20);
  EXPECT_LT(theirs["collisions"].get<int>(), 10);
  EXPECT_NEAR(theirs["mean_speed_mps"].get<double>(), ours["mean_speed_mps"].get<double>(), 2.5);
}

TEST_F(TwinCommand, ASumoThatDiesLeavesWhatWasLogged) {
  if (!std::filesystem::exists(std::string(TERSOR_BIN_DIR) + "/../lib/libtersor_traci.so") ||
      RunCommand("command -v sumo").code != 0) {
    GTEST_SKIP() << "SUMO is not installed";
  }
  // Traffic of hours, which SUMO does not survive for long.
  ASSERT_EQ(RunCommand(kTersor + "twin make-corridor --end 7200 -o " + (folder_ / "long")).code, 0);
  const std::string port = std::to_string(20000 + ::getpid() % 20000);
  const CommandResult run = RunCommand(
      "timeout -s KILL 4 sumo -c " + (folder_ / "long/corridor.sumocfg") +
      " --xml-validation never --xml-validation.net never --xml-validation.routes never"
      " --no-step-log --remote-port " +
      port + " >/dev/null 2>&1 & " + kTersor + "twin run " + (folder_ / "long/corridor.sumocfg") +
      " --traffic sumo:localhost:" + port + " -o " + (folder_ / "dead"));
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.error.find("SUMO has ended"), std::string::npos) << run.error;
  EXPECT_GT(Metrics("dead")["vehicles_departed"].get<int>(), 5);
  EXPECT_GT(Slurp(folder_ / "dead/fcd.xml.gz").size(), 1000u);
}

TEST_F(TwinCommand, ScenarioFilesNameTheirPathsFromTheirFolder) {
  Spill(folder_ / "corridor/short.yaml",
        "network: corridor.net.xml\nroutes: [corridor.rou.xml]\nend: 20\nfcd: false\n"
        "measures: {ttc: 1.5}\n");
  const CommandResult run = RunCommand(kTersor + "twin run " + (folder_ / "corridor/short.yaml") +
                                       " -o " + (folder_ / "short"));
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "short/fcd.xml.gz"));
}

TEST_F(TwinCommand, ValidatesAVehicleOfOnesOwn) {
  Spill(folder_ / "wagon.yaml", "base: sedan\nmass: 1250\n");
  const CommandResult run = RunCommand(kTersor + "twin validate --seeds 1 --vehicle " +
                                       (folder_ / "wagon.yaml") + " -o " + (folder_ / "val"));
  ASSERT_EQ(run.code, 0) << run.error;
  int rows = 0;
  const Json record = ReadJsonFile(folder_ / "val/record.json");
  for (const Json& row : record["rows"]) {
    if (row["quantity"].get<std::string>().starts_with("wagon, ")) {
      EXPECT_TRUE(row["agrees"].get<bool>()) << row.dump();
      ++rows;
    }
  }
  EXPECT_GT(rows, 20);
  EXPECT_NE(Slurp(folder_ / "val/validation.html").find("wagon, L1"), std::string::npos);
  EXPECT_GT(Slurp(folder_ / "val/pictures/stopping-fan.svg").size(), 1000u);
  Spill(folder_ / "bad.yaml", "mass: 12\n");
  ExpectFailure(
      kTersor + "twin validate --vehicle " + (folder_ / "bad.yaml") + " -o " + (folder_ / "none"),
      2, {"bad.yaml: mass is 12; it must be in 200 .. 60000"});
}

TEST_F(TwinCommand, SlipperyRoadsAreMeasuredAsSuch) {
  ASSERT_EQ(RunCommand(Run("run", "")).code, 0);
  const auto measure = [&](const std::string& more) {
    const CommandResult measured =
        RunCommand(kTersor + "twin ssm --fcd " + (folder_ / "run/fcd.xml.gz") + " --net " +
                   (folder_ / "corridor/corridor.net.xml") + " --json " + (folder_ / "m.json") +
                   " -o " + (folder_ / "m.csv") + more);
    EXPECT_EQ(measured.code, 0) << measured.error;
    return ReadJsonFile(folder_ / "m.json")["metrics"];
  };
  const Json dry = measure(""), ice = measure(" --friction 0.15");
  EXPECT_GT(ice["crash_potential_index"], dry["crash_potential_index"]);
  EXPECT_GT(ice["conflicts_beyond_grip"], dry["conflicts_beyond_grip"]);
  EXPECT_EQ(ice["tet_s"], dry["tet_s"]);
  EXPECT_GT(dry["conflicts_per_1000_vehicle_km"], 0);
}

TEST_F(TwinCommand, CalibratesAndGoesOn) {
  Spill(folder_ / "radar.csv",
        "measure,p10,p50,p90\nspeed_kmh,68.3,80.9,93.9\naccel_mps2,0.55,1.28,2.05\n"
        "decel_mps2,0.51,1.13,1.85\nheadway_s,1.70,3.07,4.53\n");
  const std::string command = kTersor + "twin calibrate " +
                              (folder_ / "corridor/corridor.sumocfg") + " --percentiles " +
                              (folder_ / "radar.csv") + " --edges eb2,eb3 --warm-up 30 --end 120 " +
                              "--draws 40 --runs 1 -o " + (folder_ / "fit") + " ";
  const CommandResult stopped = SignalWhen("test -e " + (folder_ / "fit/evaluations.json"), "INT",
                                           command + "--evaluations 5000");
  EXPECT_EQ(stopped.code, 130) << stopped.error;
  EXPECT_NE(stopped.error.find("the calibration was stopped"), std::string::npos) << stopped.error;
  const size_t done = ReadJsonFile(folder_ / "fit/evaluations.json")["evaluations"].size();
  EXPECT_GT(done, 0U);
  const CommandResult run = RunCommand(command + "--evaluations " + std::to_string(done + 1));
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("SUMO's defaults, Krauss"), std::string::npos) << run.out;
  EXPECT_LE(ReadJsonFile(folder_ / "fit/evaluations.json")["evaluations"].size(), done + 1);
  EXPECT_GT(Slurp(folder_ / "fit/drivers.add.xml").size(), 1000U);
  ExpectFailure(kTersor + "twin calibrate a.sumocfg --edges e -o " + (folder_ / "x"), 2,
                {"--rows or --percentiles"});
  ExpectFailure(command + "--model Gipps", 2, {"--model Gipps is not known"});
}

TEST_F(TwinCommand, AMatrixIsSharedByRanksAndDrawnByTheLast) {
  Spill(folder_ / "matrix.yaml",
        "corridor: {end: 40, step: 0.5}\nweather: [clear_dry, snow]\narms: [A, B]\nseeds: 2\n"
        "animation: {begin: 10, end: 30}\n");
  const std::string run =
      kTersor + "twin run " + (folder_ / "matrix.yaml") + " --threads 1 -o " + (folder_ / "matrix");
  const CommandResult first = RunCommand("RANK=0 WORLD_SIZE=2 " + run);
  ASSERT_EQ(first.code, 0) << first.error;
  EXPECT_NE(first.error.find("the last draws the report"), std::string::npos) << first.error;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "matrix/report.html"));
  const CommandResult second = RunCommand("RANK=1 WORLD_SIZE=2 " + run);
  ASSERT_EQ(second.code, 0) << second.error;
  EXPECT_NE(second.out.find("Plain traffic (A)"), std::string::npos) << second.out;
  for (const char* file : {"report.html", "animation.html", "cells.csv", "record.json",
                           "pictures/rate-1.svg", "cells/A-demand1-seed1.json"}) {
    EXPECT_GT(Slurp(folder_ / (std::string("matrix/") + file)).size(), 100u) << file;
  }
  // Nothing is left to do, and the report stays the same.
  const std::string report = Slurp(folder_ / "matrix/report.html");
  const CommandResult again = RunCommand(run);
  EXPECT_EQ(again.code, 0) << again.error;
  EXPECT_NE(again.error.find("0 missing"), std::string::npos) << again.error;
  EXPECT_EQ(Slurp(folder_ / "matrix/report.html"), report);
}

TEST_F(TwinCommand, AnInterruptedMatrixGoesOn) {
  Spill(folder_ / "matrix.yaml", "corridor: {end: 200}\narms: [A, B]\nseeds: 4\n");
  const std::string run =
      kTersor + "twin run " + (folder_ / "matrix.yaml") + " --threads 1 -o " + (folder_ / "matrix");
  const CommandResult stopped =
      SignalWhen("test -e " + (folder_ / "matrix/cells/A-demand1-seed1.json"), "INT", run);
  EXPECT_EQ(stopped.code, 130) << stopped.error;
  EXPECT_NE(stopped.error.find("continues with the missing cells"), std::string::npos)
      << stopped.error;
  const CommandResult rest = RunCommand(run);
  EXPECT_EQ(rest.code, 0) << rest.error;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "matrix/report.html"));
}

TEST_F(TwinCommand, BadInputIsOneLine) {
  Spill(folder_ / "bad.yaml", "corridor: {}\nweather: [heavy_rian]\n");
  ExpectFailure(kTersor + "twin run " + (folder_ / "bad.yaml") + " -o " + (folder_ / "x"), 2,
                {"bad.yaml:2", "weather", "heavy_rain"});
  ExpectFailure(kTersor + "twin", 2, {"must be: run"});
  ExpectFailure(Run("x", "--traffic sumoo"), 2, {"sumo:host:port"});
  ExpectFailure(kTersor + "twin run " + (folder_ / "none.yaml") + " -o " + (folder_ / "x"), 1,
                {"none.yaml"});
  Spill(folder_ / "bad.yaml", "network: a.net.xml\nrouts: [b]\n");
  ExpectFailure(kTersor + "twin run " + (folder_ / "bad.yaml") + " -o " + (folder_ / "x"), 2,
                {"bad.yaml", "did you mean 'routes'"});
  Spill(folder_ / "bad.net.xml", "<net><edge id=\"a\"><lane></net>");
  ExpectFailure(kTersor + "twin ssm --fcd x.xml --net " + (folder_ / "bad.net.xml"), 1,
                {"bad.net.xml:1:"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
  if (std::filesystem::exists(std::string(TERSOR_BIN_DIR) + "/../lib/libtersor_traci.so")) {
    Spill(folder_ / "corridor/remote.yaml",
          "config: corridor.sumocfg\ntraffic: sumo:localhost:1\n");
    ExpectFailure("timeout 60 " + kTersor + "twin run " + (folder_ / "corridor/remote.yaml") +
                      " -o " + (folder_ / "x"),
                  1, {"no SUMO answers at localhost:1"});
  }
}

}  // namespace
}  // namespace tersor
