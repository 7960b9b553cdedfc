#include "tersor/precision/oscillation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tersor/precision/mx_rounding.h"

namespace tersor::precision {
namespace {

TEST(OscillationMeter, TellsOscillationFromMotion) {
  // One weight flips across the threshold at 0.25, one walks through many codes; a 6 holds the
  // scale.
  OscillationMeter meter;
  const auto at_step = [](int step) {
    return std::vector<at::Tensor>{
        at::tensor({6.f, step % 2 == 0 ? .2499f : .2501f, static_cast<float>(step) * 0.5f})
            .view({1, 3})};
  };
  const auto quantized = [](const std::vector<at::Tensor>& weights) {
    return std::vector<at::Tensor>{RoundToMx(weights[0], 1, kernel::MxElement::kE2M1, {})};
  };
  meter.Begin(at_step(0), quantized(at_step(0)), at::ones({2}));
  for (int step = 1; step <= 10; ++step) {
    meter.Observe(at_step(step), quantized(at_step(step)), at::ones({2}) * (1 + step));
  }
  const at::Tensor ratio = meter.Ratio(0);
  EXPECT_EQ(ratio[0][0].item<float>(), 0);
  EXPECT_NEAR(ratio[0][1].item<float>(), 2500, 3);  // 0.5 for each 0.0002
  EXPECT_NEAR(ratio[0][2].item<float>(), 1, 0.3);
  EXPECT_NEAR(meter.OscillatingShare(), 1.0 / 3, 1e-9);
  EXPECT_GT(meter.QuantizedRate(), meter.WeightRate());
  // |y' - y| / |y| of 1, 2, 3, ...: 1/1, 1/2, ..., 1/10.
  EXPECT_NEAR(meter.OutputRate(), 2.928968 / 10, 1e-5);
}

TEST(OscillationMeter, ForgetsTheLastWindow) {
  OscillationMeter meter;
  meter.Begin({at::zeros({4})}, {at::zeros({4})}, {});
  meter.Observe({at::ones({4})}, {at::ones({4}) * 100}, {});
  EXPECT_EQ(meter.OscillatingShare(), 1);
  meter.Begin({at::ones({4})}, {at::ones({4})}, {});
  EXPECT_EQ(meter.steps(), 0);
  EXPECT_EQ(meter.OscillatingShare(), 0);
}

}  // namespace
}  // namespace tersor::precision
