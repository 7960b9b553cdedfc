#include "tersor/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tersor/util/error.h"

namespace tersor::train {
namespace {

ScheduleConfig Config(const std::string& kind) {
  ScheduleConfig config;
  config.kind = kind;
  config.learning_rate = 1;
  config.warmup_steps = 10;
  return config;
}

TEST(Schedule, WarmsUpLinearly) {
  for (const char* kind : {"constant", "cosine", "wsd", "inverse_sqrt"}) {
    EXPECT_DOUBLE_EQ(LearningRate(Config(kind), 0, 100), 0.1) << kind;
    EXPECT_DOUBLE_EQ(LearningRate(Config(kind), 9, 100), 1) << kind;
  }
}

TEST(Schedule, Cosine) {
  ScheduleConfig config = Config("cosine");
  config.min_ratio = 0.1;
  EXPECT_DOUBLE_EQ(LearningRate(config, 10, 110), 1);
  EXPECT_NEAR(LearningRate(config, 60, 110), 0.55, 1e-12);
  EXPECT_NEAR(LearningRate(config, 109, 110), 0.1, 1e-3);
}

TEST(Schedule, WarmupStableDecay) {
  ScheduleConfig config = Config("wsd");
  config.decay_fraction = 0.2;
  config.decay_shape = "linear";
  EXPECT_DOUBLE_EQ(LearningRate(config, 50, 100), 1);
  EXPECT_DOUBLE_EQ(LearningRate(config, 80, 100), 1);
  EXPECT_DOUBLE_EQ(LearningRate(config, 90, 100), 0.5);
  EXPECT_NEAR(LearningRate(config, 99, 100), 0.05, 1e-12);
  config.decay_shape = "sqrt";
  EXPECT_NEAR(LearningRate(config, 85, 100), 0.5, 1e-12);
}

TEST(Schedule, InverseSquareRoot) {
  EXPECT_NEAR(LearningRate(Config("inverse_sqrt"), 39, 1000), 0.5, 1e-12);
}

TEST(Schedule, RefusesBadFields) {
  ScheduleConfig config = Config("wds");
  EXPECT_THROW(config.Validate(), UsageError);
  config = Config("wsd");
  config.decay_fraction = 1.5;
  EXPECT_THROW(config.Validate(), UsageError);
  config = Config("wsd");
  config.learning_rate = 0;
  EXPECT_THROW(config.Validate(), UsageError);
}

}  // namespace
}  // namespace tersor::train
