#include "tersor/twin/conflict_mark.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tersor::twin {
namespace {

ConflictMark WithTtc(double ttc) {
  ConflictMark mark;
  mark.ttc = ttc;
  return mark;
}

TEST(ConflictMark, BandsOfSeverity) {
  EXPECT_EQ(SeverityBand(WithTtc(NAN)), 0);
  EXPECT_EQ(SeverityBand(WithTtc(1.6)), 0);
  EXPECT_EQ(SeverityBand(WithTtc(1.5)), 1);
  EXPECT_EQ(SeverityBand(WithTtc(1.0)), 2);
  EXPECT_EQ(SeverityBand(WithTtc(0.5)), 3);
  EXPECT_EQ(SeverityBand(WithTtc(0)), 3);
}

TEST(ConflictMark, TypesAreSorted) {
  std::vector<ConflictMark> marks(3);
  marks[0].type = "merging";
  marks[1].type = "crossing";
  marks[2].type = "merging";
  EXPECT_EQ(ConflictTypes(marks), (std::vector<std::string>{"crossing", "merging"}));
}

}  // namespace
}  // namespace tersor::twin
