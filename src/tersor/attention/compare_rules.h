// Rules of which blocks to compute, on equal terms: at the same sparsity.
#ifndef TERSOR_ATTENTION_COMPARE_RULES_H_
#define TERSOR_ATTENTION_COMPARE_RULES_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/attention/attention_config.h"
#include "tersor/attention/layer_inputs.h"
#include "tersor/attention/tune_head.h"
#include "tersor/nn/attention.h"

namespace tersor::attention {

/// What all attention layers of a model are given on some text when it attends densely, and what
/// they make of it.
class AttentionTrace {
 public:
  /// tokens int64 [sequences, length].
  AttentionTrace(WatchedModel& model, const at::Tensor& tokens);

  int64_t heads() const { return heads_; }
  int64_t layers() const { return static_cast<int64_t>(inputs_.size()); }
  int64_t length() const { return length_; }
  const nn::AttentionInput& input(int64_t layer, int64_t sequence) const;

  /// Sparsity over all layers, and the mean over layers, heads and sequences of the relative L1,
  /// sum |sparse - dense| / sum |dense|. `rule` is not dense.
  HeadMeasure Measure(const AttentionConfig& rule) const;

  /// Share of the visible blocks that the rule leaves out, without computing the others.
  double PlannedSparsity(const AttentionConfig& rule) const;

 private:
  int64_t heads_, length_;
  std::vector<std::vector<nn::AttentionInput>> inputs_;  // [layers][sequences]
  std::vector<std::vector<at::Tensor>> dense_;           // likewise
};

/// The one number by which a rule is made more or less sparse: "tau" of sparge, "share" of
/// top-share, "gamma" of cumulative and oracle, "recent" of window.
std::string RuleParameter(const AttentionConfig& rule);
double RuleParameterValue(const AttentionConfig& rule);

/// `rule` with that number such that PlannedSparsity() on the trace comes nearest `sparsity`. A
/// rule may not reach it: of the diagonal nothing is ever left out. Throws Interrupted.
AttentionConfig AtSparsity(AttentionConfig rule, double sparsity, const AttentionTrace& trace);

}  // namespace tersor::attention

#endif  // TERSOR_ATTENTION_COMPARE_RULES_H_
