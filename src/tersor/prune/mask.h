// Which weights go, given their scores.
#ifndef TERSOR_PRUNE_MASK_H_
#define TERSOR_PRUNE_MASK_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace tersor::prune {

/// N:M sparsity: of each m consecutive weights of a row n stay. m = 0: unstructured.
struct Pattern {
  int64_t n = 0, m = 0;

  bool structured() const { return m > 0; }
  double sparsity() const { return 1 - static_cast<double>(n) / static_cast<double>(m); }

  /// "2:4"; "" is unstructured. Throws UsageError unless 0 < N < M <= 64.
  static Pattern Parse(const std::string& text);
};

// All masks: bool [rows, cols], true for the weights that go: those with the lowest scores, of
// equal ones that with the lower flat index. scores: float32 [rows, cols], contiguous.

/// Exactly `count` of the whole matrix.
at::Tensor LowestOfMatrix(const at::Tensor& scores, int64_t count);

/// Exactly `count`, the same number in each row up to one: the rows that have one more are those
/// whose next candidate scores lowest.
at::Tensor LowestOfRows(const at::Tensor& scores, int64_t count);

/// In each row m - n of every m neighbours, and of a shorter group at the end as large a share,
/// rounded down.
at::Tensor LowestOfGroups(const at::Tensor& scores, const Pattern& pattern);

/// Weights that a share of a matrix means.
int64_t CountOf(double sparsity, int64_t weights);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_MASK_H_
