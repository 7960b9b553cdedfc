#include "tersor/twin/matrix/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "twin/made_up_matrix.h"

namespace tersor::twin {
namespace {

using testing::DryAndRain;
using testing::kRate;
using testing::ResultsWith;

TEST(Comparison, PairsBySeedAndSharesPlainRuns) {
  const Matrix matrix = DryAndRain("demand: [0.5, 1]\nseeds: 3\n");
  const Comparison comparison(matrix, ResultsWith(matrix, [](const MatrixCell& cell) {
                                return 100 * static_cast<double>(cell.seed) + 10 * cell.demand +
                                       (cell.arm == Arm::kTwin ? 4 + cell.weather * 3.0 : 0);
                              }));
  const std::vector<Condition> dry = comparison.OfWeather(0), rain = comparison.OfWeather(1);
  ASSERT_EQ(dry.size(), 2u);
  EXPECT_EQ(comparison.Conditions().size(), 4u);
  EXPECT_EQ(comparison.NameOf(rain[1]), "heavy_rain, demand 1");
  EXPECT_EQ(comparison.Values(kRate, dry, Arm::kPlain), (std::vector<double>{7.5, 107.5, 207.5}));
  EXPECT_EQ(comparison.Values(kRate, rain, Arm::kPlain), (std::vector<double>{7.5, 107.5, 207.5}));
  EXPECT_EQ(comparison.Values(kRate, {&rain[0], 1}, Arm::kTwin),
            (std::vector<double>{12, 112, 212}));
  EXPECT_DOUBLE_EQ(comparison.Difference(kRate, rain, Arm::kPlain, Arm::kTwin).interval.mean, 7);
  EXPECT_DOUBLE_EQ(comparison.Interaction(kRate, rain, dry, Arm::kPlain, Arm::kTwin).interval.mean,
                   3);
}

TEST(Comparison, AMissingRunLeavesItsSeedOut) {
  const Matrix matrix = DryAndRain("demand: [0.5, 1]\nseeds: 3\n");
  std::vector<CellResult> results = ResultsWith(matrix, [](const MatrixCell&) { return 1; });
  std::erase_if(results, [](const CellResult& result) {
    return result.cell.seed == 1 && result.cell.arm == Arm::kTwin && result.cell.demand == 1;
  });
  const Comparison comparison(matrix, results);
  const std::vector<Condition> dry = comparison.OfWeather(0);
  EXPECT_EQ(comparison.Mean(kRate, dry, Arm::kTwin).count, 2);
  EXPECT_EQ(comparison.Mean(kRate, {&dry[0], 1}, Arm::kTwin).count, 3);
  EXPECT_EQ(comparison.Difference(kRate, dry, Arm::kPlain, Arm::kTwin).interval.count, 2);
  EXPECT_EQ(comparison.Find(dry[1], Arm::kTwin, 1), nullptr);
  EXPECT_TRUE(std::isnan(comparison.Values("no such metric", dry, Arm::kPlain)[0]));
}

TEST(Comparison, PlainRunsAreWeighedByTheWeather) {
  const Matrix matrix = DryAndRain("arms: [A]\nseeds: 1\n");
  std::vector<CellResult> results = ResultsWith(matrix, [](const MatrixCell&) { return 1; });
  results[0].by_condition["heavy_rain"].metrics[kRate] = 5;
  const Comparison comparison(matrix, results);
  EXPECT_EQ(comparison.Mean(kRate, comparison.OfWeather(0), Arm::kPlain).mean, 1);
  EXPECT_EQ(comparison.Mean(kRate, comparison.OfWeather(1), Arm::kPlain).mean, 5);
  EXPECT_EQ(HeadlineMetrics(comparison)[0].name, kRate);
  EXPECT_EQ(HeadlineMetrics(comparison).size(), 1u);
}

}  // namespace
}  // namespace tersor::twin
