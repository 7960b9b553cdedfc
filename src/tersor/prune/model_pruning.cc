#include "tersor/prune/model_pruning.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tersor/eval/perplexity.h"
#include "tersor/prune/evidence_cache.h"
#include "tersor/prune/redundancy.h"
#include "tersor/prune/sparse_gpt.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "tersor/util/rng.h"

namespace tersor::prune {
namespace {

constexpr double kNoticeableZeros = 0.01;

int64_t CountZeros(const at::Tensor& weight) {
  return weight.numel() - at::count_nonzero(weight).item<int64_t>();
}

/// Multiples of 1 / m next to the sparsities, which weighted by size average to the target as
/// nearly as they can: rounded down, and up again where most was lost.
void RoundToGroups(std::span<const double> sizes, int64_t m, double target,
                   std::vector<double>& sparsities) {
  const auto steps = static_cast<double>(m);
  std::vector<size_t> order(sparsities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::vector<double> lost(sparsities.size());
  double missing = 0;
  for (size_t i = 0; i < sparsities.size(); ++i) {
    const double down = std::min(std::floor(sparsities[i] * steps + 1e-9), steps - 1) / steps;
    lost[i] = sparsities[i] - down;
    missing += sizes[i] * (target - down);
    sparsities[i] = down;
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lost[a] > lost[b]; });
  for (const size_t i : order) {
    if (missing >= sizes[i] / steps / 2 && sparsities[i] < (steps - 1) / steps) {
      sparsities[i] += 1 / steps;
      missing -= sizes[i] / steps;
    }
  }
}

}  // namespace

ModelPruning::ModelPruning(PrunableModel& model, const at::Tensor& calibration,
                           std::span<const int32_t> held_out, const PruneOptions& options,
                           PruneProgress progress)
    : model_(model),
      calibration_(calibration),
      held_out_(held_out),
      options_(options),
      pruner_(options.metric == Metric::kSparseGpt
                  ? std::make_unique<SparseGptPruner>(options.damping)
                  : MakePruner(options.metric)),
      allocation_(MakeAllocation(options.allocation)),
      progress_(std::move(progress)) {
  for (int64_t block = 0; block < model.blocks(); ++block) {
    for (ObservedGroup* group : model.groups(block)) {
      for (const nn::Parameter& weight : group->weights()) {
        TERSOR_CHECK(at::isfinite(weight.value).all().item<bool>(), "tensor ", weight.name,
                     " has values that are not finite; the model is broken");
        weights_.push_back(weight);
        blocks_.push_back(block);
      }
    }
  }
}

ModelPruning::~ModelPruning() = default;

/// Fills a task whose callbacks refer to it.
void ModelPruning::FillTask(AllocationTask& task) {
  task.pruner = pruner_.get();
  task.sparsity = options_.sparsity;
  for (size_t i = 0; i < weights_.size(); ++i) {
    task.matrices.push_back({weights_[i].name, blocks_[i], weights_[i].value, {}});
  }
  for (size_t i = 0; i < task.matrices.size(); ++i) {
    const bool joins = options_.allocation.layer == "block" && i > 0 &&
                       task.matrices[i].block == task.matrices[i - 1].block;
    if (!joins) {
      task.layers.emplace_back();
    }
    task.layers.back().push_back(i);
  }
  task.perplexity = [this](const std::vector<double>& by_matrix) {
    Prune(by_matrix, /*keep_dense=*/true);
    const double perplexity = HeldOutPerplexity();
    Restore();
    return perplexity;
  };
  task.remeasure = [this, &task](const std::vector<double>& by_matrix, int64_t block) {
    return Remeasure(task.matrices, by_matrix, block);
  };
}

PruneResult ModelPruning::Run() {
  AllocationTask task;
  FillTask(task);
  const std::vector<double> sizes = task.LayerSizes();
  const double total = std::accumulate(sizes.begin(), sizes.end(), 0.0);
  PruneResult result;
  int64_t zeros = 0;
  for (const nn::Parameter& weight : weights_) {
    zeros += CountZeros(weight.value);
  }
  result.zeros_before = static_cast<double>(zeros) / total;
  TERSOR_CHECK(result.zeros_before <= options_.sparsity + 1e-9, "the model has ",
               result.zeros_before, " zeros among its weights already, more than a sparsity of ",
               options_.sparsity);
  if (result.zeros_before > kNoticeableZeros) {
    log::Warn("the model is pruned already: {:.1f} % of the weights are zero; they count",
              100 * result.zeros_before);
  }
  AddEvidence(task);
  std::vector<double> by_matrix = allocation_->Allocate(task);
  if (options_.pattern.structured()) {
    std::vector<double> matrix_sizes;
    for (const Matrix& matrix : task.matrices) {
      matrix_sizes.push_back(static_cast<double>(matrix.size()));
    }
    RoundToGroups(matrix_sizes, options_.pattern.m, options_.sparsity, by_matrix);
  }
  for (size_t i = 0; i < task.layers.size(); ++i) {
    const LayerScores scores(task.LayerSaliency(i, options_.metric), *pruner_);
    PrunedLayer& layer = result.layers.emplace_back();
    for (const size_t member : task.layers[i]) {
      layer.sparsity += by_matrix[member] * static_cast<double>(task.matrices[member].size());
    }
    layer.sparsity /= sizes[i];
    const double factor = options_.allocation.outlier_factor;
    layer.dense_redundancy = scores.At(0, factor, RedundancyKind::kAll).redundancy;
    layer.redundancy = scores.At(layer.sparsity, factor, RedundancyKind::kAll).redundancy;
  }
  dense_.clear();
  Prune(by_matrix, /*keep_dense=*/false);
  for (size_t i = 0; i < weights_.size(); ++i) {
    result.matrices.push_back({weights_[i].name, task.matrices[i].block, weights_[i].value.numel(),
                               CountZeros(weights_[i].value), by_matrix[i]});
  }
  return result;
}

void ModelPruning::AddEvidence(AllocationTask& task) {
  AddEvidence(task.matrices, options_.metric == Metric::kWanda || allocation_->needs_norms(),
              options_.metric == Metric::kSparseGpt);
}

std::vector<RandomAllocation> ModelPruning::TryRandomly(int64_t count, double range,
                                                        uint64_t seed) {
  AllocationTask task;
  FillTask(task);
  AddEvidence(task);
  const std::vector<double> sizes = task.LayerSizes();
  std::vector<LayerScores> scores;
  for (size_t i = 0; i < task.layers.size(); ++i) {
    scores.emplace_back(task.LayerSaliency(i, options_.metric), *pruner_);
  }
  const PruneProgress progress = std::exchange(progress_, [](const char*, int64_t, int64_t) {});
  std::vector<RandomAllocation> result;
  for (int64_t n = 0; n < count; ++n) {
    const Rng rng(seed, static_cast<uint64_t>(n));
    std::vector<double> by_layer;
    for (size_t i = 0; i < task.layers.size(); ++i) {
      by_layer.push_back(options_.sparsity + range * (2 * rng.Uniform(i) - 1));
    }
    by_layer = FitBudget(std::move(by_layer), sizes, options_.sparsity, 0, 1);
    std::vector<double> redundancies;
    for (size_t i = 0; i < scores.size(); ++i) {
      redundancies.push_back(
          scores[i]
              .At(by_layer[i], options_.allocation.outlier_factor, RedundancyKind::kAll)
              .redundancy);
    }
    result.push_back({Spread(redundancies), task.perplexity(task.ByMatrix(by_layer))});
    progress("trying random allocations", n + 1, count);
  }
  progress_ = progress;
  return result;
}

void ModelPruning::AddEvidence(std::vector<Matrix>& matrices, bool norms, bool inverse_diagonal) {
  if (!norms && !inverse_diagonal) {
    return;
  }
  std::optional<EvidenceCache> cache;
  std::optional<std::vector<InputEvidence>> evidence;
  if (!options_.cache.empty()) {
    cache.emplace(options_.cache, model_.language_model().Parameters(), calibration_,
                  inverse_diagonal, options_.damping);
    evidence = cache->Find(weights_);
  }
  if (!evidence) {
    evidence = Measure(inverse_diagonal, 0);
    if (cache) {
      cache->Store(weights_, *evidence);
    }
  }
  for (size_t i = 0; i < matrices.size(); ++i) {
    matrices[i].input = (*evidence)[i];
  }
  // Nothing that is pruned changes what the first block reads.
  first_block_.clear();
  size_t first = 0;  // matrix of the group
  for (ObservedGroup* group : model_.groups(0)) {
    const at::Tensor norms = matrices[first].input.norms.to(at::kDouble);
    first_block_.push_back({.squares = norms * norms, .gram = {}});
    first += group->weights().size();
  }
}

/// Of all matrices; undefined before the first block.
std::vector<InputEvidence> ModelPruning::Measure(bool inverse_diagonal, int64_t first_block) {
  std::vector<InputEvidence> evidence;
  for (int64_t block = 0; block < first_block; ++block) {
    for (ObservedGroup* group : model_.groups(block)) {
      evidence.resize(evidence.size() + group->weights().size());
    }
  }
  CalibrationPass pass;
  pass.with_gram = inverse_diagonal;
  pass.first_block = first_block;
  pass.visit = [&](int64_t block, const BlockStatistics& statistics) {
    const std::vector<ObservedGroup*>& groups = model_.groups(block);
    for (size_t g = 0; g < groups.size(); ++g) {
      InputEvidence one{statistics[g].Norms(), {}};
      if (inverse_diagonal) {
        one.inverse_diagonal = InvertHessian(statistics[g].gram, options_.damping).Diagonal();
      }
      evidence.insert(evidence.end(), groups[g]->weights().size(), one);
    }
    progress_("measuring", block + 1, model_.blocks());
  };
  RunCalibration(model_, calibration_, pass);
  return evidence;
}

std::vector<InputEvidence> ModelPruning::Remeasure(const std::vector<Matrix>& matrices,
                                                   const std::vector<double>& by_matrix,
                                                   int64_t block) {
  // Masks by the dense model's scores; SparseGPT's corrections come with the final pass only.
  KeepDense();
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < matrices.size(); ++i) {
    const at::Tensor scores =
        Saliency(options_.metric, matrices[i].weight, matrices[i].input).contiguous();
    weights_[i].value.masked_fill_(pruner_->Mask(scores, CountOf(by_matrix[i], scores.numel())), 0);
  }
  std::vector<InputEvidence> evidence = pruner_->needs_input()
                                            ? Measure(options_.metric == Metric::kSparseGpt, block)
                                            : std::vector<InputEvidence>(matrices.size());
  Restore();
  for (size_t i = 0; i < matrices.size(); ++i) {
    if (matrices[i].block < block) {
      evidence[i] = matrices[i].input;
    }
  }
  return evidence;
}

