#include "tersor/twin/coupling/perception.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "twin/small_network.h"

namespace tersor::twin {
namespace {

constexpr double kStep = 0.1;

PerceptionOptions Exact() {
  PerceptionOptions options;
  options.errors = false;
  return options;
}

// Behind a leader at constant speeds.
struct Steady {
  double own, leader, gap;
  Ahead At(double time) const { return {7, gap + (leader - own) * time, leader}; }
};

TEST(Perception, ReactionTimesAreLognormal) {
  Perception perception({}, kStep, 5);
  std::vector<double> times;
  double sum = 0;
  for (int i = 0; i < 4000; ++i) {
    times.push_back(perception.reaction_time(perception.Add("v" + std::to_string(i))));
    sum += times.back();
  }
  std::ranges::sort(times);
  EXPECT_NEAR(sum / 4000, 1.25, 0.03);
  // exp(mu) with sigma^2 = ln(1 + 0.368^2).
  EXPECT_NEAR(times[2000], 1.173, 0.03);
  EXPECT_GE(times.front(), 0.5);
  EXPECT_LE(times.back(), 3);
}

TEST(Perception, WhatADriverIsDependsOnSeedAndNameAlone) {
  Perception few({}, kStep, 5), many({}, kStep, 5), other({}, kStep, 6);
  many.Add("x");
  const int32_t a = few.Add("car"), b = many.Add("car"), c = other.Add("car");
  EXPECT_EQ(few.reaction_time(a), many.reaction_time(b));
  EXPECT_NE(few.reaction_time(a), other.reaction_time(c));
  for (int i = 0; i < 50; ++i) {
    const Ahead ahead{1, 30, 10};
    many.See(0, i * kStep, 10, {2, 50, 5}, 1000, 0);
    EXPECT_EQ(few.See(a, i * kStep, 10, ahead, 1000, 0).gap,
              many.See(b, i * kStep, 10, ahead, 1000, 0).gap);
  }
  // A number that is used again has nothing of its last owner.
  many.Remove(b);
  const int32_t again = many.Add("car");
  EXPECT_EQ(again, b);
  few.Remove(a);
  EXPECT_EQ(few.See(few.Add("car"), 9, 10, {1, 30, 10}, 1000, 0).gap,
            many.See(again, 9, 10, {1, 30, 10}, 1000, 0).gap);
}

TEST(Perception, ErrorsHaveTheirSizeAndMemory) {
  PerceptionOptions options;
  options.anticipation = false;
  Perception perception(options, kStep, 3);
  std::vector<double> errors, speeds;
  for (int v = 0; v < 60; ++v) {
    const int32_t driver = perception.Add("v" + std::to_string(v));
    for (int i = 0; i < 3000; ++i) {
      const Perceived seen = perception.See(driver, i * kStep, 20, {1, 40, 20}, 1000, 0);
      ASSERT_TRUE(seen.leader);
      errors.push_back(std::log(seen.gap / 40));
      speeds.push_back(seen.speed - 20);
    }
  }
  const auto deviation = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) {
      sum += value * value;
    }
    return std::sqrt(sum / static_cast<double>(values.size()));
  };
  EXPECT_NEAR(deviation(errors), 0.05, 0.008);
  EXPECT_NEAR(deviation(speeds), 0.01 * 40, 0.06);
  // exp(-20 / 20) of it is left after 20 s.
  double together = 0, alone = 0;
  for (size_t v = 0; v < 60; ++v) {
    for (size_t i = 0; i + 200 < 3000; ++i) {
      together += errors[v * 3000 + i] * errors[v * 3000 + i + 200];
      alone += errors[v * 3000 + i] * errors[v * 3000 + i];
    }
  }
  EXPECT_NEAR(together / alone, std::exp(-1), 0.15);
}

TEST(Perception, WhatGoesOnSteadilyIsKnownExactly) {
  Perception perception(Exact(), kStep, 1);
  const int32_t driver = perception.Add("car");
  const Steady steady{20, 14, 120};
  for (int i = 0; i < 100; ++i) {
    const Ahead truth = steady.At(i * kStep);
    const Perceived seen = perception.See(driver, i * kStep, steady.own, truth, 1000, 0.4);
    ASSERT_TRUE(seen.leader);
    EXPECT_NEAR(seen.gap, truth.gap, 1e-9);
    EXPECT_NEAR(seen.speed, 14, 1e-12);
  }
}

TEST(Perception, WithoutAnticipationEverythingIsLate) {
  PerceptionOptions options = Exact();
  options.anticipation = false;
  options.alert_share = 1;
  Perception perception(options, kStep, 1);
  const int32_t driver = perception.Add("car");
  const Steady steady{20, 14, 120};
  const double delay =
      static_cast<double>(std::llround((perception.reaction_time(driver) + 0.4) / kStep)) * kStep;
  for (int i = 0; i < 100; ++i) {
    const Perceived seen = perception.See(driver, i * kStep, 20, steady.At(i * kStep), 1000, 0.4);
    if (i * kStep > delay) {
      EXPECT_NEAR(seen.gap, steady.At(i * kStep - delay).gap, 1e-9);
    }
  }
}

