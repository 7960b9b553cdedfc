#include "tersor/prune/pruner.h"

#include <ATen/ATen.h>

#include "tersor/prune/sparse_gpt.h"

namespace tersor::prune {
namespace {

/// Pruners that only choose.
class ScorePruner : public Pruner {
 public:
  void Prune(at::Tensor& weight, const InputStatistics& input, double sparsity,
             const Pattern& pattern) const override {
    const InputEvidence evidence{needs_input() ? input.Norms() : at::Tensor(), {}};
    const at::Tensor scores = Saliency(metric(), weight, evidence).contiguous();
    const at::Tensor mask = pattern.structured() ? LowestOfGroups(scores, pattern)
                                                 : Mask(scores, CountOf(sparsity, scores.numel()));
    const at::NoGradGuard no_grad;
    weight.masked_fill_(mask, 0);
  }
};

class MagnitudePruner : public ScorePruner {
 public:
  Metric metric() const override { return Metric::kMagnitude; }
  bool needs_input() const override { return false; }
  std::vector<at::Tensor> Sets(const at::Tensor& scores) const override {
    return {scores.reshape({1, -1})};
  }
  at::Tensor Mask(const at::Tensor& scores, int64_t count) const override {
    return LowestOfMatrix(scores, count);
  }
};

class WandaPruner : public ScorePruner {
 public:
  Metric metric() const override { return Metric::kWanda; }
  std::vector<at::Tensor> Sets(const at::Tensor& scores) const override { return {scores}; }
  at::Tensor Mask(const at::Tensor& scores, int64_t count) const override {
    return LowestOfRows(scores, count);
  }
};

}  // namespace

std::unique_ptr<Pruner> MakePruner(Metric metric) {
  switch (metric) {
    case Metric::kWanda:
      return std::make_unique<WandaPruner>();
    case Metric::kSparseGpt:
      return std::make_unique<SparseGptPruner>();
    case Metric::kMagnitude:
      break;
  }
  return std::make_unique<MagnitudePruner>();
}

}  // namespace tersor::prune
