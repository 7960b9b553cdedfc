#include "tersor/op/attention.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <limits>
#include <vector>

#include "tersor/kernel/flash_attention.h"
#include "tersor/util/error.h"

namespace tersor::op {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Like x [batch, heads, tokens, dim], with the heads of a token together in memory.
at::Tensor TokenMajor(const at::Tensor& x) {
  return at::empty({x.size(0), x.size(2), x.size(1), x.size(3)}, x.options()).transpose(1, 2);
}

/// x, copied where the numbers of a head do not lie side by side.
at::Tensor Readable(const at::Tensor& x) { return x.stride(3) == 1 ? x : x.contiguous(); }

kernel::HeadsView View(const at::Tensor& x) {
  return {reinterpret_cast<const std::byte*>(x.data_ptr<float>()), kernel::FloatType::kF32,
          x.stride(0), x.stride(1), x.stride(2)};
}

kernel::HeadsOutput Output(const at::Tensor& x) {
  return {x.data_ptr<float>(), x.stride(0), x.stride(1), x.stride(2)};
}

/// What attention is taken over, but for the tensors.
struct Settings {
  double scale;
  AttentionMask mask;
  SparseOptions sparse;
};

kernel::FlashAttentionInput Input(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                  const Settings& settings, kernel::BlockSelection* selection) {
  kernel::FlashAttentionInput in = FlashInput(q, k, v, settings.scale, settings.mask);
  const SelectedBlocks& blocks = settings.sparse.blocks;
  if (blocks.offsets.defined()) {
    *selection = {blocks.offsets.data_ptr<int64_t>(), blocks.indices.data_ptr<int32_t>()};
    in.selection = selection;
  }
  return in;
}

/// Keeps the inputs, the output and a number a query.
class AttentionFunction : public torch::autograd::Function<AttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query,
                            const at::Tensor& key, const at::Tensor& value,
                            const Settings& settings) {
    const at::Tensor q = Readable(query), k = Readable(key), v = Readable(value);
    const at::Tensor out = TokenMajor(q);
    const at::Tensor lse = at::empty({q.size(0), q.size(1), q.size(2)}, q.options());
    kernel::Workspace workspace;
    kernel::BlockSelection selection;
    kernel::FlashAttentionInput in = Input(q, k, v, settings, &selection);
    in.lambda = settings.sparse.lambda.empty() ? nullptr : settings.sparse.lambda.data();
    in.int8 = settings.sparse.int8;
    in.int8_values = settings.sparse.int8_values;
    in.sum_dropped = settings.sparse.sum_dropped;
    const kernel::FlashCounts counts =
        kernel::FlashAttention(in, Output(out), lse.data_ptr<float>(), workspace);
    if (settings.sparse.counts != nullptr) {
      settings.sparse.counts->Add(counts);
    }
    context->save_for_backward(
        {q, k, v, out, lse, settings.sparse.blocks.offsets, settings.sparse.blocks.indices});
    context->saved_data["scale"] = settings.scale;
    context->saved_data["causal"] = settings.mask.causal;
    context->saved_data["window"] = settings.mask.window;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3];
    Settings settings{
        context->saved_data["scale"].toDouble(),
        {context->saved_data["causal"].toBool(), context->saved_data["window"].toInt()},
        {}};
    settings.sparse.blocks = {saved[5], saved[6]};
    const at::Tensor grad = Readable(grads[0]);
    const at::Tensor grad_q = TokenMajor(q), grad_k = TokenMajor(k), grad_v = TokenMajor(v);
    kernel::Workspace workspace;
    kernel::BlockSelection selection;
    kernel::FlashAttentionBackward(Input(q, k, v, settings, &selection), View(out),
                                   saved[4].data_ptr<float>(), View(grad),
                                   {Output(grad_q), Output(grad_k), Output(grad_v)}, workspace);
    return {grad_q, grad_k, grad_v, at::Tensor()};
  }
};

