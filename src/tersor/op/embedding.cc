#include "tersor/op/embedding.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/util/error.h"

namespace tersor::op {
namespace {

class EmbeddingFunction : public torch::autograd::Function<EmbeddingFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& table,
                            const at::Tensor& ids) {
    context->save_for_backward({table, ids});
    return table.index_select(0, ids);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &table = saved[0], &ids = saved[1];
    at::Tensor accumulated = table.is_leaf() ? table.grad() : at::Tensor();
    if (accumulated.defined()) {
      accumulated.index_add_(0, ids, grads[0]);
      return {at::Tensor(), at::Tensor()};
    }
    at::Tensor grad = at::zeros_like(table).index_add_(0, ids, grads[0]);
    return {grad, at::Tensor()};
  }
};

}  // namespace

at::Tensor Embedding(const at::Tensor& table, const at::Tensor& ids) {
  if (ids.numel() > 0) {
    const int64_t low = ids.min().item<int64_t>(), high = ids.max().item<int64_t>();
    TERSOR_CHECK(low >= 0 && high < table.size(0), "token id ", low < 0 ? low : high,
                 " is outside the vocabulary of ", table.size(0));
  }
  return EmbeddingFunction::apply(table, ids);
}

}  // namespace tersor::op
