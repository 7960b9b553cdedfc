// Softmax cross-entropy of rows of logits.
#ifndef TERSOR_KERNEL_SOFTMAX_LOSS_H_
#define TERSOR_KERNEL_SOFTMAX_LOSS_H_

#include <cstdint>

namespace tersor::kernel {

/// For each of `rows` rows of `logits` [rows, vocab] with target t >= 0: nll[row] = log sum
/// exp(row) - row[t], and correct[row] = 1 where no logit is above row[t] and none before it equals
/// it. A row with a negative target gives 0 and 0. With `in_place_gradient`, logits become
/// softmax(row) with 1 taken from the target's place: the gradient of nll; zeros for a negative
/// target. `correct` may be null. Parallel over rows; exp as in kernel/exp-inl.h.
void SoftmaxLoss(int64_t rows, int64_t vocab, float* logits, const int64_t* targets, float* nll,
                 float* correct, bool in_place_gradient);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_SOFTMAX_LOSS_H_
