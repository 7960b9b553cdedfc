// DSA: a searched function of the scores. Of what the search found (Li et al. 2024,
// arXiv:2410.12653) the core: the variance of the logarithm of a layer's Wanda scores, mapped as
// OWL maps outliers. The published function wraps it in monotone operators, which only bend the
// map.
#include <ATen/ATen.h>

#include "tersor/prune/allocation/allocations.h"

namespace tersor::prune {
namespace {

class Dsa : public Allocation {
 public:
  explicit Dsa(const AllocationConfig& config) : range_(2 * config.owl_range) {}

  bool needs_norms() const override { return true; }

  std::vector<double> Allocate(const AllocationTask& task) const override {
    std::vector<double> variances;
    for (size_t i = 0; i < task.layers.size(); ++i) {
      std::vector<at::Tensor> flat;
      for (const at::Tensor& scores : task.LayerSaliency(i, Metric::kWanda)) {
        flat.push_back(scores.clamp_min(1e-30).log().reshape(-1));
      }
      variances.push_back(at::cat(flat).to(at::kDouble).var(/*unbiased=*/false).item<double>());
    }
    return task.ByMatrix(
        MapToSparsity(variances, task.LayerSizes(), task.sparsity, range_, /*reversed=*/true));
  }

 private:
  double range_;
};

}  // namespace

std::unique_ptr<Allocation> MakeDsa(const AllocationConfig& config) {
  return std::make_unique<Dsa>(config);
}

}  // namespace tersor::prune
