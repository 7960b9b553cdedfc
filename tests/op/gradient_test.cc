// Every op against the same formula in ATen's operations: values and gradients.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tersor/op/attention.h"
#include "tersor/op/cross_entropy.h"
#include "tersor/op/embedding.h"
#include "tersor/op/layer_norm.h"
#include "tersor/op/linear.h"
#include "tersor/op/recompute.h"
#include "tersor/op/rms_norm.h"
#include "tersor/op/rope.h"
#include "tersor/op/swiglu.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::op {
namespace {

using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

/// Gradients of sum(f(inputs) · fixed noise) for every input.
Tensors Gradients(const Function& f, const Tensors& values, at::Tensor* out) {
  Tensors inputs;
  for (const at::Tensor& value : values) {
    inputs.push_back(value.detach().clone().set_requires_grad(true));
  }
  *out = f(inputs);
  at::Tensor noise = at::arange(out->numel(), out->options().requires_grad(false)).sin();
  (*out * noise.view(out->sizes())).sum().backward();
  Tensors gradients;
  for (const at::Tensor& input : inputs) {
    gradients.push_back(input.grad());
  }
  return gradients;
}

/// f in float32 agrees with `definition` in double.
void ExpectAgreement(const Function& f, const Function& definition, const Tensors& values,
                     double tolerance = 1e-4) {
  Tensors doubles;
  for (const at::Tensor& value : values) {
    doubles.push_back(value.to(at::kDouble));
  }
  at::Tensor out, expected;
  const Tensors gradients = Gradients(f, values, &out);
  const Tensors wanted = Gradients(definition, doubles, &expected);
  EXPECT_TRUE(at::allclose(out.to(at::kDouble), expected, tolerance, tolerance));
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_TRUE(gradients[i].defined()) << i;
    EXPECT_TRUE(at::allclose(gradients[i].to(at::kDouble), wanted[i], tolerance, tolerance)) << i;
  }
}

class Op : public ::testing::Test {
 protected:
  void SetUp() override { at::manual_seed(5); }
};

TEST_F(Op, RmsNorm) {
  const auto definition = [](const Tensors& t) {
    return t[0] / (t[0].square().mean(-1, true) + 1e-5).sqrt() * t[1];
  };
  ExpectAgreement([](const Tensors& t) { return RmsNorm(t[0], t[1], 1e-5); }, definition,
                  {at::randn({70, 33}), at::randn({33})});
}

TEST_F(Op, LayerNorm) {
  const auto definition = [](const Tensors& t) {
    const at::Tensor centred = t[0] - t[0].mean(-1, true);
    return centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * t[1] + t[2];
  };
  ExpectAgreement([](const Tensors& t) { return LayerNorm(t[0], t[1], t[2], 1e-5); }, definition,
                  {at::randn({9, 20}), at::randn({20}), at::randn({20})});
}

TEST_F(Op, SwiGlu) {
  ExpectAgreement([](const Tensors& t) { return SwiGlu(t[0], t[1]); },
                  [](const Tensors& t) { return t[0] * at::sigmoid(t[0]) * t[1]; },
                  {at::randn({11, 37}), at::randn({11, 37})});
}

TEST_F(Op, RopeTurnsPairs) {
  const at::Tensor angle = at::randn({6, 4});
  const auto turn = [&](const Tensors& t) {
    const at::Tensor c = angle.cos().to(t[0].scalar_type()), s = angle.sin().to(t[0].scalar_type());
    return Rope(t[0], c, s);
  };
  const auto definition = [&](const Tensors& t) {
    const at::Tensor a = t[0].slice(-1, 0, 4), b = t[0].slice(-1, 4, 8);
    const at::Tensor c = angle.cos().to(at::kDouble).view({1, 6, 1, 4});
    const at::Tensor s = angle.sin().to(at::kDouble).view({1, 6, 1, 4});
    return at::cat({a * c - b * s, b * c + a * s}, -1);
  };
  ExpectAgreement(turn, definition, {at::randn({2, 6, 3, 8})});
}

