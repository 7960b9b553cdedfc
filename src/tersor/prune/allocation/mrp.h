// Maximum Redundancy Pruning's greedy, apart from where its redundancies come from.
#ifndef TERSOR_PRUNE_ALLOCATION_MRP_H_
#define TERSOR_PRUNE_ALLOCATION_MRP_H_

#include <functional>
#include <span>
#include <vector>

#include "tersor/prune/redundancy.h"

namespace tersor::prune {

/// When a layer comes last, because more pruning no longer makes it less redundant. Not in what is
/// known of the paper.
enum class Saturation {
  kNever,
  kAllOutliers,  // every weight that remains is an outlier: its share of non-outliers is that of
                 // the pruned ones
  kTurn,         // another step would raise its share of non-outliers. Of such layers the least
                 // redundant one is next, since pruning then evens them out from below
};

struct MrpOptions {
  double target = 0.7;
  double start = 0.5;  // of all layers
  double step = 0.01;
  double cap = 0.85;
  Saturation saturation = Saturation::kTurn;
};

/// Level of a layer at a sparsity, which is start + a whole number of steps, or the cap.
using LevelFunction = std::function<RedundancyLevel(size_t layer, double sparsity)>;

/// The most redundant layer that is not saturated, of equal ones the first, is pruned by a step,
/// until the layers, weighted by `sizes`, have the target; the last step is as short as it must be;
/// saturated ones are pruned where no other is below the cap. `raised` is
/// called after each step with the sparsities so far; the levels of layers from the one given on
/// are asked for again after it where it returns true. Throws Error where the cap is too low.
std::vector<double> AllocateByRedundancy(
    std::span<const double> sizes, const MrpOptions& options, const LevelFunction& level,
    const std::function<bool(size_t layer, const std::vector<double>&)>& raised = {});

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_ALLOCATION_MRP_H_
