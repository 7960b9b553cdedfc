#include "tersor/twin/conflict_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/json.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

std::vector<Vehicle> Vehicles() {
  return {{.id = "a&b", .type = "", .route = {}},
          {.id = "c,d", .type = "", .route = {}},
          {.id = "e", .type = "", .route = {}}};
}

Conflict Crossing() {
  Conflict conflict{.begin = 1, .end = 7.5, .ego = 0, .foe = 1};
  conflict.min_ttc = {2.2, 8, {300, 299}, EncounterType::kCrossingLeader};
  conflict.max_drac = {1.42, 8, {300, 299}, EncounterType::kCrossingLeader};
  conflict.exposure.tit = 0.0625;
  return conflict;
}

TEST(ConflictLog, WritesSumosXml) {
  EXPECT_EQ(ConflictsAsXml(std::vector{Crossing()}, Vehicles()),
            R"(<?xml version="1.0" encoding="UTF-8"?>

<SSMLog>
    <conflict begin="1.00" end="7.50" ego="a&amp;b" foe="c,d">
        <minTTC time="8.00" position="300.00,299.00" type="10" value="2.20"/>
        <maxDRAC time="8.00" position="300.00,299.00" type="10" value="1.42"/>
        <PET time="NA" position="NA" type="NA" value="NA"/>
    </conflict>
</SSMLog>
)");
}

TEST(ConflictLog, WritesCsv) {
  const std::string csv = ConflictsAsCsv(std::vector{Crossing()}, Vehicles(), 1);
  EXPECT_TRUE(csv.starts_with("begin_s,end_s,ego,foe,min_ttc_s,min_ttc_time_s,min_ttc_x_m,"));
  EXPECT_NE(csv.find("\n1.0,7.5,a&b,\"c,d\",2.2,8.0,300.0,299.0,10,1.4,8.0,300.0,299.0,10,,,,,,"),
            std::string::npos)
      << csv;
  EXPECT_NE(csv.find("tet_s,tit_s2,crash_potential_s\n"), std::string::npos);
  EXPECT_TRUE(csv.ends_with(",0.00000,0.06250,0.00000\n")) << csv;
}

TEST(ConflictLog, WritesJson) {
  const Json json =
      ParseJson(ConflictsAsJson(std::vector{Crossing()}, Vehicles()), "conflicts.json");
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["ego"], "a&b");
  EXPECT_EQ(json[0]["min_ttc_s"]["value"], 2.2);
  EXPECT_EQ(json[0]["min_ttc_s"]["kind"], "crossing");
  EXPECT_TRUE(json[0]["pet_s"].is_null());
  EXPECT_EQ(json[0]["tit_s2"], 0.0625);
}

TEST(ConflictLog, TellsAPairOnce) {
  const Conflict first{.begin = 1, .end = 7, .ego = 1, .foe = 0};
  const Conflict same{.begin = 1.5, .end = 9, .ego = 0, .foe = 1};
  const Conflict later{.begin = 20, .end = 25, .ego = 0, .foe = 1};
  const Conflict others{.begin = 0, .end = 25, .ego = 2, .foe = 1};
  const auto kept = OncePerPair({first, same, later, others});
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[0].ego, 2);
  EXPECT_EQ(kept[1].begin, 1);
  EXPECT_EQ(kept[2].begin, 20);
}

TEST(ConflictLog, OfTwoThatBeginTogetherTheEarlierVehicleIsEgo) {
  const Conflict low{.begin = 1, .end = 7, .ego = 0, .foe = 1};
  const Conflict high{.begin = 1, .end = 9, .ego = 1, .foe = 0};
  const auto kept = OncePerPair({high, low});
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].ego, 0);
}

TEST(ConflictLog, ChoosesTheFormByTheName) {
  const testing::TemporaryFolder folder;
  WriteConflicts(folder / "c.json", std::vector{Crossing()}, Vehicles());
  EXPECT_TRUE(testing::Slurp(folder / "c.json").starts_with("["));
  WriteConflicts(folder / "c.csv", std::vector{Crossing()}, Vehicles());
  EXPECT_TRUE(testing::Slurp(folder / "c.csv").starts_with("begin_s"));
  WriteConflicts(folder / "c.xml", std::vector{Crossing()}, Vehicles());
  EXPECT_TRUE(testing::Slurp(folder / "c.xml").starts_with("<?xml"));
  EXPECT_THROW(WriteConflicts(folder / "c.txt", {}, {}), Error);
}

}  // namespace
}  // namespace tersor::twin
