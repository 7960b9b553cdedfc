// Allocations on hand-made layers whose answers are known.
#include "tersor/prune/allocation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tersor/prune/allocation/alpha_pruning.h"
#include "tersor/prune/allocation/mrp.h"
#include "tersor/util/error.h"

namespace tersor::prune {
namespace {

void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected,
                double tolerance = 1e-6) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
  }
}

/// One matrix a block, of the given shapes, random, with norms 1.
AllocationTask Task(const std::vector<std::pair<int64_t, int64_t>>& shapes, double sparsity,
                    const Pruner& pruner) {
  AllocationTask task;
  task.pruner = &pruner;
  task.sparsity = sparsity;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const auto [rows, cols] = shapes[i];
    task.matrices.push_back({"w" + std::to_string(i),
                             static_cast<int64_t>(i),
                             at::randn({rows, cols}, at::detail::createCPUGenerator(i)),
                             {at::ones({cols}), at::ones({cols}, at::kDouble)}});
    task.layers.push_back({i});
  }
  return task;
}

std::vector<double> Allocate(const AllocationTask& task, const std::string& name) {
  AllocationConfig config;
  config.name = name;
  return MakeAllocation(config)->Allocate(task);
}

double MeanOf(const AllocationTask& task, const std::vector<double>& by_matrix) {
  double zeros = 0, total = 0;
  for (size_t i = 0; i < by_matrix.size(); ++i) {
    zeros += by_matrix[i] * static_cast<double>(task.matrices[i].size());
    total += static_cast<double>(task.matrices[i].size());
  }
  return zeros / total;
}

const std::vector<double> kAlike(4, 1.0);

TEST(Allocation, OwlAndDlpMaps) {
  ExpectNear(MapToSparsity(std::vector{.02, .05, .03, .06}, kAlike, .7, 2 * .08, true),
             {.78, .66, .74, .62});
  ExpectNear(MapToSparsity(std::vector{1., 2., 3., 4.}, kAlike, .7, 2 * .15, false),
             {.55, .65, .75, .85});
  ExpectNear(MapToSparsity(std::vector{3., 3., 3., 3.}, kAlike, .7, .3, false), {.7, .7, .7, .7});
}

TEST(Allocation, AlphaPruningMapAndExponent) {
  ExpectNear(MapExponents(std::vector{2., 3., 4., 3.}, std::vector{1., 1., 2., 2.}, .7, .3),
             {.466667, .666667, .866667, .666667});
  EXPECT_NEAR(HillExponent(std::vector{1., 2., 3., 4., 8., 16.}, TailFit::kMid),
              1 + 1 / std::log(2.0), 1e-6);
  // What would exceed 1 is held there, and the budget still holds.
  const std::vector<double> held = MapExponents(std::vector{1., 4.}, std::vector{1., 1.}, .8, .5);
  EXPECT_LE(held[1], 1);
  EXPECT_NEAR(held[0] + held[1], 1.6, 1e-9);
}

TEST(Allocation, ErdosRenyiGivesSurplusToTheOthers) {
  const std::unique_ptr<Pruner> pruner = MakePruner(Metric::kMagnitude);
  const std::vector<std::pair<int64_t, int64_t>> shapes = {
      {16, 16}, {64, 64}, {256, 64}, {128, 512}};
  ExpectNear(Allocate(Task(shapes, .5, *pruner), "er"), {0, 0, .210938, .605469});
  ExpectNear(Allocate(Task(shapes, .7, *pruner), "er"), {0, .263971, .539982, .769991});
  ExpectNear(Allocate(Task(shapes, .9, *pruner), "er"), {.037143, .759286, .849554, .924777});
}

TEST(Allocation, AtpIsArithmetic) {
  const std::unique_ptr<Pruner> pruner = MakePruner(Metric::kMagnitude);
  const AllocationTask task = Task({{4, 4}, {4, 4}, {4, 4}, {4, 4}}, .7, *pruner);
  AllocationConfig config;
  config.name = "atp";
  config.atp_slopes = {"0.04"};
  ExpectNear(MakeAllocation(config)->Allocate(task), {.64, .68, .72, .76});
  // Of several the one with the lowest perplexity.
  config.atp_slopes = {"0", "0.02", "0.04"};
  AllocationTask measured = task;
  measured.perplexity = [](const std::vector<double>& s) { return std::abs(s[3] - .73); };
  ExpectNear(MakeAllocation(config)->Allocate(measured), {.67, .69, .71, .73});
}

