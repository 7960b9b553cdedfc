#include "tersor/prune/sparse_gpt.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "tersor/util/parallel_for.h"

namespace tersor::prune {
namespace {

/// Zeros of columns [first, last) such that any prefix of the columns has its share.
int64_t CountOfColumns(double sparsity, int64_t rows, int64_t first, int64_t last) {
  return CountOf(sparsity, rows * last) - CountOf(sparsity, rows * first);
}

/// One block of columns: weights w [rows, width] are pruned under `mask`, or, where `pattern` is
/// structured, under a mask that is chosen at each group's first column. `errors` [rows, width]
/// receives what each column's change is to the columns behind the block, by U [width, width].
/// Everything in double, row by row: rows do not depend on each other.
class BlockSweep {
 public:
  BlockSweep(const at::Tensor& w, const at::Tensor& upper, const at::Tensor& errors)
      : rows_(w.size(0)),
        width_(w.size(1)),
        w_(w.data_ptr<double>()),
        upper_(upper.data_ptr<double>()),
        errors_(errors.data_ptr<double>()) {}

  void Run(const bool* mask, const Pattern& pattern) const {
    ParallelFor(0, rows_, 8, [&](int64_t first, int64_t last) {
      std::vector<char> zeroed(static_cast<size_t>(width_));
      for (int64_t r = first; r < last; ++r) {
        if (mask != nullptr) {
          std::copy_n(mask + r * width_, width_, zeroed.begin());
        }
        SweepRow(r, pattern, mask == nullptr, zeroed);
      }
    });
  }

 private:
  void SweepRow(int64_t r, const Pattern& pattern, bool choose, std::vector<char>& zeroed) const {
    double* w = w_ + r * width_;
    for (int64_t i = 0; i < width_; ++i) {
      if (choose && i % pattern.m == 0) {
        ChooseGroup(w, i, pattern, zeroed);
      }
      const double* u = upper_ + i * width_;
      const double kept = zeroed[static_cast<size_t>(i)] != 0 ? 0 : w[i];
      const double error = (w[i] - kept) / u[i];
      errors_[r * width_ + i] = error;
      w[i] = kept;
      if (error != 0) {
        for (int64_t k = i + 1; k < width_; ++k) {
          w[k] -= error * u[k];
        }
      }
    }
  }

  void ChooseGroup(const double* w, int64_t first, const Pattern& pattern,
                   std::vector<char>& zeroed) const {
    const int64_t size = std::min(pattern.m, width_ - first);
    std::vector<std::pair<double, int64_t>> scores;
    for (int64_t i = first; i < first + size; ++i) {
      const double scaled = w[i] / upper_[i * width_ + i];
      scores.emplace_back(scaled * scaled, i);
      zeroed[static_cast<size_t>(i)] = 0;
    }
    std::sort(scores.begin(), scores.end());
    for (int64_t i = 0; i < (pattern.m - pattern.n) * size / pattern.m; ++i) {
      zeroed[static_cast<size_t>(scores[static_cast<size_t>(i)].second)] = 1;
    }
  }

  int64_t rows_, width_;
  double* w_;
  const double* upper_;
  double* errors_;
};

}  // namespace

void SparseGptPruner::Prune(at::Tensor& weight, const InputStatistics& input, double sparsity,
                            const Pattern& pattern) const {
  const int64_t rows = weight.size(0), cols = weight.size(1);
  at::Tensor w = weight.detach().to(at::kDouble);
  w.masked_fill_(input.gram.diagonal() == 0, 0);
  const at::Tensor upper = InvertHessian(input.gram, damping_).upper;
  // A block ends where a group of the pattern does.
  const int64_t step =
      pattern.structured() ? (block_ + pattern.m - 1) / pattern.m * pattern.m : block_;
  for (int64_t first = 0; first < cols; first += step) {
    const int64_t last = std::min(cols, first + step);
    const at::Tensor block = w.slice(1, first, last).contiguous();
    const at::Tensor own = upper.slice(0, first, last).slice(1, first, last).contiguous();
    const at::Tensor errors = at::empty_like(block);
    at::Tensor mask;
    if (!pattern.structured()) {
      const at::Tensor scores = (block / own.diagonal()).square().to(at::kFloat).contiguous();
      mask = LowestOfMatrix(scores, CountOfColumns(sparsity, rows, first, last));
    }
    BlockSweep(block, own, errors).Run(mask.defined() ? mask.data_ptr<bool>() : nullptr, pattern);
    w.slice(1, first, last).copy_(block);
    if (last < cols) {
      w.slice(1, last, cols).sub_(at::mm(errors, upper.slice(0, first, last).slice(1, last, cols)));
    }
  }
  const at::NoGradGuard no_grad;
  weight.copy_(w);
}

at::Tensor SparseGptPruner::Mask(const at::Tensor& scores, int64_t count) const {
  const int64_t rows = scores.size(0), cols = scores.size(1);
  const double sparsity = static_cast<double>(count) / static_cast<double>(scores.numel());
  at::Tensor mask = at::empty(scores.sizes(), at::kBool);
  for (int64_t first = 0; first < cols; first += block_) {
    const int64_t last = std::min(cols, first + block_);
    mask.slice(1, first, last)
        .copy_(LowestOfMatrix(scores.slice(1, first, last).contiguous(),
                              CountOfColumns(sparsity, rows, first, last)));
  }
  return mask;
}

std::vector<at::Tensor> SparseGptPruner::Sets(const at::Tensor& scores) const {
  std::vector<at::Tensor> sets;
  for (const at::Tensor& columns : scores.split(block_, 1)) {
    sets.push_back(columns.reshape({1, -1}));
  }
  return sets;
}

}  // namespace tersor::prune
