#include "tersor/op/causal_attention.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace tersor::op {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Queries a block: enough rows for an efficient product, few enough that little of the masked half
/// is computed.
constexpr int64_t kBlock = 128;

/// Queries [first, first + count) and the keys [key, key + keys) that any of them sees.
struct Block {
  int64_t first, count, key, keys;
};

Block BlockAt(int64_t first, int64_t tokens, int64_t window) {
  const int64_t count = std::min(kBlock, tokens - first);
  const int64_t key = window > 0 ? std::max<int64_t>(0, first - window + 1) : 0;
  return {first, count, key, first + count - key};
}

/// Query heads that share a key/value head become rows of one matrix:
/// [batch, heads, tokens, dim] -> [batch * kv_heads, group, tokens, dim].
at::Tensor GroupHeads(const at::Tensor& q, int64_t kv_heads) {
  return q.reshape({q.size(0) * kv_heads, q.size(1) / kv_heads, q.size(2), q.size(3)});
}

/// Rows of one block: [pairs, group * count, dim].
at::Tensor Rows(const at::Tensor& grouped, const Block& block) {
  return grouped.narrow(2, block.first, block.count)
      .reshape({grouped.size(0), -1, grouped.size(3)});
}

/// Puts -inf where a query of the block must not look. scores [pairs, group * count, keys]. Without a
/// window only the block's own keys can lie ahead of a query.
void Mask(const Block& block, int64_t window, at::Tensor& scores) {
  const int64_t checked = window > 0 ? block.keys : block.count;
  const at::TensorOptions options = scores.options().dtype(at::kLong);
  const int64_t end = block.first + block.count;
  const at::Tensor query = at::arange(block.first, end, options);
  const at::Tensor key = at::arange(end - checked, end, options);
  const at::Tensor behind = query.unsqueeze(1) - key.unsqueeze(0);
  at::Tensor hidden = behind < 0;
  if (window > 0) {
    hidden.logical_or_(behind >= window);
  }
  scores.view({-1, block.count, block.keys})
      .narrow(2, block.keys - checked, checked)
      .masked_fill_(hidden, -std::numeric_limits<double>::infinity());
}

/// Keeps the probabilities of each block, half of the square of tokens.
class CausalAttentionFunction : public torch::autograd::Function<CausalAttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, double scale, int64_t window) {
    const int64_t tokens = q.size(2), dim = q.size(3);
    const at::Tensor queries = GroupHeads(q, k.size(1));
    const at::Tensor keys = k.reshape({-1, tokens, dim}), values = v.reshape({-1, tokens, dim});
    at::Tensor out = at::empty_like(queries, at::MemoryFormat::Contiguous);
    variable_list saved = {queries, keys, values};
    for (int64_t first = 0; first < tokens; first += kBlock) {
      const Block block = BlockAt(first, tokens, window);
      at::Tensor scores =
          at::bmm(Rows(queries, block), keys.narrow(1, block.key, block.keys).transpose(1, 2));
      scores.mul_(scale);
      Mask(block, window, scores);
      const at::Tensor probabilities = at::softmax(scores, -1);
      const at::Tensor mixed = at::bmm(probabilities, values.narrow(1, block.key, block.keys));
      out.narrow(2, first, block.count)
          .copy_(mixed.view({queries.size(0), queries.size(1), block.count, dim}));
      saved.push_back(probabilities);
    }
    context->save_for_backward(saved);
    context->saved_data["scale"] = scale;
    context->saved_data["window"] = window;
    context->saved_data["kv_heads"] = k.size(1);
    return out.view(q.sizes());
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &queries = saved[0], &keys = saved[1], &values = saved[2];
    const double scale = context->saved_data["scale"].toDouble();
    const int64_t window = context->saved_data["window"].toInt();
    const int64_t kv_heads = context->saved_data["kv_heads"].toInt();
    const int64_t tokens = queries.size(2), dim = queries.size(3);
    const int64_t batch = queries.size(0) / kv_heads;
    const at::Tensor grad_out = GroupHeads(grads[0], kv_heads);
    at::Tensor grad_q = at::empty_like(queries, at::MemoryFormat::Contiguous);
    at::Tensor grad_k = at::zeros_like(keys), grad_v = at::zeros_like(values);
    for (int64_t first = 0; first < tokens; first += kBlock) {
      const Block block = BlockAt(first, tokens, window);
      const at::Tensor& probabilities = saved[static_cast<size_t>(3 + first / kBlock)];
      const at::Tensor grad = Rows(grad_out, block);
      const at::Tensor seen_keys = keys.narrow(1, block.key, block.keys);
      grad_v.narrow(1, block.key, block.keys).baddbmm_(probabilities.transpose(1, 2), grad);
      const at::Tensor grad_p =
          at::bmm(grad, values.narrow(1, block.key, block.keys).transpose(1, 2));
      const at::Tensor grad_scores =
          at::_softmax_backward_data(grad_p, probabilities, -1, probabilities.scalar_type())
              .mul_(scale);
      const at::Tensor rows = at::bmm(grad_scores, seen_keys);
      grad_q.narrow(2, first, block.count)
          .copy_(rows.view({queries.size(0), queries.size(1), block.count, dim}));
      grad_k.narrow(1, block.key, block.keys)
          .baddbmm_(grad_scores.transpose(1, 2), Rows(queries, block));
    }
    return {grad_q.view({batch, -1, tokens, dim}),
            grad_k.view({batch, kv_heads, tokens, dim}),
            grad_v.view({batch, kv_heads, tokens, dim}), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor CausalAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, int64_t window) {
  return CausalAttentionFunction::apply(q, k, v, scale, window);
}

}  // namespace tersor::op