void CheckShapes(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  TERSOR_CHECK(q.dim() == 4 && k.dim() == 4 && v.dim() == 4,
               "attention takes queries, keys and values [batch, heads, tokens, dim], not of ",
               q.dim(), ", ", k.dim(), " and ", v.dim(), " dimensions");
  TERSOR_CHECK(k.sizes() == v.sizes(), "attention: keys and values differ in shape");
  TERSOR_CHECK(q.size(0) == k.size(0) && q.size(3) == k.size(3) && k.size(1) > 0 &&
                   q.size(1) % k.size(1) == 0,
               "attention: ", q.size(0), " x ", q.size(1), " query heads of ", q.size(3),
               " do not fit ", k.size(0), " x ", k.size(1), " key-value heads of ", k.size(3));
  TERSOR_CHECK(q.size(2) > 0 && q.size(2) == k.size(2), "attention: ", q.size(2), " queries and ",
               k.size(2), " keys; there must be as many of both, and at least one");
}

/// Queries a block of the unfused path: enough rows for an efficient product, few enough that
/// little of a masked half is computed.
constexpr int64_t kBlock = 128;

/// Which of keys [first_key, first_key + keys) queries [first, first + count) must not see.
at::Tensor Hidden(const AttentionMask& mask, int64_t first, int64_t count, int64_t first_key,
                  int64_t keys) {
  const at::Tensor query = at::arange(first, first + count).unsqueeze(1);
  const at::Tensor behind = query - at::arange(first_key, first_key + keys).unsqueeze(0);
  at::Tensor hidden = mask.causal ? behind < 0 : at::zeros_like(behind, at::kBool);
  if (mask.window > 0) {
    hidden.logical_or_(behind.abs() >= mask.window);
  }
  return hidden;
}

/// Queries [first, first + count) and the keys [key, key + keys) that any of them sees.
struct Block {
  int64_t first, count, key, keys;
};

Block BlockAt(const AttentionMask& mask, int64_t first, int64_t tokens) {
  const int64_t count = std::min(kBlock, tokens - first), end = first + count;
  const int64_t key = mask.window > 0 ? std::max<int64_t>(0, first - mask.window + 1) : 0;
  const int64_t ahead = mask.causal       ? end
                        : mask.window > 0 ? std::min(tokens, end - 1 + mask.window)
                                          : tokens;
  return {first, count, key, ahead - key};
}

/// Query heads that share a key/value head become rows of one matrix: [batch, heads, tokens, dim]
/// to [batch * kv_heads, group, tokens, dim].
at::Tensor GroupHeads(const at::Tensor& x, int64_t kv_heads) {
  return x.reshape({x.size(0) * kv_heads, x.size(1) / kv_heads, x.size(2), x.size(3)});
}

/// Rows of one block: [pairs, group * count, dim].
at::Tensor Rows(const at::Tensor& grouped, const Block& block) {
  return grouped.narrow(2, block.first, block.count)
      .reshape({grouped.size(0), -1, grouped.size(3)});
}

