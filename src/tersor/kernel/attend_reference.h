// Attention over a cache as plain loops in double: what attend.h is compared with.
#ifndef TERSOR_KERNEL_ATTEND_REFERENCE_H_
#define TERSOR_KERNEL_ATTEND_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tersor::kernel {

/// One query [head_dim] over keys and values [positions, head_dim], of which it sees those up to
/// `position` -> [head_dim]; `window` as in AttendInput.
inline std::vector<double> AttendReference(const float* query, const std::vector<float>& keys,
                                           const std::vector<float>& values, int64_t head_dim,
                                           int64_t position, int64_t window, double scale) {
  const int64_t begin = window > 0 ? std::max<int64_t>(0, position + 1 - window) : 0;
  std::vector<double> scores, out(static_cast<size_t>(head_dim));
  for (int64_t j = begin; j <= position; ++j) {
    double score = 0;
    for (int64_t i = 0; i < head_dim; ++i) {
      score += static_cast<double>(query[i]) * keys[static_cast<size_t>(j * head_dim + i)];
    }
    scores.push_back(score * scale);
  }
  const double highest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  for (double& score : scores) {
    score = std::exp(score - highest);
    total += score;
  }
  for (int64_t j = begin; j <= position; ++j) {
    for (int64_t i = 0; i < head_dim; ++i) {
      out[static_cast<size_t>(i)] += scores[static_cast<size_t>(j - begin)] / total *
                                     values[static_cast<size_t>(j * head_dim + i)];
    }
  }
  return out;
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ATTEND_REFERENCE_H_
