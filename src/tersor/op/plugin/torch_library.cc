// libtersor_ops.so: our ops for Python's torch. torch.ops.load_library() makes them
// torch.ops.tersor.*; python/tersor finds the file.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <limits>
#include <memory>
#include <vector>

#include "tersor/kernel/attention_plan.h"
#include "tersor/op/attention.h"
#include "tersor/util/error.h"

namespace tersor::op {
namespace {

at::Tensor DenseOp(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                   double scale, bool causal, int64_t window, bool int8, bool int8_values) {
  if (!int8) {
    return Attention(query, key, value, scale, {causal, window});
  }
  SparseOptions options;
  options.int8 = true;
  options.int8_values = int8_values;
  return SparseAttention(query, key, value, scale, {causal, window}, options);
}

at::Tensor SpargeOp(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                    double scale, bool causal, double tau, double theta, double lambda, bool int8,
                    bool int8_values) {
  TERSOR_CHECK(query.dim() == 4 && key.dim() == 4, "attention takes [batch, heads, tokens, dim]");
  const at::Tensor q = query.contiguous(), k = key.contiguous(), v = value.contiguous();
  const std::unique_ptr<kernel::BlockSelector> selector = kernel::SelectSparge({tau, theta});
  const std::vector<const kernel::BlockSelector*> selectors(static_cast<size_t>(q.size(1)),
                                                            selector.get());
  SparseOptions options;
  options.blocks = SelectedBlocks::Of(kernel::PlanHeads(
      FlashInput(q, k, v, scale, {causal, 0}), selectors, kernel::Similarity::kCosine, {}));
  TERSOR_CHECK(lambda <= 0, "lambda is ", lambda, ", above 0");
  options.lambda.assign(selectors.size(), lambda == 0 ? -std::numeric_limits<float>::infinity()
                                                      : static_cast<float>(lambda));
  options.int8 = int8;
  options.int8_values = int8 && int8_values;
  return SparseAttention(q, k, v, scale, {causal, 0}, options);
}

}  // namespace

TORCH_LIBRARY(tersor, library) {
  library.def(
      "attention(Tensor query, Tensor key, Tensor value, float scale, bool causal=True, "
      "int window=0, bool int8=False, bool int8_values=True) -> Tensor",
      DenseOp);
  library.def(
      "sparge_attention(Tensor query, Tensor key, Tensor value, float scale, bool causal=True, "
      "float tau=0.97, float theta=0.5, float lambda_=0.0, bool int8=False, "
      "bool int8_values=True) -> Tensor",
      SpargeOp);
}

}  // namespace tersor::op