/// Keeps the probabilities of each block.
class UnfusedFunction : public torch::autograd::Function<UnfusedFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, double scale, const AttentionMask& mask) {
    const int64_t tokens = q.size(2), dim = q.size(3);
    const at::Tensor queries = GroupHeads(q, k.size(1));
    const at::Tensor keys = k.reshape({-1, tokens, dim}), values = v.reshape({-1, tokens, dim});
    const at::Tensor out = at::empty_like(queries, at::MemoryFormat::Contiguous);
    variable_list saved = {queries, keys, values};
    for (int64_t first = 0; first < tokens; first += kBlock) {
      const Block b = BlockAt(mask, first, tokens);
      const at::Tensor scores =
          at::bmm(Rows(queries, b), keys.narrow(1, b.key, b.keys).transpose(1, 2)).mul_(scale);
      scores.view({-1, b.count, b.keys})
          .masked_fill_(Hidden(mask, b.first, b.count, b.key, b.keys),
                        -std::numeric_limits<double>::infinity());
      const at::Tensor probabilities = at::softmax(scores, -1);
      const at::Tensor mixed = at::bmm(probabilities, values.narrow(1, b.key, b.keys));
      out.narrow(2, first, b.count).copy_(mixed.view({out.size(0), out.size(1), b.count, dim}));
      saved.push_back(probabilities);
    }
    context->save_for_backward(saved);
    context->saved_data["scale"] = scale;
    context->saved_data["causal"] = mask.causal;
    context->saved_data["window"] = mask.window;
    context->saved_data["kv_heads"] = k.size(1);
    return out.view(q.sizes());
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &queries = saved[0], &keys = saved[1], &values = saved[2];
    const double scale = context->saved_data["scale"].toDouble();
    const AttentionMask mask{context->saved_data["causal"].toBool(),
                             context->saved_data["window"].toInt()};
    const int64_t kv_heads = context->saved_data["kv_heads"].toInt();
    const int64_t tokens = queries.size(2), dim = queries.size(3);
    const at::Tensor grad_out = GroupHeads(grads[0], kv_heads);
    const at::Tensor grad_q = at::empty_like(queries, at::MemoryFormat::Contiguous);
    const at::Tensor grad_k = at::zeros_like(keys), grad_v = at::zeros_like(values);
    for (int64_t first = 0; first < tokens; first += kBlock) {
      const Block b = BlockAt(mask, first, tokens);
      const at::Tensor& probabilities = saved[static_cast<size_t>(3 + first / kBlock)];
      const at::Tensor grad = Rows(grad_out, b);
      grad_v.narrow(1, b.key, b.keys).baddbmm_(probabilities.transpose(1, 2), grad);
      const at::Tensor grad_p = at::bmm(grad, values.narrow(1, b.key, b.keys).transpose(1, 2));
      const at::Tensor grad_scores =
          at::_softmax_backward_data(grad_p, probabilities, -1, probabilities.scalar_type())
              .mul_(scale);
      grad_q.narrow(2, first, b.count)
          .copy_(at::bmm(grad_scores, keys.narrow(1, b.key, b.keys))
                     .view({grad_q.size(0), grad_q.size(1), b.count, dim}));
      grad_k.narrow(1, b.key, b.keys).baddbmm_(grad_scores.transpose(1, 2), Rows(queries, b));
    }
    return {grad_q.view({-1, queries.size(1) * kv_heads, tokens, dim}),
            grad_k.view({-1, kv_heads, tokens, dim}), grad_v.view({-1, kv_heads, tokens, dim}),
            at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor Attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale,
                     const AttentionMask& mask) {
  CheckShapes(q, k, v);
  for (const at::Tensor* x : {&q, &k, &v}) {
    if (!x->is_cpu() || x->scalar_type() != at::kFloat) {
      return UnfusedAttention(q, k, v, scale, mask);
    }
  }
  return AttentionFunction::apply(q, k, v, Settings{scale, mask, {}});
}

SelectedBlocks SelectedBlocks::Of(const kernel::BlockPlan& plan) {
  // from_blob() reads only; clone() makes the copy that is kept.
  auto* offsets = const_cast<int64_t*>(plan.offsets.data());
  auto* indices = const_cast<int32_t*>(plan.indices.data());
  return {at::from_blob(offsets, std::ssize(plan.offsets), at::kLong).clone(),
          at::from_blob(indices, std::ssize(plan.indices), at::kInt).clone()};
}

at::Tensor SparseAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, const AttentionMask& mask, const SparseOptions& options) {
  CheckShapes(q, k, v);
  const at::Tensor& offsets = options.blocks.offsets;
  const int64_t rows = q.size(0) * q.size(1) * kernel::QueryBlocks(q.size(2));
  TERSOR_CHECK(!offsets.defined() || offsets.numel() == rows + 1,
               "sparse attention: the blocks are of other rows than ", q.size(0), " x ", q.size(1),
               " heads of ", q.size(2), " queries");
  TERSOR_CHECK(options.lambda.empty() || std::ssize(options.lambda) == q.size(1),
               "sparse attention: ", options.lambda.size(), " lambdas for ", q.size(1), " heads");
  return AttentionFunction::apply(q, k, v, Settings{scale, mask, options});
}

kernel::FlashAttentionInput FlashInput(const at::Tensor& q, const at::Tensor& k,
                                       const at::Tensor& v, double scale,
                                       const AttentionMask& mask) {
  kernel::FlashAttentionInput in;
  in.batch = q.size(0);
  in.heads = q.size(1);
  in.kv_heads = k.size(1);
  in.queries = q.size(2);
  in.keys = k.size(2);
  in.dim = q.size(3);
  in.query = View(q);
  in.key = View(k);
  in.value = View(v);
  in.scale = static_cast<float>(scale);
  in.causal = mask.causal;
  in.window = mask.window;
  return in;
}

at::Tensor UnfusedAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            double scale, const AttentionMask& mask) {
  CheckShapes(q, k, v);
  return UnfusedFunction::apply(q, k, v, scale, mask);
}

}  // namespace tersor::op
