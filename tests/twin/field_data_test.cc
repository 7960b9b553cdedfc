#include "tersor/twin/calibration/field_data.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::Spill;
using tersor::testing::TemporaryFolder;
using testing::MessageOf;

constexpr char kRadar[] =
    "measure,mean,p10,p50,p90\n"
    "# a radar by the road\n"
    "speed_kmh,80.6,68.3,80.9,93.9\n"
    "accel_mps2,1.32,0.55,1.28,2.05\n"
    "decel_mps2,1.17,0.51,1.13,1.85\n"
    "headway_s,3.03,1.70,3.07,4.53\n";

class FieldData : public ::testing::Test {
 protected:
  std::string File(const std::string& text) {
    Spill(folder_ / "f.csv", text);
    return folder_ / "f.csv";
  }
  template <typename Read>
  std::string Complaint(const Read& read, const std::string& text) {
    const std::string path = File(text);
    const std::string message = MessageOf([&] { read(path); });
    const size_t slash = message.find("f.csv");
    return slash == std::string::npos ? message : message.substr(slash);
  }

  TemporaryFolder folder_;
};

std::string Rows(int count) {
  std::string text = "headway_s, speed_kmh,site,decel_mps2,accel_mps2\n";
  for (int i = 1; i <= count; ++i) {
    text += std::to_string(i) + "," + std::to_string(36 + 3.6 * i) + ",north,2,1.5\r\n";
  }
  return text;
}

TEST_F(FieldData, DriversInAnyOrderOfColumns) {
  const std::vector<DriverRow> rows = ReadDriverRows(File(Rows(12)));
  ASSERT_EQ(rows.size(), 12U);
  EXPECT_NEAR(rows[1][kSpeedMeasure], 12, 1e-12);
  EXPECT_EQ(rows[1][kHeadwayMeasure], 2);
  EXPECT_EQ(rows[1][kDecelMeasure], 2);
}

TEST_F(FieldData, BadRowsAreNamedByLine) {
  const auto read = [](const std::string& path) { ReadDriverRows(path); };
  EXPECT_EQ(Complaint(read, Rows(12) + "1,x,north,2,1\n"),
            "f.csv:14: speed_kmh is 'x', not a number");
  EXPECT_EQ(Complaint(read, Rows(12) + "0,40,north,2,1\n"),
            "f.csv:14: headway_s is 0; it must be above 0");
  EXPECT_EQ(Complaint(read, Rows(12) + "nan,40,north,2,1\n"),
            "f.csv:14: headway_s is 'nan', not a number");
  EXPECT_EQ(Complaint(read, Rows(12) + "1,40\n"), "f.csv:14: 2 cells, but the head has 5");
  EXPECT_EQ(Complaint(read, Rows(9)), "f.csv: 9 drivers; a distribution needs 10 at least");
  EXPECT_EQ(Complaint(read, "speed_mps,accel_mps2,headway_s\n1,2,3\n"),
            "f.csv: no column decel_mps2");
  EXPECT_EQ(Complaint(read, "\n\n"), "f.csv: no head of columns");
}

TEST_F(FieldData, PercentilesOfARadar) {
  const Target target = ReadPercentiles(File(kRadar));
  EXPECT_NEAR(target[kSpeedMeasure].Quantile(0.5) * 3.6, 80.9, 1e-9);
  EXPECT_NEAR(target[kSpeedMeasure].Quantile(0.9) * 3.6, 93.9, 1e-9);
  EXPECT_NEAR(target[kHeadwayMeasure].Quantile(0.1), 1.70, 1e-9);
  // The mean was not used, and comes out near what was measured.
  EXPECT_NEAR(target[kSpeedMeasure].mean() * 3.6, 80.6, 0.6);
  EXPECT_NEAR(target[kAccelMeasure].mean(), 1.32, 0.05);
  EXPECT_GT(target[kAccelMeasure].Quantile(0), 0);
}

