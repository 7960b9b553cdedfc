// One threshold for the scores of the whole model. Scores of different matrices have different
// scales, so that this often empties whole matrices; it is what others are compared with.
#include <ATen/ATen.h>

#include <algorithm>

#include "tersor/prune/allocation/allocations.h"
#include "tersor/prune/mask.h"

namespace tersor::prune {
namespace {

class Global : public Allocation {
 public:
  explicit Global(const AllocationConfig& config) : normalize_(config.global_normalize) {}

  std::vector<double> Allocate(const AllocationTask& task) const override {
    std::vector<at::Tensor> scores;
    for (const Matrix& matrix : task.matrices) {
      const at::Tensor own = Saliency(task.pruner->metric(), matrix.weight, matrix.input);
      scores.push_back((normalize_ ? own / own.mean() : own).reshape(-1));
    }
    const at::Tensor all = at::cat(scores);
    const at::Tensor gone =
        LowestOfMatrix(all.view({1, -1}), CountOf(task.sparsity, all.numel())).view(-1);
    std::vector<double> by_matrix;
    int64_t at = 0;
    for (const at::Tensor& own : scores) {
      by_matrix.push_back(gone.narrow(0, at, own.numel()).sum().item<double>() /
                          static_cast<double>(own.numel()));
      at += own.numel();
    }
    return by_matrix;
  }

 private:
  bool normalize_;
};

}  // namespace

std::unique_ptr<Allocation> MakeGlobal(const AllocationConfig& config) {
  return std::make_unique<Global>(config);
}

}  // namespace tersor::prune
