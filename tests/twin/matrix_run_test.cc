#include "tersor/twin/matrix/matrix_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <set>
#include <thread>

#include "tersor/twin/matrix/run_cell.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

namespace fs = std::filesystem;

/// A run that takes no time; it tells who made it.
CellResult FakeRun(const Matrix&, const MatrixCell& cell, const std::string& film) {
  CellResult result;
  result.cell = cell;
  result.measured.metrics["seed_times_demand"] = static_cast<double>(cell.seed) * cell.demand;
  result.measured.metrics["process"] = static_cast<double>(::getpid());
  if (!film.empty()) {
    WriteFileAtomically(film, "null");
  }
  return result;
}

class MatrixRun : public ::testing::Test {
 protected:
  Matrix Make(const std::string& more = "") const {
    return WithFiles(ParseMatrix("corridor: {end: 40, step: 0.5}\nweather: [clear_dry, snow]\n"
                                 "demand: [0.5, 1]\nseeds: 2\n" +
                                     more,
                                 "matrix.yaml"),
                     folder_.path());
  }

  MatrixState Run(const Matrix& matrix, const CellRunner& run, RankPlace place = {}) const {
    return RunMatrix(matrix, {folder_.path(), 2, place, run});
  }

  tersor::testing::TemporaryFolder folder_;
};

TEST_F(MatrixRun, RunsWhatIsMissingOnly) {
  const Matrix matrix = Make();
  const MatrixState first = Run(matrix, FakeRun);
  EXPECT_EQ(first.cells, 2 * 2 * (1 + 2 + 2));
  EXPECT_EQ(first.made, first.cells);
  EXPECT_TRUE(first.finished());
  EXPECT_EQ(Run(matrix, FakeRun).made, 0);
  fs::remove(folder_ / "cells/B-demand0.5-snow-day-seed1.json");
  tersor::testing::Spill(folder_ / "cells/A-demand1-seed0.json", "{broken");
  EXPECT_EQ(Run(matrix, FakeRun).made, 2);
  // The results come back as they were made.
  const std::vector<CellResult> results = ReadResults(matrix, folder_.path());
  ASSERT_EQ(std::ssize(results), first.cells);
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].cell, matrix.Cells()[i]);
    EXPECT_EQ(results[i].measured.metrics.at("seed_times_demand"),
              static_cast<double>(results[i].cell.seed) * results[i].cell.demand);
    EXPECT_NE(results[i].measured.metrics.at("process"), ::getpid());
  }
}

TEST_F(MatrixRun, AChangedMatrixMakesItsCellsAnew) {
  Run(Make(), FakeRun);
  // One more weather and seed: what is there stays, but for arm A, which measures for all weathers.
  const Matrix more =
      WithFiles(ParseMatrix("corridor: {end: 40, step: 0.5}\nweather: [clear_dry, snow, ice]\n"
                            "demand: [0.5, 1]\nseeds: 2\n",
                            "matrix.yaml"),
                folder_.path());
  EXPECT_EQ(Run(more, FakeRun).made, 2 * 2 * (1 + 1 + 1));
  // Another threshold, another demand file: all.
  EXPECT_EQ(Run(Make("measures: {ttc: 2}\n"), FakeRun).made, 2 * 2 * 5);
  EXPECT_EQ(Run(Make("measures: {ttc: 2}\n"), FakeRun).made, 0);
  tersor::testing::Spill(folder_ / "corridor/corridor.rou.xml", "<routes/>");
  Matrix changed = Make("measures: {ttc: 2}\n");
  tersor::testing::Spill(folder_ / "corridor/corridor.rou.xml", "<routes/>");
  EXPECT_EQ(Run(changed, FakeRun).made, 2 * 2 * 5);
}

