#include "tersor/prune/mask.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::prune {
namespace {

/// Marks the `count` lowest of scores[0 .. size), of equal ones the first.
void MarkLowest(const float* scores, int64_t size, int64_t count, std::vector<float>& sorted,
                bool* out) {
  if (count == 0) {
    return;
  }
  sorted.assign(scores, scores + size);
  std::nth_element(sorted.begin(), sorted.begin() + (count - 1), sorted.end());
  const float limit = sorted[static_cast<size_t>(count - 1)];
  int64_t equal =
      count - std::count_if(scores, scores + size, [&](float score) { return score < limit; });
  for (int64_t i = 0; i < size; ++i) {
    out[i] = scores[i] < limit || (scores[i] == limit && equal-- > 0);
  }
}

/// Index of the lowest score that is not marked, of equal ones the first; -1 where all are.
int64_t NextLowest(const float* scores, int64_t size, const bool* marked) {
  int64_t lowest = -1;
  for (int64_t i = 0; i < size; ++i) {
    if (!marked[i] && (lowest < 0 || scores[i] < scores[lowest])) {
      lowest = i;
    }
  }
  return lowest;
}

}  // namespace

Pattern Pattern::Parse(const std::string& text) {
  Pattern pattern;
  if (text.empty()) {
    return pattern;
  }
  const size_t colon = text.find(':');
  const auto number = [&](const std::string& part) -> int64_t {
    const bool digits = !part.empty() && part.size() <= 2 &&
                        part.find_first_not_of("0123456789") == std::string::npos;
    return digits ? std::stoll(part) : -1;
  };
  if (colon != std::string::npos) {
    pattern = {number(text.substr(0, colon)), number(text.substr(colon + 1))};
  }
  if (pattern.n < 1 || pattern.m > 64 || pattern.n >= pattern.m) {
    FailUsage("pattern ", text, " is not N:M with 0 < N < M <= 64, such as 2:4");
  }
  return pattern;
}

int64_t CountOf(double sparsity, int64_t weights) {
  return std::llround(sparsity * static_cast<double>(weights));
}

at::Tensor LowestOfMatrix(const at::Tensor& scores, int64_t count) {
  at::Tensor mask = at::zeros(scores.sizes(), at::kBool);
  std::vector<float> sorted;
  MarkLowest(scores.data_ptr<float>(), scores.numel(), count, sorted, mask.data_ptr<bool>());
  return mask;
}

at::Tensor LowestOfRows(const at::Tensor& scores, int64_t count) {
  const int64_t rows = scores.size(0), cols = scores.size(1), each = count / rows;
  const float* from = scores.data_ptr<float>();
  at::Tensor mask = at::zeros(scores.sizes(), at::kBool);
  bool* out = mask.data_ptr<bool>();
  std::vector<int64_t> next(static_cast<size_t>(rows));  // flat index of each row's next candidate
  ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
    std::vector<float> sorted;
    for (int64_t r = first; r < last; ++r) {
      MarkLowest(from + r * cols, cols, each, sorted, out + r * cols);
      next[static_cast<size_t>(r)] = r * cols + NextLowest(from + r * cols, cols, out + r * cols);
    }
  });
  const int64_t more = count - each * rows;  // 0 where every weight is marked
  std::partial_sort(next.begin(), next.begin() + more, next.end(), [&](int64_t a, int64_t b) {
    return from[a] < from[b] || (from[a] == from[b] && a < b);
  });
  for (int64_t i = 0; i < more; ++i) {
    out[next[static_cast<size_t>(i)]] = true;
  }
  return mask;
}

at::Tensor LowestOfGroups(const at::Tensor& scores, const Pattern& pattern) {
  const int64_t rows = scores.size(0), cols = scores.size(1), m = pattern.m;
  const float* from = scores.data_ptr<float>();
  at::Tensor mask = at::zeros(scores.sizes(), at::kBool);
  bool* out = mask.data_ptr<bool>();
  ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
    std::vector<float> sorted;
    for (int64_t r = first; r < last; ++r) {
      for (int64_t c = 0; c < cols; c += m) {
        const int64_t size = std::min(m, cols - c), at = r * cols + c;
        MarkLowest(from + at, size, (m - pattern.n) * size / m, sorted, out + at);
      }
    }
  });
  return mask;
}

}  // namespace tersor::prune
