#include "tersor/attention/compare_rules.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "tersor/attention/sparse_attention.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/op/attention.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"

namespace tersor::attention {
namespace {

/// Sets the number that RuleParameter() names to x of its range, 0 the sparsest.
void SetParameter(AttentionConfig& rule, double x, int64_t key_blocks) {
  if (rule.name == "sparge") {
    rule.tau = x;
  } else if (rule.name == "top-share") {
    rule.share = x;
  } else if (rule.name == "window") {
    rule.recent = std::max<int64_t>(1, std::llround(x * static_cast<double>(key_blocks)));
  } else {
    rule.gamma = x;
  }
}

}  // namespace

AttentionTrace::AttentionTrace(WatchedModel& model, const at::Tensor& tokens)
    : heads_(model.config().num_attention_heads), length_(tokens.size(1)) {
  model.VisitLayers(tokens, [&](int64_t, std::span<const nn::AttentionInput> inputs) {
    inputs_.emplace_back(inputs.begin(), inputs.end());
    std::vector<at::Tensor>& dense = dense_.emplace_back();
    for (const nn::AttentionInput& in : inputs) {
      dense.push_back(op::Attention(in.query, in.key, in.value, in.scale, {in.causal, in.window}));
    }
  });
}

const nn::AttentionInput& AttentionTrace::input(int64_t layer, int64_t sequence) const {
  return inputs_.at(static_cast<size_t>(layer)).at(static_cast<size_t>(sequence));
}

HeadMeasure AttentionTrace::Measure(const AttentionConfig& rule) const {
  const at::NoGradGuard no_grad;
  SparsityCounts counts;
  const nn::AttentionFactory factory = MakeAttention(rule, layers(), heads_, &counts);
  double l1 = 0, heads = 0;
  for (size_t layer = 0; layer < inputs_.size(); ++layer) {
    const auto policy = factory(static_cast<int64_t>(layer));
    for (size_t i = 0; i < inputs_[layer].size(); ++i) {
      ThrowIfInterrupted("stopped while comparing");
      const at::Tensor &dense = dense_[layer][i], out = policy->Attend(inputs_[layer][i]);
      const at::Tensor error = (out - dense).abs_().sum({0, 2, 3}, false, at::kDouble);
      const at::Tensor size = dense.abs().sum({0, 2, 3}, false, at::kDouble);
      l1 += (error / size.clamp_min(1e-30)).sum().item<double>();
      heads += static_cast<double>(heads_);
    }
  }
  return {l1 / heads, counts.Sparsity()};
}

double AttentionTrace::PlannedSparsity(const AttentionConfig& rule) const {
  double planned = 0, visible = 0;
  for (size_t layer = 0; layer < inputs_.size(); ++layer) {
    const auto planner = MakePlanner(rule, layer, heads_);
    for (const nn::AttentionInput& in : inputs_[layer]) {
      ThrowIfInterrupted("stopped while comparing");
      planned += static_cast<double>(planner->Plan(in).pairs());
      visible += static_cast<double>(VisiblePairs(in));
    }
  }
  return 1 - planned / visible;
}

std::string RuleParameter(const AttentionConfig& rule) {
  return rule.name == "sparge"      ? "tau"
         : rule.name == "top-share" ? "share"
         : rule.name == "window"    ? "recent"
                                    : "gamma";
}

double RuleParameterValue(const AttentionConfig& rule) {
  return rule.name == "sparge"      ? rule.tau
         : rule.name == "top-share" ? rule.share
         : rule.name == "window"    ? static_cast<double>(rule.recent)
                                    : rule.gamma;
}

AttentionConfig AtSparsity(AttentionConfig rule, double sparsity, const AttentionTrace& trace) {
  constexpr int kSteps = 12;
  const int64_t key_blocks = kernel::KeyBlocks(trace.length());
  double low = 0, high = 1, nearest = 0, distance = 2;
  for (int i = 0; i < kSteps; ++i) {
    const double middle = (low + high) / 2;
    SetParameter(rule, middle, key_blocks);
    const double reached = trace.PlannedSparsity(rule);
    if (std::abs(reached - sparsity) < distance) {
      distance = std::abs(reached - sparsity);
      nearest = middle;
    }
    (reached > sparsity ? low : high) = middle;
  }
  SetParameter(rule, nearest, key_blocks);
  return rule;
}

}  // namespace tersor::attention
