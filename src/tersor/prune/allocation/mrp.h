// Maximum Redundancy Pruning's greedy, apart from where its redundancies come from.
#ifndef TERSOR_PRUNE_ALLOCATION_MRP_H_
#define TERSOR_PRUNE_ALLOCATION_MRP_H_

#include <functional>
#include <span>
#include <vector>

#include "tersor/prune/redundancy.h"

namespace tersor::prune {

struct MrpOptions {
  double target = 0.7;
  double start = 0.5;  // of all layers
  double step = 0.01;
  double cap = 0.85;
  bool saturation = true;  // saturated layers only where no other is left
};

/// Level of a layer at a sparsity, which is start + a whole number of steps, or the cap.
using LevelFunction = std::function<RedundancyLevel(size_t layer, double sparsity)>;

/// The most redundant layer, of equal ones the first, is pruned by a step, until the layers,
/// weighted by `sizes`, have the target; the last step is as short as it must be. `raised` is
/// called after each step with the sparsities so far; the levels of layers from the one given on
/// are asked for again after it where it returns true. Throws Error where the cap is too low.
std::vector<double> AllocateByRedundancy(
    std::span<const double> sizes, const MrpOptions& options, const LevelFunction& level,
    const std::function<bool(size_t layer, const std::vector<double>&)>& raised = {});

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_ALLOCATION_MRP_H_
