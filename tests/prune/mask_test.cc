// Masks and scores on small matrices whose answers are known.
#include "tersor/prune/mask.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tersor/prune/pruner.h"
#include "tersor/prune/redundancy.h"
#include "tersor/prune/sparse_gpt.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::prune {
namespace {

at::Tensor W() { return at::tensor({4.f, -1.f, 2.f, -3.f, 1.f, 5.f, -2.f, 0.5f}).view({2, 4}); }

/// Two tokens; norms sqrt 2, 2, sqrt 5, sqrt 0.5.
InputStatistics Input() {
  const at::Tensor x = at::tensor({1.f, 0.f, 2.f, .5f, 1.f, 2.f, -1.f, .5f}).view({2, 4});
  InputStatistics input;
  input.tokens = 2;
  input.squares = x.square().sum(0, false, at::kDouble);
  input.gram = at::mm(x.t(), x).to(at::kDouble);
  return input;
}

void ExpectPruned(const Pruner& pruner, double sparsity, const Pattern& pattern,
                  const std::vector<float>& expected) {
  at::Tensor weight = W();
  pruner.Prune(weight, Input(), sparsity, pattern);
  EXPECT_TRUE(at::equal(weight.view(-1), at::tensor(expected))) << weight;
}

TEST(Pruner, KnownAnswers) {
  const InputEvidence evidence{Input().Norms(), {}};
  const at::Tensor scores = Saliency(Metric::kWanda, W(), evidence);
  EXPECT_TRUE(at::allclose(scores.view(-1), at::tensor({5.656854f, 2.f, 4.472136f, 2.121320f,
                                                        1.414214f, 10.f, 4.472136f, 0.353553f})));
  ExpectPruned(*MakePruner(Metric::kWanda), 0.5, {}, {4, 0, 2, 0, 0, 5, -2, 0});
  // Of |-2| and |2| the first one goes, not both.
  ExpectPruned(*MakePruner(Metric::kMagnitude), 0.5, {}, {4, 0, 0, -3, 0, 5, -2, 0});
  ExpectPruned(*MakePruner(Metric::kMagnitude), 0.5, {2, 4}, {4, 0, 0, -3, 0, 5, -2, 0});
  ExpectPruned(*MakePruner(Metric::kWanda), 0.5, {1, 2}, {4, 0, 2, 0, 0, 5, -2, 0});
  ExpectPruned(*MakePruner(Metric::kWanda), 0, {}, {4, -1, 2, -3, 1, 5, -2, .5});
}

TEST(Pruner, RedundancyKnownAnswers) {
  const std::vector<at::Tensor> scores = {
      Saliency(Metric::kWanda, W(), {Input().Norms(), {}}).contiguous()};
  const std::unique_ptr<Pruner> wanda = MakePruner(Metric::kWanda);
  const LayerScores layer(scores, *wanda);
  EXPECT_DOUBLE_EQ(layer.OutlierRatio(1.5), 1.0 / 8);
  EXPECT_DOUBLE_EQ(layer.At(0, 1.5, RedundancyKind::kAll).redundancy, 0.875);
  EXPECT_DOUBLE_EQ(layer.At(0.5, 1.5, RedundancyKind::kAll).redundancy, 0.75);
  EXPECT_DOUBLE_EQ(layer.At(0.5, 1.5, RedundancyKind::kDense).redundancy, 0.75);
}

// Half-normal scores: the table of the share of non-outliers by sparsity.
TEST(Pruner, RedundancyOfHalfNormalScores) {
  const at::Tensor scores =
      at::randn({1, 1 << 21}, at::detail::createCPUGenerator(1)).abs().contiguous();
  const std::unique_ptr<Pruner> magnitude = MakePruner(Metric::kMagnitude);
  const LayerScores layer(std::vector<at::Tensor>{scores}, *magnitude);
  const auto expect = [&](double factor, double sparsity, double redundancy, bool saturated) {
    const RedundancyLevel level = layer.At(sparsity, factor, RedundancyKind::kAll);
    EXPECT_NEAR(level.redundancy, redundancy, 0.003) << factor << " " << sparsity;
    EXPECT_EQ(level.saturated, saturated) << factor << " " << sparsity;
  };
  expect(5, 0, .9999, false);
  expect(5, .5, .9985, false);
  expect(5, .6, .9949, false);
  expect(5, .7, .9803, false);
  expect(5, .8, .9207, false);
  expect(5, .9, .9, true);
  expect(3, .5, .9434, false);
  expect(3, .7, .8382, false);
  expect(3, .8, .8, true);
}

TEST(Mask, CountsAreExactWhateverTheThreads) {
  const at::Tensor scores = at::randn({37, 53}, at::detail::createCPUGenerator(2)).abs();
  for (const double sparsity : {0.0, 0.01, 0.3, 0.5, 0.777, 0.999}) {
    const int64_t count = CountOf(sparsity, scores.numel());
    const at::Tensor rows = LowestOfRows(scores, count), matrix = LowestOfMatrix(scores, count);
    EXPECT_EQ(rows.sum().item<int64_t>(), count);
    EXPECT_EQ(matrix.sum().item<int64_t>(), count);
    const at::Tensor by_row = rows.sum(1);
    EXPECT_LE((by_row.max() - by_row.min()).item<int64_t>(), 1);
    if (count > 0 && count < scores.numel()) {
      EXPECT_LE(scores.masked_select(matrix).max().item<float>(),
                scores.masked_select(matrix.logical_not()).min().item<float>());
    }
    SetNumThreads(1);
    EXPECT_TRUE(at::equal(rows, LowestOfRows(scores, count)));
    SetNumThreads(0);
  }
  const at::Tensor groups = LowestOfGroups(scores, {2, 4});
  EXPECT_TRUE((groups.narrow(1, 0, 52).view({37, 13, 4}).sum(2) == 2).all().item<bool>());
  EXPECT_EQ(groups.select(1, 52).sum().item<int64_t>(), 0);  // a group of one loses none
}

TEST(Mask, PatternsAreChecked) {
  EXPECT_EQ(Pattern::Parse("2:4").sparsity(), 0.5);
  EXPECT_FALSE(Pattern::Parse("").structured());
  for (const char* text : {"4:2", "2:2", "0:4", "2", ":4", "2:", "2:100", "a:4", "-1:4"}) {
    EXPECT_THROW(Pattern::Parse(text), UsageError) << text;
  }
}

TEST(SparseGpt, EqualsLeastSquares) {
  // One row, two columns: pruning the first leaves w1 + w0 H01 / H11.
  InputStatistics input;
  input.tokens = 1;
  input.gram = at::tensor({2., 1., 1., 2.}, at::kDouble).view({2, 2});
  at::Tensor weight = at::tensor({1.f, 3.f}).view({1, 2});
  const InverseHessian inverse = InvertHessian(input.gram, 0);
  EXPECT_NEAR(inverse.upper[0][0].item<double>(), .816497, 1e-6);
  EXPECT_NEAR(inverse.upper[0][1].item<double>(), -.408248, 1e-6);
  EXPECT_NEAR(inverse.upper[1][1].item<double>(), .707107, 1e-6);
  SparseGptPruner(0).Prune(weight, input, 0.5, {});
  EXPECT_EQ(weight[0][0].item<float>(), 0);
  EXPECT_NEAR(weight[0][1].item<float>(), 3.5, 1e-6);
}

// With one block of columns the weights that remain are the least-squares solution for the mask,
// where what goes lies before what remains.
TEST(SparseGpt, RemainingWeightsSolveTheLeastSquaresProblem) {
  const at::Generator generator = at::detail::createCPUGenerator(3);
  const at::Tensor x = at::randn({200, 6}, generator, at::kDouble) +
                       0.5 * at::randn({200, 1}, generator, at::kDouble);
  InputStatistics input;
  input.gram = at::mm(x.t(), x);
  at::Tensor weight = at::tensor({.01f, .02f, .015f, 2.f, -1.f, 3.f}).view({1, 6});
  const at::Tensor target = at::mv(x, weight[0].to(at::kDouble));
  SparseGptPruner(0).Prune(weight, input, 0.5, {});
  EXPECT_EQ(at::count_nonzero(weight.narrow(1, 0, 3)).item<int64_t>(), 0);
  const at::Tensor kept = x.narrow(1, 3, 3);
  const at::Tensor expected = at::linalg_solve(at::mm(kept.t(), kept), at::mv(kept.t(), target));
  EXPECT_TRUE(at::allclose(weight[0].narrow(0, 3, 3).to(at::kDouble), expected, 1e-5, 1e-6));
}

TEST(SparseGpt, IndependentInputsChangeNoSurvivor) {
  InputStatistics input;
  input.gram = at::diag(at::tensor({4., 1., 9., 2.}, at::kDouble));
  at::Tensor weight = W();
  SparseGptPruner(0).Prune(weight, input, 0.5, {});
  // |w| sqrt(H): 8, 1, 6, 4.2; 2, 5, 6, 0.7.
  EXPECT_TRUE(at::equal(weight.view(-1), at::tensor({4.f, 0.f, 2.f, 0.f, 0.f, 5.f, -2.f, 0.f})));
}

TEST(SparseGpt, CountsPatternsAndDeadInputs) {
  const at::Generator generator = at::detail::createCPUGenerator(4);
  at::Tensor x = at::randn({400, 300}, generator);
  x.select(1, 7).zero_();
  InputStatistics input;
  input.gram = at::mm(x.t(), x).to(at::kDouble);
  for (const double sparsity : {0.3, 0.7}) {
    at::Tensor weight = at::randn({20, 300}, generator);
    SparseGptPruner().Prune(weight, input, sparsity, {});
    EXPECT_EQ(at::count_nonzero(weight).item<int64_t>(), 6000 - CountOf(sparsity, 6000));
    EXPECT_EQ(at::count_nonzero(weight.select(1, 7)).item<int64_t>(), 0);
    EXPECT_TRUE(at::isfinite(weight).all().item<bool>());
  }
  at::Tensor weight = at::randn({20, 300}, generator);
  SparseGptPruner().Prune(weight, input, 0.5, {2, 4});
  EXPECT_TRUE(((weight.view({20, 75, 4}) == 0).sum(2) >= 2).all().item<bool>());
}

// What it is for: the layer's output changes less than by choosing alone.
TEST(SparseGpt, LosesLessThanChoosingAlone) {
  const at::Generator generator = at::detail::createCPUGenerator(5);
  // Inputs that go together, as those of trained models do.
  const at::Tensor x = at::mm(at::randn({500, 16}, generator), at::randn({16, 64}, generator)) +
                       0.3 * at::randn({500, 64}, generator);
  InputStatistics input;
  input.squares = x.square().sum(0, false, at::kDouble);
  input.gram = at::mm(x.t(), x).to(at::kDouble);
  const at::Tensor weight = at::randn({32, 64}, generator);
  const auto error = [&](const Pruner& pruner) {
    at::Tensor pruned = weight.clone();
    pruner.Prune(pruned, input, 0.5, {});
    return at::mm(x, (pruned - weight).t()).norm().item<double>();
  };
  EXPECT_LT(error(SparseGptPruner()), 0.8 * error(*MakePruner(Metric::kWanda)));
}

}  // namespace
}  // namespace tersor::prune