TEST_F(MatrixRun, RanksShareTheCells) {
  const Matrix matrix = Make();
  const MatrixState first = Run(matrix, FakeRun, {0, 2});
  EXPECT_FALSE(first.finished());
  EXPECT_GT(first.made, 0);
  const MatrixState second = Run(matrix, FakeRun, {1, 2});
  EXPECT_TRUE(second.finished());
  EXPECT_EQ(first.made + second.made, second.cells);
  EXPECT_EQ(Run(matrix, FakeRun, {0, 2}).made, 0);
}

TEST(MatrixShares, AreOfAboutTheSameWork) {
  const Matrix matrix = ParseMatrix(
      "corridor: {}\nweather: [clear_dry, snow, ice]\narms: [A, C]\nseeds: 5\n", "m.yaml");
  const std::vector<MatrixCell> cells = matrix.Cells();
  for (const int ranks : {1, 2, 3, 50}) {
    std::set<size_t> all;
    size_t twins_least = cells.size(), twins_most = 0;
    for (const std::vector<size_t>& share : SharesOf(cells, ranks)) {
      all.insert(share.begin(), share.end());
      const size_t twins = static_cast<size_t>(std::count_if(
          share.begin(), share.end(), [&](size_t i) { return cells[i].arm == Arm::kTwin; }));
      twins_least = std::min(twins_least, twins);
      twins_most = std::max(twins_most, twins);
    }
    EXPECT_EQ(all.size(), cells.size());
    EXPECT_LE(twins_most - twins_least, 1u) << ranks;
  }
}

TEST_F(MatrixRun, AFailingCellLeavesTheOthersAlone) {
  const Matrix matrix = Make();
  const auto fails = [](const Matrix& m, const MatrixCell& cell, const std::string& film) {
    TERSOR_CHECK(cell.seed != 1 || cell.arm != Arm::kTuned, "the bridge is up");
    return FakeRun(m, cell, film);
  };
  const MatrixState state = Run(matrix, fails);
  EXPECT_EQ(state.made, 2 * 2 * 5 - 4);
  ASSERT_EQ(state.failures.size(), 4u);
  EXPECT_EQ(state.failures[0].cell, "B-demand0.5-clear_dry-day-seed1");
  EXPECT_EQ(state.failures[0].error, "the bridge is up");
  EXPECT_TRUE(state.finished());  // nobody works on it any more
  const MatrixState again = Run(matrix, FakeRun);
  EXPECT_EQ(again.made, 4);
  EXPECT_TRUE(again.failures.empty());
}