Function AttentionDefinition(int64_t group, const AttentionMask& mask) {
  return [=](const Tensors& t) {
    const at::Tensor k = t[1].repeat_interleave(group, 1), v = t[2].repeat_interleave(group, 1);
    const int64_t tokens = t[0].size(2);
    const at::Tensor position = at::arange(tokens);
    const at::Tensor behind = position.unsqueeze(1) - position.unsqueeze(0);
    at::Tensor hidden = mask.causal ? behind < 0 : at::zeros_like(behind, at::kBool);
    if (mask.window > 0) {
      hidden = hidden.logical_or(behind.abs() >= mask.window);
    }
    const at::Tensor scores =
        (at::matmul(t[0], k.transpose(-1, -2)) * 0.3).masked_fill(hidden, -INFINITY);
    return at::matmul(at::softmax(scores, -1), v);
  };
}

TEST_F(Op, Attention) {
  for (const int64_t kv_heads : {1, 2, 4}) {
    for (const AttentionMask& mask :
         {AttentionMask{true, 0}, {true, 1}, {true, 5}, {false, 0}, {false, 5}}) {
      for (const int64_t tokens : {1, 7, 150}) {
        const Function definition = AttentionDefinition(4 / kv_heads, mask);
        const Tensors inputs = {at::randn({2, 4, tokens, 8}), at::randn({2, kv_heads, tokens, 8}),
                                at::randn({2, kv_heads, tokens, 8})};
        for (const auto& attention : {Attention, UnfusedAttention}) {
          ExpectAgreement([&](const Tensors& t) { return attention(t[0], t[1], t[2], 0.3, mask); },
                          definition, inputs);
        }
        // As the heads of a linear layer's output lie, and as nothing does.
        for (const auto& [a, b] : {std::pair<int64_t, int64_t>{1, 2}, {2, 3}}) {
          ExpectAgreement(
              [&, a = a, b = b](const Tensors& t) {
                const auto heads = [&](const at::Tensor& x) {
                  return x.transpose(a, b).contiguous().transpose(a, b);
                };
                return Attention(heads(t[0]), heads(t[1]), heads(t[2]), 0.3, mask);
              },
              definition, inputs);
        }
      }
    }
  }
}

TEST_F(Op, SparseAttentionIsAttentionOverItsBlocks) {
  constexpr int64_t kTokens = 300, kHeads = 2, kRows = 3, kBlocks = 5;
  kernel::BlockPlan plan;
  at::Tensor hidden = at::ones({kHeads, kTokens, kTokens}, at::kBool);
  for (int64_t h = 0; h < kHeads; ++h) {
    for (int64_t i = 0; i < kRows; ++i) {
      std::vector<uint8_t> keep(kBlocks);
      for (int64_t j = 0; j < kBlocks; ++j) {
        // The diagonal, so that each token sees something, and some others.
        keep[static_cast<size_t>(j)] = j / 2 == i || (i + j + h) % 3 == 0;
        if (keep[static_cast<size_t>(j)] != 0) {
          hidden[h].slice(0, 128 * i, 128 * (i + 1)).slice(1, 64 * j, 64 * (j + 1)).fill_(false);
        }
      }
      plan.AppendRow(keep);
    }
  }
  const at::Tensor position = at::arange(kTokens);
  hidden.logical_or_(position.unsqueeze(1) < position.unsqueeze(0));
  kernel::FlashCounts counts;
  SparseOptions options;
  options.blocks = SelectedBlocks::Of(plan);
  options.counts = &counts;
  ExpectAgreement(
      [&](const Tensors& t) {
        return SparseAttention(t[0], t[1], t[2], 0.3, {true, 0}, options);
      },
      [&](const Tensors& t) {
        const at::Tensor scores = at::matmul(t[0], t[1].transpose(-1, -2)) * 0.3;
        return at::matmul(at::softmax(scores.masked_fill(hidden, -INFINITY), -1), t[2]);
      },
      {at::randn({1, kHeads, kTokens, 8}), at::randn({1, kHeads, kTokens, 8}),
       at::randn({1, kHeads, kTokens, 8})});
  EXPECT_GT(counts.blocks, 0);
  EXPECT_LT(counts.blocks, plan.pairs() + 1);
  const at::Tensor q = at::randn({1, 2, 129, 8});
  EXPECT_THROW(SparseAttention(q, q, q, 0.3, {}, options), Error);
  const at::Tensor whole = at::randn({1, kHeads, kTokens, 8});
  const at::Tensor exact = SparseAttention(whole, whole, whole, 0.3, {}, options);
  options.int8 = true;
  const at::Tensor coded = SparseAttention(whole, whole, whole, 0.3, {}, options);
  EXPECT_LT((coded - exact).abs().sum().item<float>(), 0.02 * exact.abs().sum().item<float>());
  options.int8_values = true;
  const at::Tensor values = SparseAttention(whole, whole, whole, 0.3, {}, options);
  EXPECT_LT((values - coded).abs().sum().item<float>(), 0.02 * exact.abs().sum().item<float>());
  options.lambda = {-1};
  EXPECT_THROW(SparseAttention(whole, whole, whole, 0.3, {}, options), Error);
}

