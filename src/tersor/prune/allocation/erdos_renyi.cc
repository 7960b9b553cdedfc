// Erdos-Renyi: the density of a matrix goes with (rows + cols) / (rows · cols), so that small
// matrices keep more. Mocanu et al. 2018, arXiv:1707.04780; Evci et al. 2020, arXiv:1911.11134.
#include "tersor/prune/allocation/allocations.h"
#include "tersor/util/error.h"

namespace tersor::prune {
namespace {

class ErdosRenyi : public Allocation {
 public:
  explicit ErdosRenyi(bool keeps_last) : keeps_last_(keeps_last) {}

  std::vector<double> Allocate(const AllocationTask& task) const override {
    const size_t count = task.matrices.size();
    std::vector<bool> dense(count);
    double budget = 0;  // weights that stay
    for (const Matrix& matrix : task.matrices) {
      budget += (1 - task.sparsity) * static_cast<double>(matrix.size());
    }
    for (size_t i = 0; i < count; ++i) {
      if (keeps_last_ && task.matrices[i].block == task.matrices.back().block) {
        MakeDense(task.matrices[i], i, dense, budget);
      }
    }
    TERSOR_CHECK(budget >= 0, "er-plus keeps the last block, which is more than a sparsity of ",
                 task.sparsity, " leaves");
    // A density above 1 gives its surplus to the others.
    for (;;) {
      double raw = 0;
      for (size_t i = 0; i < count; ++i) {
        raw += dense[i] ? 0 : Perimeter(task.matrices[i]);
      }
      const double factor = raw == 0 ? 0 : budget / raw;
      bool changed = false;
      for (size_t i = 0; i < count; ++i) {
        const double size = static_cast<double>(task.matrices[i].size());
        if (!dense[i] && factor * Perimeter(task.matrices[i]) > size) {
          MakeDense(task.matrices[i], i, dense, budget);
          changed = true;
        }
      }
      if (!changed) {
        return Sparsities(task, dense, factor);
      }
    }
  }

 private:
  static double Perimeter(const Matrix& matrix) {
    return static_cast<double>(matrix.weight.size(0) + matrix.weight.size(1));
  }

  static void MakeDense(const Matrix& matrix, size_t index, std::vector<bool>& dense,
                        double& budget) {
    dense[index] = true;
    budget -= static_cast<double>(matrix.size());
  }

  static std::vector<double> Sparsities(const AllocationTask& task, const std::vector<bool>& dense,
                                        double factor) {
    std::vector<double> result;
    for (size_t i = 0; i < task.matrices.size(); ++i) {
      const Matrix& matrix = task.matrices[i];
      result.push_back(
          dense[i] ? 0 : 1 - factor * Perimeter(matrix) / static_cast<double>(matrix.size()));
    }
    return result;
  }

  bool keeps_last_;
};

}  // namespace

std::unique_ptr<Allocation> MakeErdosRenyi(const AllocationConfig&) {
  return std::make_unique<ErdosRenyi>(false);
}

std::unique_ptr<Allocation> MakeErdosRenyiPlus(const AllocationConfig&) {
  return std::make_unique<ErdosRenyi>(true);
}

}  // namespace tersor::prune
