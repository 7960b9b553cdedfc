// Allocations: how much to prune each layer, so that the model as a whole loses what was asked.
#ifndef TERSOR_PRUNE_ALLOCATION_H_
#define TERSOR_PRUNE_ALLOCATION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tersor/prune/allocation_config.h"
#include "tersor/prune/pruner.h"
#include "tersor/prune/saliency.h"

namespace tersor::prune {

/// A prunable matrix of the dense model, and what calibration says of its input.
struct Matrix {
  std::string name;  // of the weight in the checkpoint
  int64_t block = 0;
  at::Tensor weight;  // float32 [rows, cols]
  InputEvidence input;

  int64_t size() const { return weight.numel(); }
};

/// Matrices, by index, that are pruned alike.
using LayerMembers = std::vector<size_t>;

/// What an allocation decides by.
struct AllocationTask {
  std::vector<Matrix> matrices;      // in model order
  std::vector<LayerMembers> layers;  // in model order; every matrix is in one
  const Pruner* pruner = nullptr;
  double sparsity = 0;  // of all matrices together

  /// Perplexity on held-out calibration text of the model pruned by sparsities of the matrices.
  std::function<double(const std::vector<double>&)> perplexity;
  /// The matrices' evidence in the model pruned by such sparsities, from a block on.
  std::function<std::vector<InputEvidence>(const std::vector<double>&, int64_t block)> remeasure;

  /// Weights of each layer.
  std::vector<double> LayerSizes() const;
  /// The scores of a layer's matrices; `evidence` of all matrices, or empty for the dense model's.
  std::vector<at::Tensor> LayerSaliency(size_t layer, Metric metric,
                                        std::span<const InputEvidence> evidence = {}) const;
  /// Of each matrix from that of its layer.
  std::vector<double> ByMatrix(const std::vector<double>& by_layer) const;
};

class Allocation {
 public:
  virtual ~Allocation() = default;

  /// What Allocate() reads beside the evidence that the pruner's own metric needs.
  virtual bool needs_norms() const { return false; }
  virtual bool needs_perplexity() const { return false; }

  /// The sparsity of each matrix, in [0, 1]; weighted by size they average to task.sparsity.
  /// Throws Error where the task allows none.
  virtual std::vector<double> Allocate(const AllocationTask& task) const = 0;
};

/// Throws UsageError for a name that is none of kAllocationNames.
std::unique_ptr<Allocation> MakeAllocation(const AllocationConfig& config);

/// Values shifted by one constant, each held in [low, high], so that weighted by `sizes` they
/// average to `target`. Throws Error where the bounds do not allow it.
std::vector<double> FitBudget(std::vector<double> values, std::span<const double> sizes,
                              double target, double low, double high);

/// Values mapped linearly to sparsities `range` wide, the smallest value to the lowest sparsity or,
/// with `reversed`, to the highest; uniform where all values are the same.
std::vector<double> MapToSparsity(std::span<const double> values, std::span<const double> sizes,
                                  double target, double range, bool reversed);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_ALLOCATION_H_
