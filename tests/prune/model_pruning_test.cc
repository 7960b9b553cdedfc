// Whole models: counts, order of the passes, and what is refused.
#include "tersor/prune/model_pruning.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/random_model.h"
#include "tersor/prune/keep_sparsity.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::prune {
namespace {

class ModelPruningTest : public ::testing::Test {
 protected:
  static io::ModelConfig Config() {
    io::ModelConfig config = testing::SmallLlama();
    config.num_hidden_layers = 4;
    return config;
  }

  void SetUp() override {
    samples_ = at::randint(0, 258, {6, 32}, at::detail::createCPUGenerator(1), at::kLong);
    for (int i = 0; i < 300; ++i) {
      held_out_.push_back(i * 37 % 251);
    }
    options_.sparsity = 0.6;
  }

  PruneResult Prune(PrunableModel& model) {
    return ModelPruning(model, samples_, held_out_, options_, [](const char*, int64_t, int64_t) {})
        .Run();
  }

  at::Tensor samples_;
  std::vector<int32_t> held_out_;
  PruneOptions options_;
};

TEST_F(ModelPruningTest, EveryMetricAndAllocationMeetsTheBudget) {
  for (const Metric metric : {Metric::kMagnitude, Metric::kWanda, Metric::kSparseGpt}) {
    options_.metric = metric;
    for (const char* name : {"uniform", "global", "er", "er-plus", "owl", "alpha-pruning", "dlp",
                             "atp", "dsa", "mrp"}) {
      options_.allocation.name = name;
      PrunableModel model = PrunableModel::Make(Config(), 3);
      const PruneResult result = Prune(model);
      int64_t zeros = 0, weights = 0;
      for (const PrunedMatrix& matrix : result.matrices) {
        EXPECT_EQ(matrix.zeros, CountOf(matrix.asked, matrix.weights)) << name << matrix.name;
        zeros += matrix.zeros;
        weights += matrix.weights;
      }
      // Within one weight a matrix.
      EXPECT_NEAR(static_cast<double>(zeros), 0.6 * static_cast<double>(weights),
                  static_cast<double>(result.matrices.size()))
          << name;
      EXPECT_EQ(result.matrices.size(), 28u);
    }
  }
}

TEST_F(ModelPruningTest, ThreadsCacheAndRepetitionGiveTheSameModel) {
  const testing::TemporaryFolder folder;
  for (const Metric metric : {Metric::kWanda, Metric::kSparseGpt}) {
    options_.metric = metric;
    options_.cache = "";
    PrunableModel first = PrunableModel::Make(Config(), 3);
    Prune(first);
    options_.cache = folder.path();
    for (const int threads : {1, 0}) {  // the second one finds the evidence in the cache
      SetNumThreads(threads);
      PrunableModel again = PrunableModel::Make(Config(), 3);
      Prune(again);
      const nn::ParameterList a = first.language_model().Parameters();
      const nn::ParameterList b = again.language_model().Parameters();
      for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_TRUE(at::allclose(a[i].value, b[i].value, 1e-4, 1e-6)) << a[i].name;
      }
    }
  }
  SetNumThreads(0);
}

TEST_F(ModelPruningTest, LayersMayBeMatrices) {
  options_.allocation.layer = "matrix";
  PrunableModel model = PrunableModel::Make(Config(), 3);
  EXPECT_EQ(Prune(model).layers.size(), 28u);
}

TEST_F(ModelPruningTest, MixedPatternsKeepTheBudget) {
  options_.pattern = Pattern::Parse("4:8");
  options_.sparsity = options_.pattern.sparsity();
  for (const char* name : {"uniform", "owl"}) {
    options_.allocation.name = name;
    options_.allocation.owl_range = 0.2;
    PrunableModel model = PrunableModel::Make(Config(), 3);
    const PruneResult result = Prune(model);
    int64_t zeros = 0, weights = 0;
    bool mixed = false;
    for (const PrunedMatrix& matrix : result.matrices) {
      mixed = mixed || std::abs(matrix.asked - 0.5) > 1e-9;
      EXPECT_NEAR(matrix.asked * 8, std::round(matrix.asked * 8), 1e-9);
      zeros += matrix.zeros;
      weights += matrix.weights;
    }
    EXPECT_EQ(mixed, std::string(name) == "owl");
    EXPECT_NEAR(static_cast<double>(zeros) / static_cast<double>(weights), 0.5, 0.02);
  }
}

TEST_F(ModelPruningTest, PropagatedStatisticsRunAndRestore) {
  options_.allocation.statistics = "propagated";
  options_.allocation.step = 0.05;
  for (const Metric metric : {Metric::kMagnitude, Metric::kWanda, Metric::kSparseGpt}) {
    options_.metric = metric;
    PrunableModel model = PrunableModel::Make(Config(), 3);
    int64_t zeros = 0, weights = 0;
    for (const PrunedMatrix& matrix : Prune(model).matrices) {
      zeros += matrix.zeros;
      weights += matrix.weights;
    }
    EXPECT_NEAR(static_cast<double>(zeros) / static_cast<double>(weights), 0.6, 1e-3);
  }
}

TEST_F(ModelPruningTest, SensitivityLeavesTheModelDense) {
  PrunableModel model = PrunableModel::Make(Config(), 3);
  std::vector<at::Tensor> before;
  for (const nn::Parameter& parameter : model.language_model().Parameters()) {
    before.push_back(parameter.value.detach().clone());
  }
  ModelPruning pruning(model, samples_, held_out_, options_, [](const char*, int64_t, int64_t) {});
  const std::vector<double> sensitivity = pruning.Sensitivity(0.8);
  EXPECT_EQ(sensitivity.size(), 4u);
  const nn::ParameterList after = model.language_model().Parameters();
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_TRUE(at::equal(before[i], after[i].value)) << after[i].name;
  }
}

TEST_F(ModelPruningTest, WeightsThatAreZeroStayZeroInTraining) {
  PrunableModel model = PrunableModel::Make(Config(), 3);
  Prune(model);
  const nn::ParameterList parameters = model.language_model().Parameters();
  KeepSparsity keep(parameters);
  EXPECT_NEAR(keep.sparsity(), 0.6, 1e-3);
  {
    const at::NoGradGuard no_grad;
    for (const nn::Parameter& parameter : parameters) {
      at::Tensor value = parameter.value;
      value.add_(0.5);
    }
  }
  keep.AfterStep({});
  EXPECT_NEAR(KeepSparsity(parameters).sparsity(), 0.6, 1e-3);
  EXPECT_GT(at::count_nonzero(parameters[0].value).item<int64_t>(),
            parameters[0].value.numel() - 10);  // not the embedding
}

TEST_F(ModelPruningTest, RefusesWhatCannotBePruned) {
  const auto expect = [&](PrunableModel& model, const std::string& part) {
    try {
      Prune(model);
      ADD_FAILURE() << "accepted: " << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  const at::NoGradGuard no_grad;
  PrunableModel model = PrunableModel::Make(Config(), 3);
  Prune(model);
  options_.sparsity = 0.3;
  expect(model, "zeros among its weights already");
  options_.sparsity = 0.8;  // further is fine
  Prune(model);
  PrunableModel broken = PrunableModel::Make(Config(), 3);
  broken.groups(2)[0]->weights()[1].value[0][0] = NAN;
  expect(broken, "model.layers.2.self_attn.k_proj.weight");
  PrunableModel large = PrunableModel::Make(Config(), 3);
  large.groups(1)[0]->weights()[2].value.fill_(1e30);
  expect(large, "block 1");
}

}  // namespace
}  // namespace tersor::prune
