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

TEST(ConflictMark, IsWhereAndWhenItWasWorst) {
  Conflict crossing, braking, passed, nothing;
  crossing.begin = 3;
  crossing.end = 9;
  crossing.ego = 4;
  crossing.foe = 2;
  crossing.min_ttc = {0.8, 5, {10, 20}, EncounterType::kCrossingFollower};
  crossing.max_drac = {4.5, 6, {11, 21}, EncounterType::kFollower};
  braking.max_drac = {3.5, 7, {12, 22}, EncounterType::kFollower};
  passed.pet = {0.6, 8, {13, 23}, EncounterType::kEgoLeft};
  const std::vector<Conflict> conflicts = {crossing, nothing, braking, passed};
  const std::vector<ConflictMark> marks = ConflictMarks(conflicts);
  ASSERT_EQ(marks.size(), 3u);  // without a measure there is no place
  EXPECT_EQ(marks[0].first, 4);
  EXPECT_EQ(marks[0].second, 2);
  EXPECT_EQ(marks[0].begin, 3);
  EXPECT_EQ(marks[0].end, 9);
  EXPECT_EQ(marks[0].time, 5);
  EXPECT_EQ(marks[0].point, (Point{10, 20}));
  EXPECT_EQ(marks[0].type, "crossing");
  EXPECT_EQ(marks[0].ttc, 0.8);
  EXPECT_EQ(marks[0].drac, 4.5);
  EXPECT_TRUE(std::isnan(marks[0].pet));
  EXPECT_EQ(marks[1].time, 7);
  EXPECT_EQ(marks[1].type, "following");
  EXPECT_EQ(marks[2].point, (Point{13, 23}));
  EXPECT_EQ(marks[2].pet, 0.6);
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