TEST_F(FieldData, BadPercentilesAreNamed) {
  const auto read = [](const std::string& path) { ReadPercentiles(path); };
  EXPECT_EQ(Complaint(read, "measure,p10,p50\nspeed,1,2\n").substr(0, 42),
            "f.csv:2: measure 'speed' is not known; the");
  EXPECT_EQ(Complaint(read, "measure,p10,p50\nspeed_mps,2,1\n"),
            "f.csv:2: p50 is not above the percentile below it");
  EXPECT_EQ(Complaint(read, "measure,p50\nspeed_mps,2\n"),
            "f.csv: percentiles are columns p10, p50, ...; two at least");
  EXPECT_EQ(Complaint(read, "measure,p10,p50\nspeed_mps,1,2\nspeed_kmh,1,2\n"),
            "f.csv:3: speed_kmh a second time");
  EXPECT_EQ(Complaint(read, "measure,p10,p50\nspeed_mps,1,2\n"), "f.csv: no line of accel_mps2");
}

TEST_F(FieldData, CountsOfEdges) {
  const auto read = [](const std::string& path) { ReadCounts(path); };
  const std::vector<EdgeCount> counts =
      ReadCounts(File("edge,begin,end,count\na,0,900,120\nb,900,1800,80\n"));
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[1].edge, "b");
  EXPECT_EQ(counts[1].count, 80);
  EXPECT_EQ(Complaint(read, "edge,begin,end,count\na,900,0,120\n"),
            "f.csv:2: end must be after begin");
  EXPECT_EQ(Complaint(read, "edge,begin,end,count\na,0,900,-1\n"),
            "f.csv:2: count is -1; it must not be negative");
  EXPECT_EQ(Complaint(read, "edge,begin,end,count\n"), "f.csv: no counts");
}

TEST(FieldDistribution, KolmogorovAndSmirnov) {
  const FieldDistribution target = FieldDistribution::OfSample({1, 2, 3, 4});
  EXPECT_EQ(target.Distance({4, 3, 2, 1}), 0);
  EXPECT_NEAR(target.Distance({3, 4, 5, 6}), 0.5, 1e-12);
  EXPECT_EQ(target.Distance({9}), 1);
  EXPECT_EQ(target.Distance({}), 1);
  EXPECT_EQ(target.mean(), 2.5);
  EXPECT_EQ(target.Quantile(0.5), 2.5);
}

TEST(FieldDistribution, ThroughPercentilesItIsNormalIfTheyAre) {
  // 10 +- 2: the 10th and 90th percentiles are 1.2816 deviations off.
  const FieldDistribution normal = FieldDistribution::OfPercentiles(
      {{0.1, 10 - 2 * 1.2815515655}, {0.5, 10}, {0.9, 10 + 2 * 1.2815515655}});
  EXPECT_NEAR(normal.Quantile(0.8413447461), 12, 1e-6);
  EXPECT_NEAR(normal.Quantile(0.0227501319), 6, 1e-6);
  EXPECT_NEAR(normal.mean(), 10, 1e-9);
  std::vector<double> sample;
  for (int i = 0; i < 500; ++i) {
    sample.push_back(normal.Quantile((i + 0.5) / 500));
  }
  EXPECT_LT(normal.Distance(sample), 0.01);
  for (double& value : sample) {
    value += 2;  // a deviation more: Phi(0) becomes Phi(-1)
  }
  EXPECT_NEAR(normal.Distance(sample), 0.5 - 0.1586552539, 0.01);
}

TEST(Geh, OfHourlyVolumes) {
  EXPECT_NEAR(Geh(1100, 1000), std::sqrt(2 * 1e4 / 2100), 1e-12);
  EXPECT_EQ(Geh(0, 0), 0);
  EXPECT_EQ(Geh(800, 800), 0);
}

}  // namespace
}  // namespace tersor::twin
