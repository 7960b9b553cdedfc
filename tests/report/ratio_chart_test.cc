#include "tersor/report/ratio_chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "report/markup_checker.h"

namespace tersor::report {
namespace {

TEST(RatioChartTest, BarsLeaveTheLineAtOne) {
  const std::vector<BenchRow> rows = {{"gemm", "GFLOP/s", "OpenBLAS", 20, 10, 2, 1.9, 2.1},
                                      {"conv", "ms", "oneDNN", 20, 10, 0.5, NAN, NAN}};
  const std::string svg = RatioChart(rows, "b").str();
  Markup markup = CheckMarkup(svg);
  EXPECT_EQ(markup.error, "");
  EXPECT_EQ(markup.count["rect"], 4);  // two rows in two drawings
  EXPECT_EQ(markup.count["path"], 2);  // one whisker in two drawings
  EXPECT_NE(svg.find("20 vs 10 GFLOP/s of OpenBLAS"), std::string::npos);
  EXPECT_NE(svg.find("2.00×"), std::string::npos);
  EXPECT_NE(svg.find("1.90–2.10"), std::string::npos);
  EXPECT_NE(svg.find("class=\"worse\""), std::string::npos);
}

TEST(RatioChartTest, UnusableRatiosSaySo) {
  const std::vector<BenchRow> rows = {{"a", "", "", NAN, NAN, NAN, NAN, NAN},
                                      {"b", "", "", 1, 1, 0, 0, 0},
                                      {"c", "", "", 1, 1, -1, -1, INFINITY},
                                      {"d", "", "", 1, 1, 1e300, 1e-300, 1e308}};
  const std::string svg = RatioChart(rows, "b").str();
  Markup markup = CheckMarkup(svg);
  EXPECT_EQ(markup.error, "");
  EXPECT_EQ(markup.count["rect"], 2);  // only the last row has a bar
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_NE(svg.find("no ratio"), std::string::npos);
}

}  // namespace
}  // namespace tersor::report
