// ATP: sparsities rise by the same step from block to block; the best step of a few, by perplexity.
// Huang et al. 2025, arXiv:2502.14770.
#include <cmath>
#include <cstdlib>

#include "tersor/prune/allocation/allocations.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace tersor::prune {
namespace {

class Atp : public Allocation {
 public:
  explicit Atp(const AllocationConfig& config) {
    for (const std::string& slope : config.atp_slopes) {
      slopes_.push_back(std::strtod(slope.c_str(), nullptr));
    }
  }

  bool needs_perplexity() const override { return slopes_.size() > 1; }

  std::vector<double> Allocate(const AllocationTask& task) const override {
    std::vector<double> best;
    double lowest = INFINITY;
    for (const double slope : slopes_) {
      std::vector<double> by_matrix = Arithmetic(task, slope);
      if (by_matrix.empty()) {
        continue;
      }
      const double perplexity = slopes_.size() == 1 ? 0 : task.perplexity(by_matrix);
      log::Info("atp: step {}, perplexity {:.4g}", slope, perplexity);
      if (perplexity < lowest) {
        lowest = perplexity;
        best = std::move(by_matrix);
      }
    }
    TERSOR_CHECK(!best.empty(),
                 "atp: every step of allocation.atp_slopes leaves 0 .. 1 at a "
                 "sparsity of ",
                 task.sparsity);
    return best;
  }

 private:
  /// Empty where some block would leave [0, 1].
  static std::vector<double> Arithmetic(const AllocationTask& task, double slope) {
    const double last = static_cast<double>(task.matrices.back().block);
    std::vector<double> by_matrix, sizes;
    for (const Matrix& matrix : task.matrices) {
      const double s = task.sparsity + slope * (static_cast<double>(matrix.block) - last / 2);
      if (s < 0 || s > 1) {
        return {};
      }
      by_matrix.push_back(s);
      sizes.push_back(static_cast<double>(matrix.size()));
    }
    return FitBudget(std::move(by_matrix), sizes, task.sparsity, 0, 1);
  }

  std::vector<double> slopes_;
};

}  // namespace

std::unique_ptr<Allocation> MakeAtp(const AllocationConfig& config) {
  return std::make_unique<Atp>(config);
}

}  // namespace tersor::prune
