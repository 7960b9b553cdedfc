// SparseGPT: prunes a matrix column by column and lets the remaining weights make up for what went.
// Frantar and Alistarh 2023, arXiv:2301.00774.
#ifndef TERSOR_PRUNE_SPARSE_GPT_H_
#define TERSOR_PRUNE_SPARSE_GPT_H_

#include "tersor/prune/pruner.h"

namespace tersor::prune {

class SparseGptPruner : public Pruner {
 public:
  /// `damping`: share of the Hessian's mean diagonal that is added to it. `block`: columns whose
  /// mask is chosen at once, from weights that are corrected up to there (section 3.3).
  explicit SparseGptPruner(double damping = 0.01, int64_t block = 128)
      : damping_(damping), block_(block) {}

  Metric metric() const override { return Metric::kSparseGpt; }
  bool needs_gram() const override { return true; }

  /// Each block of columns gets its share of the zeros, by rounding of the running total; rows may
  /// differ. Columns without any input are zeroed, and count.
  void Prune(at::Tensor& weight, const InputStatistics& input, double sparsity,
             const Pattern& pattern) const override;
  at::Tensor Mask(const at::Tensor& scores, int64_t count) const override;
  std::vector<at::Tensor> Sets(const at::Tensor& scores) const override;

 private:
  double damping_;
  int64_t block_;
};

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_SPARSE_GPT_H_
