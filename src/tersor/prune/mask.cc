#include "tersor/prune/mask.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::prune {
namespace {

/// Orders of the indices of `scores`, lowest score first.
struct ByScore {
  const float* scores;
  bool operator()(int64_t a, int64_t b) const {
    return scores[a] < scores[b] || (scores[a] == scores[b] && a < b);
  }
};

/// Marks the `count` lowest of scores[0 .. size); returns the index of the next one, or -1.
int64_t MarkLowest(const float* scores, int64_t size, int64_t count, std::vector<int64_t>& order,
                   bool* out) {
  order.resize(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  if (count < size) {
    std::nth_element(order.begin(), order.begin() + count, order.end(), ByScore{scores});
  }
  for (int64_t i = 0; i < count; ++i) {
    out[order[static_cast<size_t>(i)]] = true;
  }
  return count < size ? order[static_cast<size_t>(count)] : -1;
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
  std::vector<int64_t> order;
  MarkLowest(scores.data_ptr<float>(), scores.numel(), count, order, mask.data_ptr<bool>());
  return mask;
}

at::Tensor LowestOfRows(const at::Tensor& scores, int64_t count) {
  const int64_t rows = scores.size(0), cols = scores.size(1), each = count / rows;
  const float* from = scores.data_ptr<float>();
  at::Tensor mask = at::zeros(scores.sizes(), at::kBool);
  bool* out = mask.data_ptr<bool>();
  std::vector<int64_t> next(static_cast<size_t>(rows));  // flat index of each row's next candidate
  ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
    std::vector<int64_t> order;
    for (int64_t r = first; r < last; ++r) {
      const int64_t at = MarkLowest(from + r * cols, cols, each, order, out + r * cols);
      next[static_cast<size_t>(r)] = at < 0 ? -1 : r * cols + at;
    }
  });
  const int64_t more = count - each * rows;
  std::partial_sort(next.begin(), next.begin() + more, next.end(), ByScore{from});
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
    std::vector<int64_t> order;
    for (int64_t r = first; r < last; ++r) {
      for (int64_t c = 0; c < cols; c += m) {
        const int64_t size = std::min(m, cols - c), at = r * cols + c;
        MarkLowest(from + at, size, (m - pattern.n) * size / m, order, out + at);
      }
    }
  });
  return mask;
}

}  // namespace tersor::prune
