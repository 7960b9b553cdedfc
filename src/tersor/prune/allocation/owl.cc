// OWL: layers with more outliers among their Wanda scores are pruned less. Yin et al. 2024,
// arXiv:2310.05175.
#include "tersor/prune/allocation/allocations.h"
#include "tersor/prune/redundancy.h"

namespace tersor::prune {
namespace {

class Owl : public Allocation {
 public:
  explicit Owl(const AllocationConfig& config)
      : range_(2 * config.owl_range), outlier_factor_(config.outlier_factor) {}

  bool needs_norms() const override { return true; }

  std::vector<double> Allocate(const AllocationTask& task) const override {
    std::vector<double> ratios;
    for (size_t i = 0; i < task.layers.size(); ++i) {
      const std::vector<at::Tensor> scores = task.LayerSaliency(i, Metric::kWanda);
      ratios.push_back(LayerScores(scores, *task.pruner).OutlierRatio(outlier_factor_));
    }
    return task.ByMatrix(
        MapToSparsity(ratios, task.LayerSizes(), task.sparsity, range_, /*reversed=*/true));
  }

 private:
  double range_, outlier_factor_;
};

}  // namespace

std::unique_ptr<Allocation> MakeOwl(const AllocationConfig& config) {
  return std::make_unique<Owl>(config);
}

}  // namespace tersor::prune
