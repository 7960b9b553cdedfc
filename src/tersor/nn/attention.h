// Attention over an exchangeable policy: which blocks of Q Kᵀ and P V are computed, and in which
// precision.
#ifndef TERSOR_NN_ATTENTION_H_
#define TERSOR_NN_ATTENTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace tersor::nn {

/// What one attention layer works on. Query head h reads key/value head h / (heads / kv_heads).
struct AttentionInput {
  at::Tensor query;       // [batch, heads, tokens, dim]
  at::Tensor key, value;  // [batch, kv_heads, tokens, dim]
  double scale = 1;       // of the scores, before softmax
  bool causal = true;     // token t sees tokens <= t only
  int64_t window = 0;     // > 0: each token sees nearer tokens than that only, itself included
};

/// One instance a layer: it may keep state, such as thresholds by head.
class AttentionPolicy {
 public:
  virtual ~AttentionPolicy() = default;

  /// softmax(scale · Q Kᵀ + mask) V as [batch, heads, tokens, dim]; differentiable.
  virtual at::Tensor Attend(const AttentionInput& input) = 0;
};

/// Makes the policy of transformer block `layer`.
using AttentionFactory = std::function<std::unique_ptr<AttentionPolicy>(int64_t layer)>;

/// Every visible score is computed, in float32.
class DenseAttention : public AttentionPolicy {
 public:
  at::Tensor Attend(const AttentionInput& input) override;
};
AttentionFactory Dense();

}  // namespace tersor::nn

#endif  // TERSOR_NN_ATTENTION_H_