/// Layers of scores as they are.
std::vector<LayerScores> Layers(const std::vector<std::vector<float>>& scores,
                                const Pruner& pruner) {
  std::vector<LayerScores> layers;
  for (const std::vector<float>& layer : scores) {
    layers.emplace_back(std::vector{at::tensor(layer).view({1, -1})}, pruner);
  }
  return layers;
}

class MrpGreedy : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<float> a(100, 1.0f), b(100, 1.0f), c;
    std::fill(a.begin() + 90, a.end(), 10.0f);
    std::fill(b.begin() + 98, b.end(), 10.0f);
    for (int i = 1; i <= 100; ++i) {
      c.push_back(static_cast<float>(i) / 50);
    }
    layers_ = Layers({a, b, c}, *pruner_);
    options_ = {
        .target = .7, .start = .5, .step = .05, .cap = .95, .saturation = Saturation::kNever};
  }

  std::vector<double> Run(double factor, RedundancyKind kind = RedundancyKind::kAll) {
    picks_.clear();
    return AllocateByRedundancy(
        std::vector{100., 100., 100.}, options_,
        [&](size_t layer, double s) { return layers_[layer].At(s, factor, kind); },
        [&](size_t layer, const std::vector<double>&) {
          picks_ += "ABC"[layer];
          return false;
        });
  }

  std::vector<double> Redundancies(const std::vector<double>& s, double factor) {
    std::vector<double> result;
    for (size_t i = 0; i < 3; ++i) {
      result.push_back(layers_[i].At(s[i], factor, RedundancyKind::kAll).redundancy);
    }
    return result;
  }

  std::unique_ptr<Pruner> pruner_ = MakePruner(Metric::kMagnitude);
  std::vector<LayerScores> layers_;
  MrpOptions options_;
  std::string picks_;  // but the last, after which nothing is asked
};

TEST_F(MrpGreedy, KnownAnswers) {
  ExpectNear(Run(2), {.90, .70, .50});
  EXPECT_EQ(picks_, "BBBBAAAAAAA");
  ExpectNear(Redundancies(Run(2), 2), {.90, .70, .75});
  ExpectNear(Run(3), {.60, .85, .65});
  EXPECT_EQ(picks_, "CCBBBBBBBCA");
  ExpectNear(Redundancies(Run(3), 3), {.90, .85, .87});
  ExpectNear(Run(5), {.50, .80, .80});
  ExpectNear(Redundancies(Run(5), 5), {.90, .98, .90});
  for (const double factor : {2., 3., 5.}) {
    ExpectNear(Run(factor, RedundancyKind::kDense), {.50, .65, .95});
  }
}

TEST_F(MrpGreedy, KeepsItsInvariants) {
  options_.start = options_.target;
  ExpectNear(Run(5), {.7, .7, .7});
  EXPECT_EQ(picks_, "");
  options_.start = .5;
  EXPECT_EQ((Run(5), picks_.size()), 11u);  // twelve steps
  // A step that does not divide the budget ends on it exactly.
  options_.step = .07;
  for (const double factor : {2., 3., 5.}) {
    const std::vector<double> s = Run(factor);
    EXPECT_NEAR(std::accumulate(s.begin(), s.end(), 0.0), 2.1, 1e-9);
    for (const double one : s) {
      EXPECT_GE(one, .5);
      EXPECT_LE(one, .95);
    }
  }
  options_.cap = .6;
  EXPECT_THROW(Run(5), Error);
}

TEST_F(MrpGreedy, SaturatedLayersComeLast) {
  const auto level = [&](size_t layer, double s) {
    return layers_[layer].At(s, 2, RedundancyKind::kAll);
  };
  options_.target = .8;
  int taken = 0;  // steps that took a saturated layer where another one was left
  const auto run = [&](Saturation rule) {
    taken = 0;
    options_.saturation = rule;
    return AllocateByRedundancy(std::vector{100., 100., 100.}, options_, level,
                                [&](size_t layer, const std::vector<double>& after) {
                                  const double before = after[layer] - options_.step;
                                  if (level(layer, before).saturated) {
                                    for (size_t i = 0; i < 3; ++i) {
                                      taken += i != layer && after[i] < options_.cap - 1e-9 &&
                                               !level(i, after[i]).saturated;
                                    }
                                  }
                                  return false;
                                });
  };
  const std::vector<double> without = run(Saturation::kNever);
  EXPECT_GT(taken, 0);
  const std::vector<double> with = run(Saturation::kAllOutliers);
  EXPECT_EQ(taken, 0);
  EXPECT_NE(with, without);
  EXPECT_NEAR(std::accumulate(with.begin(), with.end(), 0.0), 2.4, 1e-9);
}

