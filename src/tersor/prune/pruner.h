// Pruners: how the weights of one matrix are chosen and what becomes of the others.
#ifndef TERSOR_PRUNE_PRUNER_H_
#define TERSOR_PRUNE_PRUNER_H_

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "tersor/prune/mask.h"
#include "tersor/prune/prunable_model.h"
#include "tersor/prune/saliency.h"

namespace tersor::prune {

/// One metric's pruner. Stateless.
class Pruner {
 public:
  virtual ~Pruner() = default;
  virtual Metric metric() const = 0;

  /// Which statistics Prune() reads.
  virtual bool needs_input() const { return true; }
  virtual bool needs_gram() const { return false; }

  /// Sets CountOf(sparsity, numel) weights of `weight` [rows, cols] to zero, or with a structured
  /// pattern those that it leaves out, and may change the others.
  virtual void Prune(at::Tensor& weight, const InputStatistics& input, double sparsity,
                     const Pattern& pattern) const = 0;

  /// The mask of `count` weights that Prune() would choose by `scores` [rows, cols] before any
  /// weight has changed.
  virtual at::Tensor Mask(const at::Tensor& scores, int64_t count) const = 0;

  /// The sets of `scores` [rows, cols] out of each of which Prune() takes the lowest, an equal
  /// share of every set: matrices [sets, size].
  virtual std::vector<at::Tensor> Sets(const at::Tensor& scores) const = 0;
};

/// Magnitude: the lowest of each matrix. Wanda (arXiv:2306.11695): the lowest of each row.
/// SparseGPT: sparse_gpt.h.
std::unique_ptr<Pruner> MakePruner(Metric metric);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_PRUNER_H_