// The step in which a leader's braking is noticed that begins in step 41.
int NoticedStep(Perception& perception, int32_t driver) {
  double gap = 30, leader = 20;
  for (int i = 0; i < 80; ++i) {
    if (perception.See(driver, i * kStep, 20, {1, gap, leader}, 1000, 0).speed < 20) {
      return i;
    }
    if (i >= 40) {
      leader -= 4 * kStep;
    }
    gap += (leader - 20) * kStep;
  }
  return -1;
}

TEST(Perception, BrakingIsNoticedAfterTheReactionTime) {
  for (const double share : {1.0, 0.6}) {  // he has followed closely for 4 s
    PerceptionOptions options = Exact();
    options.alert_share = share;
    Perception perception(options, kStep, 1);
    const int32_t driver = perception.Add("car");
    EXPECT_EQ(NoticedStep(perception, driver),
              41 + std::lround(share * perception.reaction_time(driver) / kStep));
  }
}

TEST(Perception, TheBrakingOfTheLeaderIsTakenToGoOn) {
  Perception perception(Exact(), kStep, 1);
  const int32_t driver = perception.Add("car");
  double gap = 40, leader = 20, own = 20;
  for (int i = 0; i < 70; ++i) {
    const Perceived seen = perception.See(driver, i * kStep, own, {1, gap, leader}, 1000, 0);
    if (i > 40) {
      EXPECT_NEAR(seen.gap, gap, 0.05);
      EXPECT_NEAR(seen.speed, leader, 1e-9);
    }
    const double next_leader = std::max(leader - 2 * kStep, 0.0);
    const double next_own = std::max(own - 2 * kStep, 0.0);
    gap += (leader + next_leader - own - next_own) / 2 * kStep;
    leader = next_leader;
    own = next_own;
  }
}

TEST(Perception, OutOfTheFogALeaderComesLate) {
  Perception perception(Exact(), kStep, 1);
  const int32_t driver = perception.Add("car");
  const double reaction = perception.reaction_time(driver) + 0.6;
  double noticed_gap = 0;
  for (int i = 0; noticed_gap == 0 && i < 300; ++i) {
    const double gap = 200 - 20 * i * kStep;
    if (perception.See(driver, i * kStep, 20, {1, gap, 0}, 60, 0.6).leader) {
      noticed_gap = gap;
    }
  }
  EXPECT_NEAR(noticed_gap, 60 - 20 * reaction, 2.1);
}

TEST(Perception, WhoChangesIntoTheLaneIsKnownAtOnce) {
  Perception perception(Exact(), kStep, 1);
  const int32_t driver = perception.Add("car");
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(perception.See(driver, i * kStep, 20, {}, 60, 0).leader);
  }
  const Perceived seen = perception.See(driver, 5, 20, {3, 15, 18}, 60, 0);
  EXPECT_TRUE(seen.leader);
  EXPECT_EQ(seen.gap, 15);
  // But not out of the fog.
  EXPECT_FALSE(perception.See(driver, 5.1, 20, {4, 75, 18}, 60, 0).leader);
  EXPECT_FALSE(perception.See(driver, 5.2, 20, {4, 59, 18}, 60, 0).leader);
}

TEST(Perception, StopLampsShowFarther) {
  Perception perception(Exact(), kStep, 1);
  const int32_t driver = perception.Add("car");
  const int late = static_cast<int>(std::lround(perception.reaction_time(driver) / kStep));
  // At 70 m, between both ranges, behind one who begins to brake in step 20.
  for (int i = 0; i < 20 + late + 5; ++i) {
    const double speed = i < 20 ? 15 : 15 - 0.2 * (i - 19);
    const bool seen = perception.See(driver, i * kStep, 15, {1, 70, speed}, 60, 0, 80).leader;
    EXPECT_EQ(seen, i >= 20 + late) << i;
  }
  const int32_t other = perception.Add("other");
  EXPECT_TRUE(perception.See(other, 0, 15, {1, 70, 0}, 60, 0, 80).leader);  // he stands
}

TEST(Perception, BadOptionsAreNamed) {
  PerceptionOptions options;
  options.gap_error = -0.1;
  EXPECT_EQ(testing::MessageOf([&] { options.Validate(); }),
            "perception.gap_error is -0.1; it must be in 0 .. 1");
  EXPECT_EQ(testing::MessageOf([&] { Perception({}, 0, 1); }),
            "step is 0; it must be in 0.001 .. 10");
}

}  // namespace
}  // namespace tersor::twin
