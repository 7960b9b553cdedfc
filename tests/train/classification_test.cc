// The classification objective against plain formulas, and stochastic depth.
#include "tersor/train/classification.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tersor/train/vit_estimate.h"

namespace tersor::train {
namespace {

io::VitConfig Tiny() {
  io::VitConfig c;
  c.hidden_size = 16;
  c.intermediate_size = 24;
  c.num_hidden_layers = 4;
  c.num_attention_heads = 2;
  c.image_size = 8;
  c.patch_size = 4;
  c.num_channels = 1;
  c.labels = {"a", "b", "c"};
  return c;
}

Batch SomeBatch(int64_t first, int64_t count) {
  Batch batch{at::empty({count, 1, 8, 8}), at::empty({count, 3}), first};
  for (int64_t i = 0; i < count; ++i) {
    batch.inputs[i] =
        (at::arange(64, at::kFloat) * 0.3 + static_cast<double>(first + i)).sin().view({1, 8, 8});
    const at::Tensor raw = (at::arange(3, at::kFloat) + static_cast<double>(first + i)).cos() + 1.1;
    batch.targets[i] = raw / raw.sum();
  }
  return batch;
}

TEST(SoftCrossEntropy, IsTheFormula) {
  at::Tensor logits = at::randn({5, 4}).set_requires_grad(true);
  const at::Tensor targets = at::softmax(at::randn({5, 4}), -1);
  const at::Tensor loss = SoftCrossEntropy(logits, targets);
  double expected = 0;
  for (int64_t i = 0; i < 5; ++i) {
    double sum = 0;
    for (int64_t c = 0; c < 4; ++c) {
      sum += std::exp(logits[i][c].item<double>());
    }
    for (int64_t c = 0; c < 4; ++c) {
      expected -= targets[i][c].item<double>() * (logits[i][c].item<double>() - std::log(sum));
    }
  }
  EXPECT_NEAR(loss.item<double>(), expected, 1e-5);
  loss.backward();
  EXPECT_TRUE(at::allclose(logits.grad(), at::softmax(logits, -1) - targets, 1e-4, 1e-5));
}

TEST(DropPath, DrawsByDepthAndBySample) {
  constexpr int64_t kLayers = 5, kSamples = 4000;
  EXPECT_FALSE(DrawBranchScales(kLayers, 0, 1, 0, 8).defined());
  const at::Tensor scales = DrawBranchScales(kLayers, 0.4, 1, 0, kSamples);
  for (int64_t branch = 0; branch < 2 * kLayers; ++branch) {
    const double dropped = 0.4 * static_cast<double>(branch / 2) / 4;
    const at::Tensor row = scales[branch];
    const double zeros = static_cast<double>((row == 0).sum().item<int64_t>());
    EXPECT_NEAR(zeros, dropped * kSamples, 5 * std::sqrt(kSamples * 0.25)) << branch;
    EXPECT_NEAR(row.max().item<double>(), 1 / (1 - dropped), 1e-6);
    if (branch < 2) {
      EXPECT_EQ(zeros, 0);
    }
  }
  // Both branches of a block, and neighbouring samples, draw apart.
  EXPECT_FALSE(at::equal(scales[8], scales[9]));
  EXPECT_TRUE(at::equal(DrawBranchScales(kLayers, 0.4, 1, 100, 7), scales.narrow(1, 100, 7)));
  EXPECT_FALSE(at::equal(DrawBranchScales(kLayers, 0.4, 2, 100, 7), scales.narrow(1, 100, 7)));
}

TEST(ClassificationObjective, PartsOfABatchSumToTheWhole) {
  model::Vit vit(Tiny());
  vit.InitWeights(1);
  ClassificationObjective objective(vit, 0.5, 3);
  const Objective::Result whole = objective.Loss(SomeBatch(10, 6), Rng(0));
  EXPECT_EQ(whole.weight, 6);
  EXPECT_NEAR(whole.nll_sum, whole.loss.item<double>(), 1e-6);
  double parts = 0;
  for (int64_t first = 10; first < 16; first += 2) {
    parts += objective.Loss(SomeBatch(first, 2), Rng(9)).nll_sum;
  }
  EXPECT_NEAR(parts, whole.nll_sum, 1e-4);
  ClassificationObjective plain(vit, 0, 3);
  EXPECT_GT(std::abs(plain.Loss(SomeBatch(10, 6), Rng(0)).nll_sum - whole.nll_sum), 1e-6);
}

TEST(VitEstimate, CountsDeitSmall) {
  io::VitConfig small;
  small.hidden_size = 384;
  small.intermediate_size = 1536;
  small.num_attention_heads = 6;
  small.labels.resize(1000);
  EXPECT_EQ(CountParameters(small), 22050664);  // as DeiT-S is published: 22.05M
  // 4.6 G multiplications and additions forward (Touvron et al. 2021, table 5), three times two.
  EXPECT_NEAR(TrainingFlopsPerImage(small) / 6e9, 4.6, 0.1);
  EXPECT_GT(EstimateMemory(small, 8, false).activations,
            EstimateMemory(small, 8, true).activations);
}

}  // namespace
}  // namespace tersor::train
