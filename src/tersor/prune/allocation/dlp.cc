// DLP: the larger a layer's Wanda scores beside those of the others, the more it is pruned: its
// relative unimportance is 1 - level / sum of levels. Chen et al. 2025, arXiv:2505.23807; the
// released code takes means as levels, the paper medians.
#include <ATen/ATen.h>

#include <numeric>

#include "tersor/prune/allocation/allocations.h"

namespace tersor::prune {
namespace {

class Dlp : public Allocation {
 public:
  explicit Dlp(const AllocationConfig& config)
      : range_(2 * config.dlp_range), median_(config.dlp_statistic == "median") {}

  bool needs_norms() const override { return true; }

  std::vector<double> Allocate(const AllocationTask& task) const override {
    std::vector<double> levels;
    for (size_t i = 0; i < task.layers.size(); ++i) {
      std::vector<at::Tensor> flat;
      for (const at::Tensor& scores : task.LayerSaliency(i, Metric::kWanda)) {
        flat.push_back(scores.reshape(-1));
      }
      const at::Tensor all = at::cat(flat);
      levels.push_back(median_ ? all.median().item<double>()
                               : all.mean(at::kDouble).item<double>());
    }
    // Dividing by the sum is a linear map, which MapToSparsity undoes.
    return task.ByMatrix(
        MapToSparsity(levels, task.LayerSizes(), task.sparsity, range_, /*reversed=*/false));
  }

 private:
  double range_;
  bool median_;
};

}  // namespace

std::unique_ptr<Allocation> MakeDlp(const AllocationConfig& config) {
  return std::make_unique<Dlp>(config);
}

}  // namespace tersor::prune
