// The same sparsity everywhere.
#include "tersor/prune/allocation/allocations.h"

namespace tersor::prune {
namespace {

class Uniform : public Allocation {
 public:
  std::vector<double> Allocate(const AllocationTask& task) const override {
    return std::vector<double>(task.matrices.size(), task.sparsity);
  }
};

}  // namespace

std::unique_ptr<Allocation> MakeUniform(const AllocationConfig&) {
  return std::make_unique<Uniform>();
}

}  // namespace tersor::prune
