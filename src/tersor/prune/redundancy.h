// How redundant a layer is: the share of its weights whose scores are no outliers. Yin et al. 2024
// (OWL, arXiv:2310.05175, section 3) count outliers; Gao et al. 2025 (MRP, arXiv:2503.18377) call
// the rest redundancy and measure it again on the pruned layer.
#ifndef TERSOR_PRUNE_REDUNDANCY_H_
#define TERSOR_PRUNE_REDUNDANCY_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/prune/pruner.h"

namespace tersor::prune {

/// What counts as an outlier in a layer that is partly pruned. The paper's text was not at hand;
/// both readings are offered.
enum class RedundancyKind {
  kAll,    // above M times the mean over all scores, those of pruned weights being 0; out of all
  kDense,  // above M times the mean of the dense layer; out of the weights that remain
};

struct RedundancyLevel {
  double redundancy = 0;   // in [0, 1]
  bool saturated = false;  // every weight that remains is an outlier
};

/// The scores of a layer's matrices, ready to say what is left at any sparsity.
class LayerScores {
 public:
  /// scores: float32, one a matrix; `pruner` tells which of them compete.
  LayerScores(std::span<const at::Tensor> scores, const Pruner& pruner);

  /// Number of scores.
  int64_t size() const { return size_; }

  /// The level after the lowest `sparsity` of every set are gone. `outlier_factor`: M.
  RedundancyLevel At(double sparsity, double outlier_factor, RedundancyKind kind) const;

  /// Share of the dense layer's scores above M times their mean: OWL's D.
  double OutlierRatio(double outlier_factor) const;

 private:
  struct Set {
    std::vector<float> sorted;    // ascending
    std::vector<double> removed;  // removed[k]: sum of the k lowest
  };
  std::vector<Set> sets_;
  int64_t size_ = 0;
  double total_ = 0;
};

/// Rank correlation of two lists of equal length, in [-1, 1]; equal values share their mean rank. 0
/// where one list is constant (Spearman 1904).
double SpearmanCorrelation(std::span<const double> a, std::span<const double> b);

/// Population standard deviation: 0 for layers that are redundant alike.
double Spread(std::span<const double> values);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_REDUNDANCY_H_
