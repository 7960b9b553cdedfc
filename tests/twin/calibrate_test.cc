#include "tersor/twin/calibration/calibrate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tersor/twin/corridor.h"
#include "tersor/util/json.h"
#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::Slurp;
using tersor::testing::Spill;
using tersor::testing::TemporaryFolder;
using testing::MessageOf;

class CalibrateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteCorridor(folder_ / "c", {.demand = 0.4, .end = 300});
    Spill(folder_ / "radar.csv",
          "measure,p10,p50,p90\nspeed_kmh,68.3,80.9,93.9\naccel_mps2,0.55,1.28,2.05\n"
          "decel_mps2,0.51,1.13,1.85\nheadway_s,1.70,3.07,4.53\n");
    options_.scenario = folder_ / "c/corridor.sumocfg";
    options_.percentiles = folder_ / "radar.csv";
    options_.edges = {"eb2", "eb3"};
    options_.draws = 50;
    options_.runs = 1;
    options_.evaluations = 4;
    options_.warm_up = 60;
    options_.end = 240;
    options_.output = folder_ / "out";
  }

  TemporaryFolder folder_;
  CalibrationOptions options_;
};

TEST_F(CalibrateTest, SaysHowNearTheDriversAre) {
  Spill(folder_ / "counts.csv", "edge,begin,end,count\neb2,60,240,15\nwb2,60,240,12\n");
  options_.counts = folder_ / "counts.csv";
  const Record record = Calibrate(options_);
  for (const char* name : {"ks_sum", "ks_sum_scenario", "ks_sum_sumo_idm", "ks_sum_sumo_krauss"}) {
    EXPECT_GT(record.metrics[name], 0) << name;
    EXPECT_LT(record.metrics[name], 4) << name;
  }
  EXPECT_EQ(record.rows.size(), 4U + 4 * 4 + 2);
  EXPECT_EQ(record.rows[0]["drivers"], "field");
  EXPECT_NEAR(record.rows[0]["p50"].get<double>(), 80.9 / 3.6, 1e-9);
  EXPECT_EQ(record.rows.back()["edge"], "wb2");
  EXPECT_EQ(record.rows.back()["counted_per_hour"], 240);
  EXPECT_TRUE(record.metrics.contains("geh_below_5_share"));
  EXPECT_NE(Slurp(folder_ / "out/drivers.add.xml").find("vTypeDistribution id=\"calibrated\""),
            std::string::npos);
  EXPECT_FALSE(Slurp(folder_ / "out/record.json").empty());
}

TEST_F(CalibrateTest, GoesOnFromWhatIsDone) {
  const Record first = Calibrate(options_);
  const std::string drivers = Slurp(folder_ / "out/drivers.add.xml");
  // What is known is not run again: a distance that nobody could have measured stays.
  std::string ledger = Slurp(folder_ / "out/evaluations.json");
  Json json = ParseJson(ledger, "ledger");
  ASSERT_EQ(json["evaluations"].size(), 4U);
  json["evaluations"][2]["distances"] = {0, 0, 0, 0.001};
  Spill(folder_ / "out/evaluations.json", json.dump());
  options_.evaluations = 5;
  double best = 9;
  int64_t calls = 0;
  options_.progress = [&](int64_t done, double least) {
    calls = done;
    best = least;
  };
  Calibrate(options_);
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(best, 0.001);
  // From nothing the same again.
  std::filesystem::remove_all(folder_ / "out");
  options_.evaluations = 4;
  EXPECT_EQ(Calibrate(options_).metrics, first.metrics);
  EXPECT_EQ(Slurp(folder_ / "out/drivers.add.xml"), drivers);
}

TEST_F(CalibrateTest, AFolderOfAnotherCalibrationIsLeftAlone) {
  options_.evaluations = 1;
  Calibrate(options_);
  options_.end = 200;
  EXPECT_NE(MessageOf([&] { Calibrate(options_); }).find("is of another calibration"),
            std::string::npos);
  Spill(folder_ / "out/evaluations.json", "{\"inputs\"");
  EXPECT_NE(MessageOf([&] { Calibrate(options_); }).find("evaluations.json"), std::string::npos);
}

TEST_F(CalibrateTest, BadOptionsAreNamed) {
  const auto complaint = [&](auto change) {
    CalibrationOptions options = options_;
    change(options);
    return MessageOf([&] { Calibrate(options); });
  };
  EXPECT_EQ(complaint([](auto& o) { o.percentiles.clear(); }),
            "calibrate: give either --rows or --percentiles of what was measured");
  EXPECT_EQ(complaint([](auto& o) { o.mode = "rows"; }),
            "--mode rows is not known; there are: row, independent");
  EXPECT_EQ(complaint([](auto& o) { o.edges = {"eb22"}; }),
            "--edges: the network has no edge eb22; did you mean eb2?");
  EXPECT_EQ(complaint([](auto& o) { o.end = 30; }),
            "calibrate: --end, 30 s, must come after --warm-up, 60 s");
  EXPECT_NE(complaint([](auto& o) { o.runs = 0; }).find("--runs is 0"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.edges.clear(); }).find("--edges"), std::string::npos);
  Spill(folder_ / "counts.csv", "edge,begin,end,count\neb2,60,900,15\n");
  EXPECT_NE(
      complaint([this](auto& o) { o.counts = folder_ / "counts.csv"; }).find("make --end later"),
      std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
