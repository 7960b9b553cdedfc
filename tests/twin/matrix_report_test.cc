#include "tersor/twin/matrix/matrix_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <pugixml.hpp>
#include <set>

#include "report/markup_checker.h"
#include "tersor/twin/corridor.h"
#include "tersor/twin/import_network.h"
#include "tersor/twin/matrix/matrix_charts.h"
#include "test_files.h"
#include "twin/made_up_matrix.h"

namespace tersor::twin {
namespace {

using tersor::testing::RunCommand;
using tersor::testing::TemporaryFolder;
using testing::DryAndRain;
using testing::kRate;
using testing::Luck;
using testing::ResultsWith;

double MoreInRain(const MatrixCell& cell) {
  return 20 + Luck(cell) + (cell.arm == Arm::kTwin && cell.weather == 1 ? 8 + 0.1 * Luck(cell) : 0);
}

class MatrixReport : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string config = WriteCorridor(folder_ / "corridor");
    network_ = ImportNetwork(folder_ / "corridor/corridor.net.xml");
  }

  TemporaryFolder folder_;
  Network network_;
};

TEST_F(MatrixReport, PicturesHaveNamesOfTheirOwnAndShowTheDifference) {
  const Matrix matrix = DryAndRain();
  const Comparison comparison(matrix, ResultsWith(matrix, MoreInRain));
  const std::vector<Picture> pictures = MatrixPictures(comparison, network_);
  std::set<std::string> names;
  for (const Picture& picture : pictures) {
    names.insert(picture.name);
    EXPECT_GT(picture.height, 0) << picture.name;
    EXPECT_FALSE(picture.description.empty()) << picture.name;
    const std::string svg = StandAloneSvg(picture);
    pugi::xml_document file;
    EXPECT_TRUE(file.load_string(svg.c_str())) << picture.name;
    EXPECT_EQ(svg.find("nan"), std::string::npos) << picture.name;
  }
  EXPECT_EQ(names.size(), pictures.size());
  for (const char* name : {"rate-1", "ttc-by-weather", "drac-by-weather", "ttc-drac-heavy-rain",
                           "difference-heavy-rain", "speed-headway"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  // A bar an arm and weather, each with its whisker.
  const std::string bars = RateBars(comparison, {kRate, "Conflicts"}, "bars").body.str();
  EXPECT_EQ(static_cast<size_t>(std::count(bars.begin(), bars.end(), 'V')), 6u);
}

TEST_F(MatrixReport, PageSaysWhatIsThereAndWhatFailed) {
  const Matrix matrix = DryAndRain();
  const Comparison comparison(matrix, ResultsWith(matrix, MoreInRain));
  MatrixState state;
  state.cells = state.done = 30;
  state.failures = {{"B-demand1-heavy_rain-day-seed3", "the <bridge> is up"}};
  const std::string page =
      RenderMatrixReport(comparison, state, MatrixPictures(comparison, network_),
                         "tersor twin run m.yaml -o out", "animation.html");
  EXPECT_EQ(report::CheckMarkup(page).error, "");
  for (const char* text :
       {"What the numbers say", "more with the twin", "the &lt;bridge&gt; is up", "C-A",
        "p (sign flips)", "./animation.html", "tersor twin run m.yaml -o out"}) {
    EXPECT_NE(page.find(text), std::string::npos) << text;
  }
}

TEST_F(MatrixReport, TableAndRecordHoldTheNumbers) {
  const Matrix matrix = DryAndRain("seeds: 4\narms: [A, C]\n");
  const Comparison comparison(matrix, ResultsWith(matrix, MoreInRain));
  const std::string csv = CellsAsCsv(comparison);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 2 * 2 * 4);
  EXPECT_EQ(csv.find("arm,weather,light,demand,seed," + kRate + ",vehicle_km\n"), 0u);
  EXPECT_NE(csv.find("A,heavy_rain,day,1,0,20,100\n"), std::string::npos);
  const Record record = SummaryOf(comparison, {});
  EXPECT_EQ(record.metrics["clear_dry.C-A." + kRate], 0);
  EXPECT_NEAR(record.metrics["heavy_rain.C-A." + kRate].get<double>(), 8.525, 0.4);
  EXPECT_LT(record.metrics["heavy_rain.C-A.p." + kRate].get<double>(), 0.01);
  EXPECT_GT(record.metrics["heavy_rain.C-A.low." + kRate].get<double>(), 7);
  EXPECT_FALSE(record.rows.empty());
}

TEST_F(MatrixReport, OpensInABrowser) {
  if (RunCommand("command -v chromium").code != 0) {
    GTEST_SKIP() << "chromium is not installed";
  }
  const Matrix matrix = DryAndRain();
  const Comparison comparison(matrix, ResultsWith(matrix, MoreInRain));
  tersor::testing::Spill(
      folder_ / "report.html",
      RenderMatrixReport(comparison, {}, MatrixPictures(comparison, network_), "", ""));
  const auto result = RunCommand(
      "timeout 300 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
      "--enable-logging=stderr --virtual-time-budget=5000 --dump-dom --user-data-dir=" +
      (folder_ / "profile") + " 'file://" + (folder_ / "report.html") + "'");
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.error.find("CONSOLE"), std::string::npos) << result.error;
  EXPECT_NE(result.out.find("difference-heavy-rain-title"), std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