TEST_F(Op, AttentionTakesDoublesToo) {
  const at::Tensor q = at::randn({1, 2, 20, 4}, at::kDouble);
  const at::Tensor expected = AttentionDefinition(1, {true, 0})({q, q, q});
  EXPECT_TRUE(at::allclose(Attention(q, q, q, 0.3, {true, 0}), expected, 1e-12, 1e-12));
}

TEST_F(Op, CausalAttentionSeesNoFuture) {
  const at::Tensor q = at::randn({1, 2, 90, 8}), k = at::randn({1, 1, 90, 8});
  const at::Tensor v = at::randn({1, 1, 90, 8});
  const at::Tensor before = Attention(q, k, v, 0.3, {true, 0}).narrow(2, 0, 40);
  k.narrow(2, 40, 50).fill_(1e15);
  v.narrow(2, 40, 50).fill_(-1e30);
  EXPECT_TRUE(at::equal(Attention(q, k, v, 0.3, {true, 0}).narrow(2, 0, 40), before));
}

TEST_F(Op, AttentionNamesShapesThatDoNotFit) {
  const at::Tensor q = at::randn({1, 3, 9, 8}), k = at::randn({1, 2, 9, 8});
  EXPECT_THROW(Attention(q, k, k, 0.3, {}), Error);
  EXPECT_THROW(Attention(q, q, k, 0.3, {}), Error);
  EXPECT_THROW(Attention(q, at::randn({1, 3, 9, 6}), at::randn({1, 3, 9, 6}), 0.3, {}), Error);
  EXPECT_THROW(Attention(q[0], q[0], q[0], 0.3, {}), Error);
  EXPECT_THROW(
      Attention(at::randn({1, 3, 0, 8}), at::randn({1, 3, 0, 8}), at::randn({1, 3, 0, 8}), 0.3, {}),
      Error);
}

TEST_F(Op, AttentionDoesNotDependOnThreads) {
  const at::Tensor q = at::randn({3, 4, 50, 16}), k = at::randn({3, 4, 50, 16});
  const at::Tensor v = at::randn({3, 4, 50, 16});
  SetNumThreads(1);
  const at::Tensor alone = Attention(q, k, v, 0.25, {false, 0});
  SetNumThreads(3);
  EXPECT_TRUE(at::equal(Attention(q, k, v, 0.25, {false, 0}), alone));
  SetNumThreads(0);
}

TEST_F(Op, LinearWithAndWithoutBiases) {
  const auto layers = [](const Tensors& t) {
    const Tensors y = Linear(t[0], {t[1], t[2], t[3]}, {t[4], at::Tensor(), t[5]});
    return at::cat(y, 1);
  };
  const auto definition = [](const Tensors& t) {
    return at::cat(
        {at::mm(t[0], t[1].t()) + t[4], at::mm(t[0], t[2].t()), at::mm(t[0], t[3].t()) + t[5]}, 1);
  };
  ExpectAgreement(layers, definition,
                  {at::randn({6, 5}), at::randn({4, 5}), at::randn({3, 5}), at::randn({2, 5}),
                   at::randn({4}), at::randn({2})});
}

