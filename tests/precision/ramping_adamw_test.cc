#include "tersor/precision/ramping_adamw.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tersor/train/adamw.h"

namespace tersor::precision {
namespace {

nn::ParameterList Parameters(int64_t count) {
  nn::ParameterList list = {nn::MakeParameter("w", {count}, /*decay=*/true, 1),
                            nn::MakeParameter("b", {3}, /*decay=*/false, 0)};
  return list;
}

// Known answer: gradients 1, 2, 3 under a period of 3.
TEST(RampingAdamW, WaitsForAPeriodAndTakesALongerStep) {
  nn::ParameterList parameters = Parameters(1);
  train::AdamWConfig config;
  config.beta2 = 0.999;
  config.weight_decay = 0;
  RampingAdamW optimizer(parameters, config);
  optimizer.Periods("w").fill_(3);
  for (int step = 0; step < 3; ++step) {
    EXPECT_EQ(parameters[0].value.item<float>(), 1);
    parameters[0].value.mutable_grad().fill_(step + 1);
    optimizer.Step(step, 0.1, 1);
  }
  EXPECT_NEAR(parameters[0].value.item<float>(), .8083559218, 2e-6);
}

TEST(RampingAdamW, WithPeriodsOfOneIsAdamW) {
  nn::ParameterList ours = Parameters(1003), theirs = Parameters(1003);
  RampingAdamW ramping(ours, {});
  train::AdamW plain(theirs, {});
  at::manual_seed(1);
  for (int step = 0; step < 20; ++step) {
    for (size_t p = 0; p < ours.size(); ++p) {
      const at::Tensor grad = at::randn(ours[p].value.sizes());
      ours[p].value.mutable_grad().copy_(grad);
      theirs[p].value.mutable_grad().copy_(grad);
    }
    ramping.Step(step, 1e-2, 0.3);
    plain.Step(step, 1e-2, 0.3);
    for (size_t p = 0; p < ours.size(); ++p) {
      ASSERT_TRUE(ours[p].value.equal(theirs[p].value)) << step;
      ASSERT_EQ(ours[p].value.grad().abs().sum().item<float>(), 0);
    }
  }
}

TEST(RampingAdamW, LosesNoGradientWhenAPeriodChanges) {
  nn::ParameterList parameters = Parameters(40);
  train::AdamWConfig config;
  config.weight_decay = 0;
  RampingAdamW optimizer(parameters, config);
  optimizer.Periods("w").fill_(5);
  const auto step = [&](int64_t number) {
    parameters[0].value.mutable_grad().fill_(1);
    optimizer.Step(number, 0.1, 1);
  };
  step(0);
  step(1);
  optimizer.Periods("w").fill_(3);
  EXPECT_EQ(parameters[0].value[7].item<float>(), 1);
  step(2);  // three gradients by now
  EXPECT_NEAR(parameters[0].value[7].item<float>(), .813033, 2e-6);
  EXPECT_TRUE(parameters[0].value.eq(parameters[0].value[7]).all().item<bool>());
}

}  // namespace
}  // namespace tersor::precision
