#include "tersor/twin/matrix/validate_weather.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tersor/util/parallel_for.h"

namespace tersor::twin {
namespace {

TEST(ValidateWeather, RowsAndPictureSayTheSameForAnyNumberOfThreads) {
  const int before = NumThreads();
  SetNumThreads(1);
  const ValidationSection one = ValidateWeather(1);
  SetNumThreads(2);
  int64_t told = 0;
  const ValidationSection section = ValidateWeather(
      1, [&](int64_t done, int64_t all) { told = std::max(told, done * 100 / all); });
  SetNumThreads(before);
  EXPECT_EQ(told, 100);
  ASSERT_GE(section.rows.size(), 15U);
  for (size_t i = 0; i < section.rows.size(); ++i) {
    const ValidationRow& row = section.rows[i];
    EXPECT_LT(row.low, row.high) << row.quantity;
    EXPECT_TRUE(std::isfinite(row.ours)) << row.quantity;
    EXPECT_EQ(row.ours, one.rows[i].ours) << row.quantity;
  }
  ASSERT_EQ(section.pictures.size(), 1U);
  const std::string svg = StandAloneSvg(section.pictures[0]);
  const auto count = [&](const std::string& part) {
    int64_t found = 0;
    for (size_t at = svg.find(part); at != svg.npos; at = svg.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  // The rows of headway factors are not losses, and not in the picture.
  const auto effects = std::count_if(section.rows.begin(), section.rows.end(),
                                     [](const ValidationRow& row) { return row.unit == "%"; });
  const auto agreeing =
      std::count_if(section.rows.begin(), section.rows.end(),
                    [](const ValidationRow& row) { return row.unit == "%" && row.Agrees(); });
  // One more of each in the legend.
  EXPECT_EQ(count("<circle class=\"d0\""), agreeing + 1);
  EXPECT_EQ(count("<circle class=\"band2\""), effects - agreeing + 1);
}

}  // namespace
}  // namespace tersor::twin