TEST_F(MatrixRun, AnInterruptedOneGoesOn) {
  const Matrix matrix = Make();
  CatchInterrupts();
  std::thread interrupt([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    ::kill(::getpid(), SIGINT);
  });
  const auto slow = [](const Matrix& m, const MatrixCell& cell, const std::string& film) {
    for (int i = 0; i < 10; ++i) {
      ThrowIfInterrupted("stopped");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return FakeRun(m, cell, film);
  };
  EXPECT_THROW(Run(matrix, slow), Interrupted);
  interrupt.join();
  ForgetInterrupt();
  const MatrixState state = Run(matrix, FakeRun);
  EXPECT_GT(state.made, 0);
  EXPECT_LT(state.made, state.cells);
  EXPECT_TRUE(state.finished());
}

TEST_F(MatrixRun, AWeatherThatDoesNotCoverTheRunIsRefused) {
  tersor::testing::Spill(folder_ / "storm.yaml", "series:\n  0: clear_dry\n  20: heavy_rain\n");
  tersor::testing::Spill(folder_ / "matrix.yaml", "corridor: {end: 40}\nweather: [storm.yaml]\n");
  const Matrix matrix = WithFiles(ReadMatrix(folder_ / "matrix.yaml"), folder_.path());
  EXPECT_NE(testing::MessageOf([&] { Run(matrix, FakeRun); }).find("storm"), std::string::npos);
}

TEST_F(MatrixRun, ARunningSumoIsRefused) {
  Matrix matrix = Make();
  matrix.base.traffic = "sumo:localhost:8813";
  EXPECT_NE(testing::MessageOf([&] { Run(matrix, FakeRun); }).find("embedded or sumo"),
            std::string::npos);
}

TEST_F(MatrixRun, ArmsShareTheirRandomNumbers) {
  const Matrix matrix = Make();
  std::set<std::string> departures[2];
  for (const uint64_t seed : {0, 1}) {
    for (const MatrixCell& cell : matrix.Cells()) {
      if (cell.seed == seed && cell.demand == 1) {
        const Scenario scenario = matrix.ScenarioOf(cell);
        Simulation simulation = LoadSimulation(ConfigOf(scenario, seed));
        WeatherDemand(scenario, WeatherOf(scenario, {0, 40}), ConfigOf(scenario, seed),
                      &simulation.demand);
        std::string text;
        for (const Departure& departure : simulation.demand.departures) {
          text += departure.id + " " + std::to_string(departure.time) + "\n";
        }
        EXPECT_GT(simulation.demand.departures.size(), 10u);
        departures[seed].insert(text);
      }
    }
    EXPECT_EQ(departures[seed].size(), 1u);  // all arms and weathers have the same
  }
  EXPECT_NE(departures[0], departures[1]);
}

TEST_F(MatrixRun, RealCellsGiveTheSameBytesAgain) {
  const Matrix matrix = Make("arms: [A, B]\nanimation: {begin: 10, end: 20}\n");
  const MatrixState state = Run(matrix, RunCell);
  ASSERT_TRUE(state.failures.empty()) << state.failures[0].error;
  const std::vector<CellResult> first = ReadResults(matrix, folder_.path());
  const std::string film =
      tersor::testing::Slurp(folder_ / "cells/B-demand1-snow-day-seed0.film.json");
  EXPECT_GT(film.size(), 1000u);
  fs::remove_all(folder_ / "cells");
  RunMatrix(matrix, {folder_.path(), 1, {}, RunCell});
  const std::vector<CellResult> second = ReadResults(matrix, folder_.path());
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    for (CellResult cell : {first[i], second[i]}) {
      EXPECT_GT(cell.measured.metrics.at("vehicles_departed"), 10) << i;
    }
    EXPECT_EQ(first[i].by_condition.size(), first[i].cell.arm == Arm::kPlain ? 2u : 0u);
    Json a = ToJson(matrix, first[i], ""), b = ToJson(matrix, second[i], "");
    a.erase("seconds");
    b.erase("seconds");
    EXPECT_EQ(a.dump(), b.dump());
  }
  EXPECT_EQ(tersor::testing::Slurp(folder_ / "cells/B-demand1-snow-day-seed0.film.json"), film);
}

TEST_F(MatrixRun, TheFilmOfATwinTellsWhoIsOneAndHowFarTheySee) {
  const Matrix matrix =
      WithFiles(ParseMatrix("corridor: {end: 40, step: 0.2}\nweather: [fog_dense]\narms: [A, C]\n"
                            "seeds: 1\nanimation: {begin: 10, end: 20}\n",
                            "matrix.yaml"),
                folder_.path());
  const MatrixState state = Run(matrix, RunCell);
  ASSERT_TRUE(state.failures.empty()) << state.failures[0].error;
  const Json plain = ReadJsonFile(folder_ / "cells/A-demand1-seed0.film.json");
  const Json twin = ReadJsonFile(folder_ / "cells/C-demand1-fog_dense-day-seed0.film.json");
  EXPECT_EQ(twin["title"], "Arm C, fog_dense");
  EXPECT_TRUE(plain["vehicles"]["twins"].empty());
  EXPECT_FALSE(twin["vehicles"]["twins"].empty());
  EXPECT_TRUE(plain["sight"].empty());
  ASSERT_EQ(twin["sight"].size(), 2u);
  EXPECT_LT(twin["sight"][1].get<double>(), 300);
  // The same vehicles set out in both.
  EXPECT_EQ(plain["vehicles"]["id"], twin["vehicles"]["id"]);
}

}  // namespace
}  // namespace tersor::twin
