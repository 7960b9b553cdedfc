#include "tersor/report/line_chart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "report/markup_checker.h"

namespace tersor::report {
namespace {

std::string Draw(const std::vector<Curve>& curves) { return LineChart(curves, "id").str(); }

/// Coordinates that a browser would refuse.
bool HasBadCoordinate(const std::string& svg) {
  return svg.find("nan") != std::string::npos || svg.find("inf") != std::string::npos;
}

TEST(LineChartTest, MapsPointsToTheFrame) {
  const std::string svg = Draw({{"loss", "step", "loss", {0, 1, 2}, {0, 10, 5}}});
  EXPECT_EQ(CheckMarkup(svg).error, "");
  // The wide frame: 280 is the bottom, 12 the top, 860 the right end.
  EXPECT_NE(svg.find(" 280L"), std::string::npos);
  EXPECT_NE(svg.find("L860 146\""), std::string::npos);
  EXPECT_NE(svg.find("lowest 0, highest 10"), std::string::npos);
}

TEST(LineChartTest, MissingPointsInterruptTheLine) {
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<double> x, y;
  for (int i = 0; i < 40; ++i) {
    x.push_back(i);
    y.push_back(i == 10 ? NAN : i == 12 ? inf : i);
  }
  const std::string svg = Draw({{"a", "", "", x, y}});
  EXPECT_EQ(CheckMarkup(svg).error, "");
  EXPECT_FALSE(HasBadCoordinate(svg));
  const std::string path = svg.substr(svg.find("<path d=\"") + 9);
  const std::string data = path.substr(0, path.find('"'));
  EXPECT_EQ(std::count(data.begin(), data.end(), 'M'), 3);
  EXPECT_EQ(CheckMarkup(svg).count["circle"], 2);  // point 11 alone, in both drawings
}

TEST(LineChartTest, DegenerateCurvesAreDrawn) {
  const std::vector<std::vector<Curve>> cases = {
      {{"one", "x", "y", {5}, {7}}},
      {{"none", "x", "y", {}, {}}},
      {{"all missing", "x", "y", {1, 2}, {NAN, NAN}}},
      {{"flat", "x", "y", {1, 1, 1}, {2, 2, 2}}},
      {{"huge", "x", "y", {-1e308, 1e308}, {1e308, -1e308}}},
      {{"tiny", "x", "y", {0, 5e-324}, {0, 5e-324}}},
      {{"", "", "", {1, 2}, {1, 2}}}};
  for (const auto& curves : cases) {
    const std::string svg = Draw(curves);
    EXPECT_EQ(CheckMarkup(svg).error, "") << curves[0].name;
    EXPECT_FALSE(HasBadCoordinate(svg)) << curves[0].name;
  }
  EXPECT_EQ(CheckMarkup(Draw(cases[0])).count["circle"], 2);
}

TEST(LineChartTest, SeveralCurvesHaveLegendAndLabels) {
  const std::string svg = Draw({{"train <1>", "step", "loss", {0, 1}, {3, 1}},
                                {"eval", "step", "loss", {0, 1}, {3, 1.001}}});
  EXPECT_EQ(CheckMarkup(svg).error, "");
  EXPECT_EQ(CheckMarkup(svg).count["li"], 2);
  EXPECT_NE(svg.find("class=\"name c1\""), std::string::npos);
  EXPECT_EQ(svg.find("<1>"), std::string::npos);
}

TEST(LineChartTest, GroupsByLabelsAndSize) {
  std::vector<Curve> curves = {{"a", "step", "loss", {}, {}}, {"b", "step", "rate", {}, {}},
                               {"c", "step", "loss", {}, {}}, {"d", "token", "loss", {}, {}},
                               {"e", "step", "", {}, {}},     {"f", "step", "", {}, {}}};
  EXPECT_EQ(GroupCurves(curves).size(), 5u);
  EXPECT_EQ(GroupCurves(curves)[0].size(), 2u);
  curves.assign(kMaxCurvesPerChart + 1, {"a", "step", "loss", {}, {}});
  EXPECT_EQ(GroupCurves(curves).size(), 2u);
}

TEST(ThinnedTest, KeepsPeaksAndOrder) {
  Curve curve{"a", "", "", {}, {}};
  for (int i = 0; i < 100000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i == 54321 ? 99 : i == 777 ? -99 : i % 1000 == 0 ? NAN : std::sin(i));
  }
  const Curve thin = Thinned(curve, 400);
  EXPECT_LE(thin.x.size(), 800u);
  EXPECT_EQ(thin.x.size(), thin.y.size());
  EXPECT_TRUE(std::is_sorted(thin.x.begin(), thin.x.end()));
  EXPECT_NE(std::find(thin.y.begin(), thin.y.end(), 99), thin.y.end());
  EXPECT_NE(std::find(thin.y.begin(), thin.y.end(), -99), thin.y.end());
  EXPECT_EQ(std::count_if(thin.y.begin(), thin.y.end(), [](double v) { return std::isnan(v); }), 0);
}

}  // namespace
}  // namespace tersor::report
