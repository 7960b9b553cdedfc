#include "tersor/twin/exposure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tersor/twin/ssm_measures.h"

namespace tersor::twin {
namespace {

TEST(Exposure, DracOverGrip) {
  EXPECT_NEAR(DracToGrip(4.905, 0.5), 1, 1e-12);
  EXPECT_TRUE(std::isnan(DracToGrip(kNotAvailable, 0.5)));
}

TEST(Exposure, MadrOfADryRoad) {
  // mu g would be more than the mean that was measured.
  EXPECT_NEAR(CrashProbability(8.45, 0.9), 0.5, 1e-12);
  EXPECT_EQ(CrashProbability(4.22, 0.9), 0);
  EXPECT_EQ(CrashProbability(13, 0.9), 1);
  EXPECT_EQ(CrashProbability(kNever, 0.9), 1);
  EXPECT_EQ(CrashProbability(kNotAvailable, 0.9), 0);
  // One deviation below: Phi(-1) without the tail below Phi(-3.018), of what lies between.
  const double tail = 0.5 * std::erfc(3.0178571428571428 / std::sqrt(2.0));
  EXPECT_NEAR(CrashProbability(7.05, 0.9), (0.158655253931457 - tail) / (1 - 2 * tail), 1e-12);
}

TEST(Exposure, LessGripMoreDanger) {
  double before = 0;
  for (const double friction : {0.85, 0.6, 0.5, 0.4, 0.3}) {
    const double probability = CrashProbability(4.5, friction);
    EXPECT_GT(probability, before) << friction;
    before = probability;
  }
  EXPECT_EQ(before, 1);
}

TEST(Exposure, SumsOverTime) {
  Exposure exposure;
  exposure.Add(1.2, 3, 0.85, 1.5, 0.1);
  exposure.Add(1.6, 3, 0.85, 1.5, 0.1);
  exposure.Add(kNotAvailable, kNotAvailable, 0.85, 1.5, 0.1);
  exposure.Add(0, kNotAvailable, 0.85, 1.5, 0.1);
  EXPECT_NEAR(exposure.tet, 0.2, 1e-12);
  EXPECT_NEAR(exposure.tit, 0.1 * (0.3 + 1.5), 1e-12);
  EXPECT_EQ(exposure.crash_potential, 0);
  exposure.Add(1.6, 8.3385, 0.85, 1.5, 0.1);  // mu g
  EXPECT_NEAR(exposure.crash_potential, 0.05, 1e-12);
  Exposure twice = exposure;
  twice.Add(exposure);
  EXPECT_NEAR(twice.tit, 2 * exposure.tit, 1e-12);
}

TEST(Exposure, TheIndexIsAMeanOverTime) {
  EXPECT_EQ(RunExposure().crash_potential_index(), 0);
  EXPECT_NEAR((RunExposure{{0, 0, 5}, 1000}).crash_potential_index(), 0.005, 1e-15);
}

}  // namespace
}  // namespace tersor::twin
