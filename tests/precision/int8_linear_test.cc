#include "tersor/precision/int8_linear.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "precision/linear_problem.h"
#include "tersor/nn/linear.h"
#include "tersor/precision/coded_tensor.h"
#include "tersor/precision/rounded_linear.h"
#include "tersor/util/error.h"

namespace tersor::precision {
namespace {

Int8Config Config(const std::string& linear, int64_t block = 128) {
  Int8Config config;
  config.linear = linear;
  config.block = block;
  return config;
}

Gradients RunInt8(const LinearProblem& problem, const Int8Config& config) {
  Int8Training training(config, 5);
  const nn::PrecisionFactory factory = training.Precision();
  training.BeforeStep({});
  return problem.Run(factory);
}

TEST(Int8Linear, AgreesWithFloat32) {
  const LinearProblem problem;
  const Gradients exact = problem.Run(nn::Fp32());
  for (const int64_t block : {32, 64, 128}) {
    // Rounding to 127 steps of a block's largest value, twice, the gradient by chance.
    EXPECT_LT(LargestError(RunInt8(problem, Config("int8-block", block)), exact), 0.03) << block;
    EXPECT_LT(LargestError(RunInt8(problem, Config("int8-fallback", block)), exact), 0.03);
  }
  EXPECT_LT(LargestError(RunInt8(problem, Config("int8-tensor")), exact), 0.04);
  EXPECT_LT(LargestError(problem.Run(Int8PerToken()), exact), 0.03);
  EXPECT_LT(LargestError(problem.Run(Bf16Storage()), exact), 0.005);
}

TEST(Int8Linear, SevenBitsLoseTwiceAsMuch) {
  const LinearProblem problem;
  const Gradients exact = problem.Run(nn::Fp32());
  Int8Config seven = Config("int8-block");
  seven.bits = 7;
  const double error = RelativeError(RunInt8(problem, seven).outputs[0], exact.outputs[0]);
  const double eight =
      RelativeError(RunInt8(problem, Config("int8-block")).outputs[0], exact.outputs[0]);
  EXPECT_NEAR(error / eight, 2, 0.3);
}

TEST(Int8Linear, FallbackSavesBlocksWithOutliers) {
  const LinearProblem problem(/*outlier=*/1000);
  // What one element of 1000 does to the others shows where that element has no part: in the
  // outputs of other tokens, and in the weight gradients of other inputs.
  const auto bulk = [&](const Gradients& run) {
    const Gradients exact = problem.Run(nn::Fp32());
    return std::pair(
        RelativeError(run.outputs[1].narrow(0, 4, 100), exact.outputs[1].narrow(0, 4, 100)),
        RelativeError(run.weights[1].narrow(1, 18, 100), exact.weights[1].narrow(1, 18, 100)));
  };
  const auto [block_y, block_w] = bulk(RunInt8(problem, Config("int8-block")));
  Int8Config config = Config("int8-fallback");
  config.min_rate = 0.2;  // one block of the four
  config.max_rate = 0.3;
  const auto [fallback_y, fallback_w] = bulk(RunInt8(problem, config));
  EXPECT_GT(block_y, 0.3);
  EXPECT_LT(fallback_y, 0.03);
  EXPECT_GT(block_w, 0.2);
  EXPECT_LT(fallback_w, 0.03);
  config.weight_gradient_fallback = false;
  const auto [y, w] = bulk(RunInt8(problem, config));
  EXPECT_EQ(y, fallback_y);
  EXPECT_GT(w, 0.2);
}

TEST(Int8Linear, FallingBackEverywhereLeavesTheWeightsRounding) {
  const LinearProblem problem;
  Int8Config config = Config("int8-fallback");
  config.controller = "fixed";
  config.threshold = 0;
  const Gradients run = RunInt8(problem, config);
  // The weights' rounding alone, computed in float32.
  const CodedTensor coded = *CodedTensor::Quantize(problem.weights[1], {});
  at::Tensor rounded = at::empty_like(problem.weights[1]);
  kernel::DecodeBlocks(coded.View(), rounded.data_ptr<float>());
  EXPECT_LT(RelativeError(run.outputs[1], at::mm(problem.x, rounded.t()) + problem.bias), 1e-4);
}

TEST(Int8Linear, GradientsAreUnbiased) {
  const LinearProblem problem;
  Int8Training training(Config("int8-block"), 5);
  const nn::PrecisionFactory factory = training.Precision();
  const CodedTensor coded_x = *CodedTensor::Quantize(problem.x, {});
  const CodedTensor coded_w = *CodedTensor::Quantize(problem.weights[0], {});
  at::Tensor x = at::empty_like(problem.x), w = at::empty_like(problem.weights[0]);
  kernel::DecodeBlocks(coded_x.View(), x.data_ptr<float>());
  kernel::DecodeBlocks(coded_w.View(), w.data_ptr<float>());
  const at::Tensor wanted = at::mm(problem.grads[0].t(), x);
  at::Tensor mean = at::zeros_like(wanted);
  constexpr int kDraws = 64;
  double one = 0;
  for (int i = 0; i < kDraws; ++i) {
    training.BeforeStep({i, 0, nullptr});
    const at::Tensor grad = problem.Run(factory).weights[0];
    one += RelativeError(grad, wanted) / kDraws;
    mean += grad / kDraws;
  }
  // The mean's error falls as 1 / sqrt(draws) where nothing but chance is in it.
  EXPECT_LT(RelativeError(mean, wanted), one / std::sqrt(kDraws) * 1.2);
}

TEST(Int8Linear, RepeatsAStepBitForBit) {
  const LinearProblem problem;
  const Gradients a = RunInt8(problem, Config("int8-fallback"));
  const Gradients b = RunInt8(problem, Config("int8-fallback"));
  EXPECT_TRUE(at::equal(a.x, b.x));
  EXPECT_TRUE(at::equal(a.weights[1], b.weights[1]));
}

TEST(Int8Linear, AddsToExistingGradients) {
  const LinearProblem problem;
  Int8Config config = Config("int8-block");
  config.gradient_rounding = "nearest";
  Int8Training training(config, 5);
  const std::unique_ptr<nn::LinearPrecision> precision = training.Precision()({0, "fc1"});
  at::Tensor w = problem.weights[0].clone().requires_grad_();
  const auto backward = [&] {
    precision->Apply(problem.x, w, at::Tensor())[0].backward(problem.grads[0]);
  };
  backward();
  const at::Tensor once = w.grad().clone();
  backward();
  EXPECT_LT(RelativeError(w.grad(), 2 * once), 1e-6);
}

TEST(Int8Linear, NamesLayerAndStepOfWhatIsNotFinite) {
  LinearProblem problem;
  problem.x[140][199] = std::numeric_limits<float>::quiet_NaN();
  Int8Training training(Config("int8-fallback"), 5);
  const nn::PrecisionFactory factory = training.Precision();
  training.BeforeStep({11, 0, nullptr});
  try {
    problem.Run(factory);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("step 12"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("layers.3.mlp.gate_up"), std::string::npos);
  }
}

TEST(Int8Training, CountsInTrainingOnly) {
  const LinearProblem problem;
  Int8Training training(Config("int8-fallback", 32), 5);
  const nn::PrecisionFactory factory = training.Precision();
  const std::unique_ptr<nn::LinearPrecision> precision = factory({0, "fc1"});
  precision->Apply(problem.x, problem.weights[0], at::Tensor());
  EXPECT_EQ(training.State()[0].second[0].item<float>(), 0);  // an evaluation starts nothing
  training.BeforeStep({});
  precision->Apply(problem.x, problem.weights[0], at::Tensor());
  EXPECT_EQ(training.Counts()[1], 5 * 7);
  const double rate = training.Counts()[0] / training.Counts()[1];
  EXPECT_GE(rate, 0.1);
  EXPECT_LE(rate, 0.3);
  training.AfterStep({});
  Json metrics;
  training.Report(metrics);
  EXPECT_EQ(metrics["fallback_rate"], rate);
  EXPECT_EQ(metrics["fallback_rate_by_layer"]["fc1"][0], rate);
  EXPECT_EQ(training.Counts()[1], 0);
  EXPECT_GT(training.State()[0].second[0].item<float>(), 0);
}

}  // namespace
}  // namespace tersor::precision
