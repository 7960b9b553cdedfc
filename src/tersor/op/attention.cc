#include "tersor/op/attention.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/util/parallel_for.h"

namespace tersor::op {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Like x [batch, heads, tokens, dim], with the heads of a token together in memory.
at::Tensor TokenMajor(const at::Tensor& x) {
  return at::empty({x.size(0), x.size(2), x.size(1), x.size(3)}, x.options()).transpose(1, 2);
}

/// Head h of batch entry b as a matrix [tokens, dim].
at::Tensor HeadOf(const at::Tensor& x, int64_t b, int64_t h) { return x.select(0, b).select(0, h); }

/// Calls body(b, g) for each batch entry and key/value head. One such head is a task of its own: a
/// square of scores of some hundred tokens stays in the second cache from product to product, and
/// BLAS runs on one thread inside a parallel loop.
template <typename Body>
void ForEachHead(int64_t batch, int64_t kv_heads, const Body& body) {
  ParallelFor(0, batch * kv_heads, 1, [&](int64_t first, int64_t last) {
    // These threads do not inherit that no gradients are recorded here.
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    for (int64_t i = first; i < last; ++i) {
      body(i / kv_heads, i % kv_heads);
    }
  });
}

/// Keeps the probabilities [batch, heads, tokens, tokens].
class AttentionFunction : public torch::autograd::Function<AttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, double scale) {
    const int64_t batch = q.size(0), heads = q.size(1), tokens = q.size(2);
    const int64_t group = heads / k.size(1);
    const at::Tensor out = TokenMajor(q);
    const at::Tensor probabilities = at::empty({batch, heads, tokens, tokens}, q.options());
    ForEachHead(batch, k.size(1), [&](int64_t b, int64_t g) {
      const at::Tensor key = HeadOf(k, b, g).t(), value = HeadOf(v, b, g);
      for (int64_t h = g * group; h < (g + 1) * group; ++h) {
        at::Tensor scores = HeadOf(probabilities, b, h), mixed = HeadOf(out, b, h);
        at::addmm_out(scores, scores, HeadOf(q, b, h), key, /*beta=*/0, scale);
        at::_softmax_out(scores, scores, -1, /*half_to_float=*/false);
        at::mm_out(mixed, scores, value);
      }
    });
    context->save_for_backward({q, k, v, probabilities});
    context->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &probabilities = saved[3];
    const double scale = context->saved_data["scale"].toDouble();
    const int64_t group = q.size(1) / k.size(1);
    const at::Tensor &grad_out = grads[0], grad_q = TokenMajor(q);
    const at::Tensor grad_k = TokenMajor(k), grad_v = TokenMajor(v);
    ForEachHead(q.size(0), k.size(1), [&](int64_t b, int64_t g) {
      const at::Tensor key = HeadOf(k, b, g), value = HeadOf(v, b, g).t();
      at::Tensor to_key = HeadOf(grad_k, b, g), to_value = HeadOf(grad_v, b, g);
      at::Tensor scores = at::empty({q.size(2), q.size(2)}, q.options());
      for (int64_t h = g * group; h < (g + 1) * group; ++h) {
        const at::Tensor p = HeadOf(probabilities, b, h), grad = HeadOf(grad_out, b, h);
        const int64_t adds = h > g * group;  // the first query head of a group overwrites
        at::addmm_out(to_value, to_value, p.t(), grad, adds);
        at::mm_out(scores, grad, value);
        at::_softmax_backward_data_out(scores, scores, p, -1, p.scalar_type());
        at::Tensor to_query = HeadOf(grad_q, b, h);
        at::addmm_out(to_query, to_query, scores, key, /*beta=*/0, scale);
        at::addmm_out(to_key, to_key, scores.t(), HeadOf(q, b, h), adds, scale);
      }
    });
    return {grad_q, grad_k, grad_v, at::Tensor()};
  }
};

}  // namespace

at::Tensor Attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale) {
  return AttentionFunction::apply(q, k, v, scale);
}

}  // namespace tersor::op