void ModelPruning::Prune(const std::vector<double>& by_matrix, bool keep_dense) {
  if (keep_dense) {
    KeepDense();
  }
  size_t next = 0;  // matrix
  const auto prune_block = [&](int64_t block, const BlockStatistics& statistics) {
    PruneBlock(block, statistics, by_matrix.data() + next);
    for (ObservedGroup* group : model_.groups(block)) {
      next += group->weights().size();
    }
    progress_("pruning", block + 1, model_.blocks());
  };
  if (!pruner_->needs_input()) {
    for (int64_t block = 0; block < model_.blocks(); ++block) {
      prune_block(block, {});
    }
    return;
  }
  CalibrationPass pass;
  pass.with_gram = pruner_->needs_gram();
  pass.changes_blocks = true;
  if (!pass.with_gram) {
    pass.first = first_block_;
  }
  pass.visit = prune_block;
  RunCalibration(model_, calibration_, pass);
}

void ModelPruning::PruneBlock(int64_t block, const BlockStatistics& statistics,
                              const double* sparsities) {
  const std::vector<ObservedGroup*>& groups = model_.groups(block);
  for (size_t g = 0; g < groups.size(); ++g) {
    for (nn::Parameter& weight : groups[g]->weights()) {
      const double sparsity = *sparsities++;
      Pattern pattern = options_.pattern;
      if (pattern.structured()) {
        pattern.n = pattern.m - std::llround(sparsity * static_cast<double>(pattern.m));
      }
      if (sparsity > 0) {
        pruner_->Prune(weight.value, statistics.empty() ? InputStatistics() : statistics[g],
                       sparsity, pattern);
      }
    }
  }
}

