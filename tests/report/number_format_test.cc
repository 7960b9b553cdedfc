#include "tersor/report/number_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace tersor::report {
namespace {

using Strings = std::vector<std::string>;

TEST(NumberFormatTest, KeepsFourSignificantDigits) {
  EXPECT_EQ(FormatNumber(3.14159), "3.142");
  EXPECT_EQ(FormatNumber(0.5), "0.5");
  EXPECT_EQ(FormatNumber(0.012345), "0.01235");
  EXPECT_EQ(FormatNumber(12345.678), "12,346");
  EXPECT_EQ(FormatNumber(-1234.5), "−1,234");
  EXPECT_EQ(FormatNumber(1.2345e-5), "1.234×10⁻⁵");
  EXPECT_EQ(FormatNumber(1.5e20), "1.5×10²⁰");
}

TEST(NumberFormatTest, KeepsIntegersInFull) {
  EXPECT_EQ(FormatNumber(0), "0");
  EXPECT_EQ(FormatNumber(-0.0), "0");
  EXPECT_EQ(FormatNumber(999), "999");
  EXPECT_EQ(FormatNumber(24576000), "24,576,000");
}

TEST(NumberFormatTest, NamesWhatIsNoNumber) {
  EXPECT_EQ(FormatNumber(NAN), "NaN");
  EXPECT_EQ(FormatNumber(INFINITY), "∞");
  EXPECT_EQ(FormatNumber(-INFINITY), "−∞");
  EXPECT_EQ(FormatRatio(NAN), "NaN");
}

TEST(NumberFormatTest, CompactCountsInMillions) {
  EXPECT_EQ(FormatCompact(999999), "999,999");
  EXPECT_EQ(FormatCompact(24576000), "24.58M");
  EXPECT_EQ(FormatCompact(-3e9), "−3G");
  EXPECT_EQ(FormatCompact(0.25), "0.25");
}

TEST(NumberFormatTest, ScientificRoundsIntoTheExponent) {
  EXPECT_EQ(FormatScientific(9.9996e3, 1), "10⁴");
  EXPECT_EQ(FormatScientific(2e-4, 0), "2×10⁻⁴");
  EXPECT_EQ(FormatScientific(-2.5e-4, 1), "−2.5×10⁻⁴");
}

TEST(NumberFormatTest, ColumnsShareTheirDecimals) {
  EXPECT_EQ(FormatColumn(std::vector<double>{19.4371, 143.02}), (Strings{"19.44", "143.02"}));
  EXPECT_EQ(FormatColumn(std::vector<double>{1.0, 2.5, NAN}), (Strings{"1.000", "2.500", "NaN"}));
  EXPECT_EQ(FormatColumn(std::vector<double>{1.0, 20000.0}), (Strings{"1", "20,000"}));
  EXPECT_EQ(FormatColumn(std::vector<double>{1e-9, 1.5}), (Strings{"10⁻⁹", "1.5"}));
  EXPECT_EQ(FormatColumn(std::vector<double>{}), Strings{});
}

TEST(NumberFormatTest, CoordinatesHaveNoExponent) {
  EXPECT_EQ(FormatCoordinate(12), "12");
  EXPECT_EQ(FormatCoordinate(12.504), "12.5");
  EXPECT_EQ(FormatCoordinate(-0.001), "0");
  EXPECT_EQ(FormatCoordinate(100), "100");
}

TEST(NumberFormatTest, ExtremesStayShort) {
  for (const double v : {std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest(),
                         std::numeric_limits<double>::denorm_min()}) {
    EXPECT_LT(FormatNumber(v).size(), 24u);
    EXPECT_LT(FormatCompact(v).size(), 24u);
    EXPECT_LT(FormatColumn(std::vector<double>{v, 1.5})[0].size(), 24u);
  }
}

}  // namespace
}  // namespace tersor::report
