// MRP: prune the most redundant layer a little, measure again, until the budget is met. Gao et al.
// 2025, arXiv:2503.18377. The paper's text was not at hand: what its abstract does not say is a
// field of AllocationConfig.
#include "tersor/prune/allocation/mrp.h"

#include <algorithm>
#include <cmath>

#include "tersor/prune/allocation/allocations.h"
#include "tersor/util/error.h"

namespace tersor::prune {
namespace {

constexpr double kTolerance = 1e-9;

/// Sparsity as a whole number of steps, which do not drift apart.
double AfterSteps(const MrpOptions& options, int64_t steps) {
  return std::min(options.start + static_cast<double>(steps) * options.step, options.cap);
}

class Mrp : public Allocation {
 public:
  explicit Mrp(const AllocationConfig& config) : config_(config) {}

  std::vector<double> Allocate(const AllocationTask& task) const override {
    MrpOptions options;
    options.target = task.sparsity;
    options.start = config_.start < 0 ? std::max(0.0, task.sparsity - 0.2) : config_.start;
    options.cap = config_.cap < 0 ? std::min(0.95, task.sparsity + 0.15) : config_.cap;
    options.step = config_.step;
    options.saturation = config_.saturation == "turn"           ? Saturation::kTurn
                         : config_.saturation == "all-outliers" ? Saturation::kAllOutliers
                                                                : Saturation::kNever;
    TERSOR_CHECK(options.start <= options.target, "allocation.start ", options.start,
                 " is above the sparsity of ", options.target);
    return task.ByMatrix(config_.statistics == "propagated" ? Propagated(task, options)
                                                            : Frozen(task, options));
  }

 private:
  RedundancyKind kind() const {
    return config_.redundancy == "dense" ? RedundancyKind::kDense : RedundancyKind::kAll;
  }

  LayerScores ScoresOf(const AllocationTask& task, size_t layer,
                       std::span<const InputEvidence> evidence) const {
    return {task.LayerSaliency(layer, task.pruner->metric(), evidence), *task.pruner};
  }

  /// A layer's level depends on its own sparsity alone: its scores are sorted once, for all
  /// sparsities that the greedy can ask for, and only the levels are kept.
  std::vector<double> Frozen(const AllocationTask& task, const MrpOptions& options) const {
    std::vector<std::vector<RedundancyLevel>> tables(task.layers.size());
    const auto level = [&](size_t layer, double sparsity) {
      std::vector<RedundancyLevel>& table = tables[layer];
      if (table.empty()) {
        const LayerScores scores = ScoresOf(task, layer, {});
        double at = -1;
        for (int64_t k = 0; at < options.cap; ++k) {
          at = AfterSteps(options, k);
          table.push_back(scores.At(at, config_.outlier_factor, kind()));
        }
      }
      return table.at(
          static_cast<size_t>(std::ceil((sparsity - options.start) / options.step - 1e-6)));
    };
    return AllocateByRedundancy(task.LayerSizes(), options, level);
  }

  /// After each step the inputs of what follows are measured again on the pruned model.
  std::vector<double> Propagated(const AllocationTask& task, const MrpOptions& options) const {
    std::vector<InputEvidence> evidence;
    const auto level = [&](size_t layer, double sparsity) {
      return ScoresOf(task, layer, evidence).At(sparsity, config_.outlier_factor, kind());
    };
    const auto raised = [&](size_t layer, const std::vector<double>& by_layer) {
      const int64_t block = task.matrices[task.layers[layer].front()].block;
      evidence = task.remeasure(task.ByMatrix(by_layer), block);
      return true;
    };
    return AllocateByRedundancy(task.LayerSizes(), options, level, raised);
  }

  AllocationConfig config_;
};

}  // namespace

std::vector<double> AllocateByRedundancy(
    std::span<const double> sizes, const MrpOptions& options, const LevelFunction& level,
    const std::function<bool(size_t layer, const std::vector<double>&)>& raised) {
  const size_t layers = sizes.size();
  double missing = 0;  // weights that must still go
  for (const double size : sizes) {
    missing += size * (options.target - options.start);
  }
  const double enough = kTolerance * missing / std::max(kTolerance, options.target - options.start);
  std::vector<int64_t> steps(layers);
  std::vector<double> result(layers, options.start);
  std::vector<double> redundancy(layers);
  std::vector<bool> saturated(layers);
  const bool by_turn = options.saturation == Saturation::kTurn;
  const auto measure = [&](size_t first, size_t last) {
    for (size_t i = first; i < last; ++i) {
      const RedundancyLevel now = level(i, result[i]);
      redundancy[i] = now.redundancy;
      saturated[i] = by_turn
                         ? level(i, AfterSteps(options, steps[i] + 1)).redundancy > now.redundancy
                         : options.saturation == Saturation::kAllOutliers && now.saturated;
    }
  };
  if (missing > enough) {
    measure(0, layers);
  }
  while (missing > enough) {
    size_t best = layers;
    for (size_t i = 0; i < layers; ++i) {
      if (result[i] + 1e-12 >= options.cap) {
        continue;
      }
      const auto rank = [&](size_t layer) {  // the larger, the sooner
        return std::pair(!saturated[layer],
                         by_turn && saturated[layer] ? -redundancy[layer] : redundancy[layer]);
      };
      if (best == layers || rank(i) > rank(best)) {
        best = i;
      }
    }
    TERSOR_CHECK(best < layers, "mrp: every layer is at the cap of ", options.cap,
                 " before the sparsity of ", options.target, " is reached; raise allocation.cap");
    const double whole = AfterSteps(options, ++steps[best]) - result[best];
    const double step = std::min(whole, missing / sizes[best]);
    result[best] = step < whole ? result[best] + step : AfterSteps(options, steps[best]);
    missing -= step * sizes[best];
    if (missing > enough) {
      const bool again = raised && raised(best, result);
      measure(best, again ? layers : best + 1);
    }
  }
  return result;
}

std::unique_ptr<Allocation> MakeMrp(const AllocationConfig& config) {
  return std::make_unique<Mrp>(config);
}

}  // namespace tersor::prune