TEST_F(Op, LinearAddsToAnExistingGradient) {
  const at::Tensor x = at::randn({6, 5});
  at::Tensor weight = at::randn({4, 5}).set_requires_grad(true);
  const auto step = [&] { Linear(x, {weight}, {at::Tensor()})[0].sum().backward(); };
  step();
  const at::Tensor once = weight.grad().clone();
  const void* buffer = weight.grad().data_ptr();
  step();
  EXPECT_TRUE(at::allclose(weight.grad(), 2 * once));
  EXPECT_EQ(weight.grad().data_ptr(), buffer);
}

TEST_F(Op, LinearLeavesFrozenWeightsAlone) {
  at::Tensor x = at::randn({6, 5}).set_requires_grad(true);
  const at::Tensor weight = at::randn({4, 5});
  Linear(x, {weight}, {at::Tensor()})[0].sum().backward();
  EXPECT_FALSE(weight.grad().defined());
  EXPECT_TRUE(x.grad().defined());
}

TEST_F(Op, LinearCrossEntropy) {
  // A vocabulary of 40,000 takes several chunks of tokens.
  for (const int64_t vocab : {7, 40000}) {
    const int64_t tokens = vocab == 7 ? 13 : 250;
    const at::Tensor targets = at::randint(0, vocab, {tokens}, at::kLong);
    targets[3] = -1;
    const auto definition = [&](const Tensors& t) {
      const at::Tensor log_p = at::log_softmax(at::mm(t[0], t[1].t()), -1);
      return -log_p.gather(1, targets.clamp_min(0).unsqueeze(1))
                  .squeeze(1)
                  .masked_select(targets >= 0)
                  .sum();
    };
    ExpectAgreement([&](const Tensors& t) { return LinearCrossEntropy(t[0], t[1], targets) * 1.5; },
                    [&](const Tensors& t) { return definition(t) * 1.5; },
                    {at::randn({tokens, 6}), at::randn({vocab, 6})}, 1e-3);
    const at::Tensor hidden = at::randn({tokens, 6}), weight = at::randn({vocab, 6});
    const TokenLoss losses = LinearTokenLosses(hidden, weight, targets);
    EXPECT_NEAR(losses.nll.sum().item<double>(), definition({hidden, weight}).item<double>(),
                1e-3 * static_cast<double>(tokens));
    EXPECT_EQ(losses.nll[3].item<float>(), 0);
    EXPECT_TRUE(at::equal(losses.correct,
                          (at::mm(hidden, weight.t()).argmax(-1) == targets).to(at::kFloat)));
  }
}

TEST_F(Op, LinearCrossEntropyAddsToAnExistingGradient) {
  const at::Tensor hidden = at::randn({8, 6}), targets = at::arange(8, at::kLong);
  at::Tensor weight = at::randn({9, 6}).set_requires_grad(true);
  LinearCrossEntropy(hidden, weight, targets).backward();
  const at::Tensor once = weight.grad().clone();
  LinearCrossEntropy(hidden, weight, targets).backward();
  EXPECT_TRUE(at::allclose(weight.grad(), 2 * once));
}

TEST_F(Op, Embedding) {
  const at::Tensor ids = at::tensor(std::vector<int64_t>{2, 0, 2, 4}, at::kLong);
  ExpectAgreement([&](const Tensors& t) { return Embedding(t[0], ids); },
                  [&](const Tensors& t) { return t[0].index_select(0, ids); }, {at::randn({5, 3})});
  EXPECT_THROW(Embedding(at::randn({4, 3}), ids), Error);
  EXPECT_THROW(Embedding(at::randn({5, 3}), ids - 1), Error);
}

TEST_F(Op, RecomputeGivesTheGradientsOfTheBlock) {
  at::Tensor weight = at::randn({4, 4});
  const auto block = [&](const at::Tensor& w) {
    return [w](const at::Tensor& x) { return at::tanh(at::mm(x, w)); };
  };
  ExpectAgreement([&](const Tensors& t) { return Recompute(block(t[1]), t[0]); },
                  [&](const Tensors& t) { return block(t[1])(t[0]); }, {at::randn({3, 4}), weight});
}

}  // namespace
}  // namespace tersor::op
