// Cross-entropy of the next token, fused with the output head so that the logits of all tokens
// never exist at once.
#ifndef TERSOR_OP_CROSS_ENTROPY_H_
#define TERSOR_OP_CROSS_ENTROPY_H_

#include <ATen/core/Tensor.h>

namespace tersor::op {

/// SUM over tokens with target >= 0 of -log softmax(hidden · weightᵀ)[target], a scalar.
/// hidden [tokens, dim], weight [vocab, dim], targets int64 [tokens].
at::Tensor LinearCrossEntropy(const at::Tensor& hidden, const at::Tensor& weight,
                              const at::Tensor& targets);

/// What evaluation needs of each token; not differentiable.
struct TokenLoss {
  at::Tensor nll;      // float [tokens], 0 where the target is negative
  at::Tensor correct;  // float [tokens], 1 where the target is the most likely token
};
TokenLoss LinearTokenLosses(const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets);

}  // namespace tersor::op

#endif  // TERSOR_OP_CROSS_ENTROPY_H_
