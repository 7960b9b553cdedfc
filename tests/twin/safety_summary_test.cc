#include "tersor/twin/safety_summary.h"

#include <gtest/gtest.h>

#include <vector>

#include "tersor/twin/quantile.h"

namespace tersor::twin {
namespace {

Conflict With(double ttc, double drac, EncounterType type, double grip) {
  Conflict conflict;
  conflict.min_ttc = {ttc, 1, {}, type};
  conflict.max_drac = {drac, 1, {}, type};
  conflict.max_drac_to_grip = {grip, 1, {}, type};
  return conflict;
}

TEST(Quantile, LiesBetweenTheTwoNearest) {
  EXPECT_EQ(Quantile({3, 1, 2}, 0.5), 2);
  EXPECT_NEAR(Quantile({3, 1, 2}, 0.05), 1.1, 1e-12);
  EXPECT_EQ(Quantile({3, 1, 2}, 1), 3);
  EXPECT_EQ(Quantile({7}, 0.9), 7);
  EXPECT_TRUE(std::isnan(Quantile({}, 0.5)));
}

TEST(SafetySummary, CountsByTypeAndSeverity) {
  const std::vector<Conflict> conflicts = {With(1.5, 2, EncounterType::kFollower, 0.3),
                                           With(0.4, 9, EncounterType::kLeader, 1.2),
                                           With(0.9, 4, EncounterType::kCrossingFollower, 0.6),
                                           With(2.8, 3.1, EncounterType::kMergingLeader, 0.4)};
  const SafetySummary summary = Summarize(conflicts, {{0.5, 0.1, 2}, 4000}, 50);
  EXPECT_EQ(summary.conflicts.all, 4);
  EXPECT_EQ(summary.conflicts.severe, (std::array<int64_t, 3>{3, 2, 1}));
  EXPECT_EQ(summary.types.at("following").all, 2);
  EXPECT_EQ(summary.types.at("following").severe[2], 1);
  EXPECT_EQ(summary.types.at("crossing").severe[1], 1);
  EXPECT_EQ(summary.ttc_min, 0.4);
  EXPECT_NEAR(summary.ttc_p5, 0.4 + 0.15 * 0.5, 1e-12);
  EXPECT_EQ(summary.drac_max, 9);
  EXPECT_EQ(summary.beyond_grip, 1);

  Record record;
  AddMetrics(summary, record);
  EXPECT_EQ(record.metrics["conflicts"], 4);
  EXPECT_EQ(record.metrics["conflicts_following"], 2);
  EXPECT_EQ(record.metrics["conflicts_per_1000_vehicle_km"], 80);
  EXPECT_EQ(record.metrics["conflicts_ttc_below_1.0s_per_1000_vehicle_km"], 40);
  EXPECT_EQ(record.metrics["share_beyond_grip"], 0.25);
  EXPECT_EQ(record.metrics["crash_potential_index"], 0.0005);
  EXPECT_EQ(record.metrics["tet_s"], 0.5);
  EXPECT_FALSE(record.metrics.contains("pet_min_s"));
}

TEST(SafetySummary, NothingHappened) {
  Record record;
  AddMetrics(Summarize({}, {}, 0), record);
  EXPECT_EQ(record.metrics["conflicts"], 0);
  EXPECT_FALSE(record.metrics.contains("ttc_min_s"));
  EXPECT_FALSE(record.metrics.contains("drac_max_mps2"));
  EXPECT_FALSE(record.metrics.contains("conflicts_per_1000_vehicle_km"));
  EXPECT_FALSE(record.metrics.contains("share_beyond_grip"));
}

}  // namespace
}  // namespace tersor::twin
