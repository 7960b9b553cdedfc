#include "tersor/twin/demand_scale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

/// A vehicle a second.
Demand Crowd(int count) {
  Demand demand;
  demand.types.emplace_back();
  demand.routes.push_back({"r", {0}});
  for (int i = 0; i < count; ++i) {
    Departure departure;
    departure.id = "v." + std::to_string(i);
    departure.time = i;
    demand.departures.push_back(departure);
  }
  return demand;
}

std::set<std::string> Ids(const Demand& demand) {
  std::set<std::string> ids;
  for (const Departure& departure : demand.departures) {
    ids.insert(departure.id);
  }
  return ids;
}

TEST(DemandScale, LeavesAShareOut) {
  const Demand all = Crowd(2000);
  EXPECT_EQ(ScaledDemand(all, 1, 3).departures.size(), 2000u);
  EXPECT_EQ(ScaledDemand(all, 0, 3).departures.size(), 0u);
  // Binomial: a standard deviation of 22.
  const Demand some = ScaledDemand(all, 0.6, 3);
  EXPECT_NEAR(static_cast<double>(some.departures.size()), 1200, 80);
  EXPECT_EQ(some.departures.size(), ScaledDemand(all, 0.6, 3).departures.size());
  EXPECT_NE(Ids(some), Ids(ScaledDemand(all, 0.6, 4)));
}

TEST(DemandScale, WhoDepartsAtASmallerScaleDoesSoAtALargerOne) {
  const Demand all = Crowd(500);
  const std::set<std::string> few = Ids(ScaledDemand(all, 0.6, 3));
  const std::set<std::string> more = Ids(ScaledDemand(all, 0.8, 3));
  const std::set<std::string> most = Ids(ScaledDemand(all, 1.7, 3));
  EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  EXPECT_TRUE(std::includes(most.begin(), most.end(), more.begin(), more.end()));
  EXPECT_GT(more.size(), few.size());
}

TEST(DemandScale, MoreComeAgainALittleLater) {
  const Demand more = ScaledDemand(Crowd(1000), 2.5, 3);
  EXPECT_NEAR(static_cast<double>(more.departures.size()), 2500, 80);
  EXPECT_EQ(Ids(more).size(), more.departures.size());
  for (size_t i = 1; i < more.departures.size(); ++i) {
    EXPECT_LE(more.departures[i - 1].time, more.departures[i].time);
  }
  for (const Departure& departure : ScaledDemand(Crowd(1000), 3, 3, 900).departures) {
    EXPECT_LT(departure.time, 900);
  }
}

TEST(DemandScale, RefusesScalesThatAreNone) {
  EXPECT_NE(testing::MessageOf([] { ScaledDemand(Crowd(1), -0.5, 1); }).find("0 or more"),
            std::string::npos);
  EXPECT_NE(testing::MessageOf([] { ScaledDemand(Crowd(1000), 1e6, 1); }).find("more than"),
            std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
