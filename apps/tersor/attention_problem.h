// Queries, keys and values on which attention is timed.
#ifndef TERSOR_APPS_TERSOR_ATTENTION_PROBLEM_H_
#define TERSOR_APPS_TERSOR_ATTENTION_PROBLEM_H_

#include <cstdint>
#include <vector>

#include "tersor/kernel/attention_plan.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/kernel/workspace.h"

namespace tersor::cli {

/// Causal attention of one sequence.
class AttentionProblem {
 public:
  enum class Field {
    kRandom,  // independent normal numbers
    kSmooth,  // waves of some hundred tokens, the same in queries and keys, and noise: tokens
              // attend to those that are in the same phase, as in images and videos
  };
  AttentionProblem(int64_t heads, int64_t tokens, int64_t dim, Field field);

  /// All blocks, in float32.
  kernel::FlashAttentionInput Input() const;

  /// The plan of SpargeAttn for every head.
  kernel::BlockPlan Plan(double tau, double theta) const;
  /// The plan whose sparsity is nearest above `sparsity`, found by its tau.
  kernel::BlockPlan PlanOfSparsity(double sparsity, double theta, double* tau) const;
  double SparsityOf(const kernel::BlockPlan& plan) const;

  /// Seconds of a forward pass; `in` is Input(), perhaps with selected blocks or in INT8.
  double Forward(const kernel::FlashAttentionInput& in);
  /// What the last forward pass gave, [heads, tokens, dim], and what it computed.
  const std::vector<float>& out() const { return out_; }
  const kernel::FlashCounts& counts() const { return counts_; }
  /// Seconds of a backward pass, after a forward pass.
  double Backward(const kernel::FlashAttentionInput& in);

  /// GFLOP of the visible pairs in a forward pass; a backward pass has 2.5 times as many.
  double Gflop() const;

 private:
  kernel::HeadsView View(const std::vector<float>& data) const;
  kernel::HeadsOutput Output(std::vector<float>& data) const;

  int64_t heads_, tokens_, dim_;
  std::vector<float> query_, key_, value_, grad_out_, out_, lse_;
  std::vector<float> grad_query_, grad_key_, grad_value_;
  kernel::FlashCounts counts_;
  kernel::Workspace workspace_;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_ATTENTION_PROBLEM_H_