// Redundancies that fall and then rise: those of half-normal scores, wider or narrower.
TEST(MrpTurn, LayersPastTheirTurnComeLastAndStayEven) {
  const std::vector<double> turns = {.6, .7, .8};
  const auto redundancy = [&](size_t layer, double s) {
    return .5 + std::abs(s - turns[layer]) + .01 * static_cast<double>(layer);
  };
  const auto run = [&](double target, Saturation rule) {
    return AllocateByRedundancy(
        std::vector{1., 1., 1.},
        {.target = target, .start = .5, .step = .01, .cap = .95, .saturation = rule},
        [&](size_t layer, double s) {
          return RedundancyLevel{redundancy(layer, s), false};
        });
  };
  // Below the turns it is the greedy of the paper.
  ExpectNear(run(.55, Saturation::kTurn), run(.55, Saturation::kNever));
  // Each has just come to its turn.
  ExpectNear(run(.7, Saturation::kTurn), turns);
  // Behind it redundancies rise together; left alone one of them runs to the cap.
  const std::vector<double> even = run(.8, Saturation::kTurn);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(redundancy(i, even[i]), redundancy(0, even[0]), .0101) << i;
  }
  const std::vector<double> apart = run(.8, Saturation::kNever);
  EXPECT_NEAR(*std::max_element(apart.begin(), apart.end()), .95, 1e-9);
}

TEST(Allocation, AllMeetTheBudgetAndIgnoreScale) {
  for (const Metric metric : {Metric::kMagnitude, Metric::kWanda, Metric::kSparseGpt}) {
    const std::unique_ptr<Pruner> pruner = MakePruner(metric);
    for (const char* name :
         {"uniform", "global", "er", "er-plus", "owl", "alpha-pruning", "dlp", "dsa", "mrp"}) {
      AllocationTask task = Task({{48, 64}, {48, 64}, {48, 64}, {48, 64}, {48, 64}}, .6, *pruner);
      task.matrices[2].weight = task.matrices[2].weight.pow(3);  // a heavier tail
      const std::vector<double> s = Allocate(task, name);
      EXPECT_NEAR(MeanOf(task, s), .6, 1e-3) << name;
      for (const double one : s) {
        EXPECT_GE(one, 0) << name;
        EXPECT_LE(one, 1) << name;
      }
      if (std::string(name) != "global" && std::string(name) != "dlp") {
        task.matrices[1].weight = task.matrices[1].weight * 8;
        ExpectNear(Allocate(task, name), s, 1e-3);
      }
    }
  }
}

TEST(Allocation, MrpPrunesALayerWithOutliersLess) {
  const std::unique_ptr<Pruner> pruner = MakePruner(Metric::kWanda);
  AllocationTask task = Task({{48, 64}, {48, 64}, {48, 64}, {48, 64}}, .6, *pruner);
  task.matrices[2].weight = task.matrices[2].weight.pow(3);
  const std::vector<double> s = Allocate(task, "mrp");
  EXPECT_LT(s[2], .5);
  EXPECT_NEAR(s[0], s[3], .02);  // alike within a step of each
}

TEST(Allocation, SpearmanCorrelation) {
  const std::vector<double> a = {1, 2, 3, 4, 5};
  EXPECT_DOUBLE_EQ(SpearmanCorrelation(a, std::vector{2., 4., 9., 16., 99.}), 1);
  EXPECT_DOUBLE_EQ(SpearmanCorrelation(a, std::vector{5., 4., 3., 2., 1.}), -1);
  EXPECT_DOUBLE_EQ(SpearmanCorrelation(a, std::vector{1., 2., 3., 5., 4.}), 0.9);
  EXPECT_EQ(SpearmanCorrelation(a, std::vector{1., 1., 1., 1., 1.}), 0);
  // Two of five share the rank 1.5: 1 - 6 * 0.5 / 120 corrected for ties.
  EXPECT_NEAR(SpearmanCorrelation(a, std::vector{1., 1., 3., 4., 5.}), 0.9746794, 1e-6);
}

TEST(Allocation, SaysWhatIsWrong) {
  AllocationConfig config;
  config.name = "mpr";
  EXPECT_THROW(MakeAllocation(config), UsageError);
  config.layer = "row";
  EXPECT_THROW(config.Validate(), UsageError);
  EXPECT_THROW(FitBudget({.5, .5}, std::vector{1., 1.}, .9, 0, .6), Error);
}

}  // namespace
}  // namespace tersor::prune