std::vector<double> ModelPruning::Sensitivity(double sparsity) {
  std::vector<double> perplexities;
  KeepDense();
  const auto measure = [&](int64_t block, const BlockStatistics& statistics) {
    const std::vector<double> same(weights_.size(), sparsity);
    PruneBlock(block, statistics, same.data());
    perplexities.push_back(HeldOutPerplexity());
    Restore();
    progress_("pruning one block at a time", block + 1, model_.blocks());
  };
  if (!pruner_->needs_input()) {
    for (int64_t block = 0; block < model_.blocks(); ++block) {
      measure(block, {});
    }
    return perplexities;
  }
  CalibrationPass pass;
  pass.with_gram = pruner_->needs_gram();
  pass.visit = measure;
  RunCalibration(model_, calibration_, pass);
  return perplexities;
}

double ModelPruning::HeldOutPerplexity() {
  eval::PerplexityOptions options;
  options.window = calibration_.size(1);
  return eval::Perplexity(eval::SumLikelihood(model_.language_model(), held_out_, options));
}

void ModelPruning::KeepDense() {
  if (dense_.empty()) {
    for (const nn::Parameter& weight : weights_) {
      dense_.push_back(weight.value.detach().clone());
    }
  }
}

void ModelPruning::Restore() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < weights_.size(); ++i) {
    weights_[i].value.copy_(dense_[i]);
  }
}

}  // namespace tersor::prune
