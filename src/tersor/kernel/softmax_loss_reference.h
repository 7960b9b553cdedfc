// The definition of kernel::SoftmaxLoss as plain loops in double.
#ifndef TERSOR_KERNEL_SOFTMAX_LOSS_REFERENCE_H_
#define TERSOR_KERNEL_SOFTMAX_LOSS_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tersor::kernel {

inline void SoftmaxLossReference(int64_t rows, int64_t vocab, float* logits, const int64_t* targets,
                                 float* nll, float* correct, bool in_place_gradient) {
  for (int64_t r = 0; r < rows; ++r) {
    float* row = logits + r * vocab;
    const int64_t target = targets[r];
    if (target < 0) {
      nll[r] = correct[r] = 0;
      if (in_place_gradient) {
        std::fill(row, row + vocab, 0.0f);
      }
      continue;
    }
    const double top = *std::max_element(row, row + vocab);
    double sum = 0;
    for (int64_t i = 0; i < vocab; ++i) {
      sum += std::exp(row[i] - top);
    }
    nll[r] = static_cast<float>(top + std::log(sum) - row[target]);
    correct[r] = std::max_element(row, row + vocab) - row == target ? 1 : 0;
    if (in_place_gradient) {
      for (int64_t i = 0; i < vocab; ++i) {
        row[i] = static_cast<float>(std::exp(row[i] - top) / sum - (i == target ? 1 : 0));
      }
    }
  }
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_SOFTMAX_LOSS_REFERENCE_H_
