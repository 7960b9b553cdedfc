#include "tersor/precision/mxfp4_linear.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "precision/linear_problem.h"
#include "tersor/precision/mx_rounding.h"
#include "tersor/util/error.h"

namespace tersor::precision {
namespace {

Gradients RunMxfp4(const LinearProblem& problem, const Mxfp4Config& config, uint64_t seed = 1) {
  Mxfp4Training training(config, seed);
  return problem.Run(training.Precision());
}

at::Tensor Values(const at::Tensor& x, kernel::MxScaleRule scale, int64_t axis = 1) {
  return RoundToMx(x, axis, kernel::MxElement::kE2M1, {scale});
}

TEST(Mxfp4Linear, KernelsEqualTheDefinition) {
  const LinearProblem problem;
  Mxfp4Config config;
  const Gradients packed = RunMxfp4(problem, config);
  config.definition = true;
  const Gradients defined = RunMxfp4(problem, config);
  // The same codes, random draws included: only the order of float32 sums differs.
  EXPECT_LT(LargestError(packed, defined), 1e-6);
  config.quantizers = "";
  EXPECT_LT(LargestError(RunMxfp4(problem, config), problem.Run(nn::Fp32())), 1e-6);
}

TEST(Mxfp4Linear, MultipliesWhatItQuantized) {
  const LinearProblem problem;
  const Gradients run = RunMxfp4(problem, {});
  const auto rule = kernel::MxScaleRule::kTruncationFree;
  const at::Tensor y = at::mm(Values(problem.x, rule), Values(problem.weights[0], rule).t());
  EXPECT_LT(RelativeError(run.outputs[0], y), 1e-6);
  EXPECT_GT(RelativeError(run.outputs[0], at::mm(problem.x, problem.weights[0].t())), 0.03);
}

/// Distance of the mean of `count` runs from the gradients of the quantized layer, over theirs.
double MeanError(const LinearProblem& problem, const Mxfp4Config& config, int count) {
  const at::Tensor& g = problem.grads[0];
  const at::Tensor dx = at::mm(g, Values(problem.weights[0], config.scale_rule())) +
                        at::mm(problem.grads[1], Values(problem.weights[1], config.scale_rule()));
  const at::Tensor dw = at::mm(g.t(), Values(problem.x, config.scale_rule()));
  at::Tensor sum_x = at::zeros_like(dx), sum_w = at::zeros_like(dw);
  for (int run = 0; run < count; ++run) {
    const Gradients gradients = RunMxfp4(problem, config, static_cast<uint64_t>(run + 100));
    sum_x += gradients.x;
    sum_w += gradients.weights[0];
  }
  return std::max(RelativeError(sum_x / count, dx), RelativeError(sum_w / count, dw));
}

// Section 3: stochastic, truncation-free, requantized operands leave the gradient unbiased, so that
// means converge as 1 / sqrt(count). What breaks one of these conditions stays at a floor.
TEST(Mxfp4Linear, GradientsAreUnbiasedForTheQuantizedLayer) {
  const LinearProblem problem;
  const double four = MeanError(problem, {}, 4), many = MeanError(problem, {}, 64);
  EXPECT_NEAR(four / many, 4, 0.6);
  Mxfp4Config clipping, originals, nearest, design;
  clipping.scale = "floor";
  originals.double_quantization = "false";
  nearest.backward_rounding = "nearest";
  design.linear = "mxfp4-microscaling";
  for (const Mxfp4Config& biased : {clipping, originals, nearest, design}) {
    EXPECT_GT(MeanError(problem, biased, 64), 1.5 * many);
  }
}

TEST(Mxfp4Linear, DrawsAnewInEveryStepAndTensor) {
  const LinearProblem problem;
  Mxfp4Training training({}, 5);
  const nn::PrecisionFactory factory = training.Precision();
  const Gradients first = problem.Run(factory);
  training.BeforeStep({1});
  const Gradients second = problem.Run(factory);
  EXPECT_FALSE(first.x.equal(second.x));
  EXPECT_TRUE(first.outputs[0].equal(second.outputs[0]));
  training.BeforeStep({1});
  EXPECT_TRUE(problem.Run(factory).x.equal(second.x));
}

TEST(Mxfp4Linear, OneQuantizerAtATime) {
  const LinearProblem problem;
  const Gradients exact = problem.Run(nn::Fp32());
  for (int number = 1; number <= 6; ++number) {
    Mxfp4Config config;
    config.quantizers = std::to_string(number);
    const Gradients run = RunMxfp4(problem, config);
    const auto differs = [](const at::Tensor& a, const at::Tensor& b) {
      return RelativeError(a, b) > 1e-3;
    };
    EXPECT_EQ(differs(run.outputs[0], exact.outputs[0]), number <= 2) << number;
    // Backward operands come from quantized ones, so 1 shows in dw and 2 in dx.
    EXPECT_EQ(differs(run.x, exact.x), number == 2 || number == 3 || number == 4) << number;
    EXPECT_EQ(differs(run.weights[1], exact.weights[1]), number == 1 || number == 5 || number == 6)
        << number;
    EXPECT_LT(RelativeError(run.biases[0], exact.biases[0]), 1e-6);
  }
}

TEST(Mxfp4Linear, OtherFormatsAndDesigns) {
  const LinearProblem problem;
  const Gradients exact = problem.Run(nn::Fp32());
  const auto error = [&](const std::function<void(Mxfp4Config&)>& change) {
    Mxfp4Config config;
    change(config);
    return LargestError(RunMxfp4(problem, config), exact);
  };
  const double fp4 = error([](Mxfp4Config&) {});
  const double fp8 = error([](Mxfp4Config& c) { c.forward_format = c.backward_format = "e4m3"; });
  const double e3m0 = error([](Mxfp4Config& c) { c.forward_format = c.backward_format = "e3m0"; });
  const double int4 = error([](Mxfp4Config& c) { c.linear = "int4-tensor"; });
  EXPECT_LT(fp8, fp4 / 3);
  EXPECT_GT(e3m0, fp4);
  EXPECT_GT(int4, fp4);
  EXPECT_LT(int4, 1);
}

TEST(Mxfp4Linear, NamesWhatIsNotFinite) {
  const auto message = [](bool definition, bool in_weight) {
    Mxfp4Config config;
    config.definition = definition;
    LinearProblem problem;
    (in_weight ? problem.weights[0] : problem.x)[3][5] = std::numeric_limits<float>::quiet_NaN();
    try {
      RunMxfp4(problem, config);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  for (const bool definition : {false, true}) {
    EXPECT_NE(message(definition, false).find("step 1: the input of layers.3.mlp.gate_up"),
              std::string::npos)
        << message(definition, false);
    EXPECT_NE(message(definition, true).find("a weight of layers.3.mlp.gate_up"),
              std::string::npos);
  }
}

/// One layer of a model, bound to its weights.
struct Layer {
  explicit Layer(const Mxfp4Config& config)
      : training(config, 1),
        group({0, "fc1"}, 64, {{"layers.0.fc1", 96, /*bias=*/true}}, training.Precision()) {
    nn::InitNormal(group.weights()[0], 0.1, 3);
  }
  at::Tensor& weight() { return group.weights()[0].value; }

  Mxfp4Training training;
  nn::LinearGroup group;
};

TEST(Mxfp4Training, EmaChoosesCodesFromItsTenthUpdateOn) {
  const at::NoGradGuard no_grad;
  Mxfp4Config config;
  config.weights_quantizer = "ema";
  config.ema_decay = 0.9;
  Layer layer(config);
  const at::Tensor start = layer.weight().detach().clone();
  const auto nearest = [&] {
    return Values(layer.weight().detach(), kernel::MxScaleRule::kTruncationFree);
  };
  const auto chosen = [&] { return layer.training.QuantizedValues(layer.training.weights()[0]); };
  for (int64_t step = 0; step < 10; ++step) {
    EXPECT_TRUE(chosen().equal(nearest())) << step;
    layer.training.BeforeStep({step});
    if (step == 0) {
      EXPECT_TRUE(layer.training.weights()[0].average.equal(start));
    }
    layer.weight().add_(at::randn_like(layer.weight()) * 0.02);
    layer.training.AfterStep({step});
  }
  EXPECT_FALSE(chosen().equal(nearest()));
  const at::Tensor& average = layer.training.weights()[0].average;
  EXPECT_TRUE(chosen().equal(
      RoundByEma(layer.weight().detach(), average, kernel::MxScaleRule::kTruncationFree)));
  // The forward pass multiplies with these values.
  const at::Tensor x = at::eye(64);
  EXPECT_LT(RelativeError(layer.group.Forward(x)[0], chosen().t()), 1e-6);
  EXPECT_EQ(layer.training.State().size(), 2u);
}

TEST(Mxfp4Training, ExportsWhatItMultipliesWith) {
  Layer layer({});
  nn::ParameterList parameters = layer.group.Parameters();
  layer.training.Export(parameters);
  EXPECT_FALSE(parameters[0].value.equal(layer.weight()));
  EXPECT_TRUE(parameters[0].value.equal(
      Values(layer.weight().detach(), kernel::MxScaleRule::kTruncationFree)));
  // On the grid already: quantizing again changes nothing.
  EXPECT_TRUE(
      Values(parameters[0].value, kernel::MxScaleRule::kTruncationFree).equal(parameters[0].value));
  EXPECT_TRUE(parameters[1].value.is_same(layer.group.Parameters()[1].value));
}

TEST(Mxfp4Training, KeepsNamedLayersInFloat32) {
  Mxfp4Config config;
  config.keep_fp32 = {"fc1"};
  Layer layer(config);
  EXPECT_TRUE(layer.training.weights().empty());
  const at::Tensor x = at::eye(64);
  EXPECT_LT(RelativeError(layer.group.Forward(x)[0], layer.weight().t()), 1e-6);
}

}  // namespace
}  // namespace tersor::precision
