// Attention over the blocks that a rule selects: SpargeAttn (Zhang et al., arXiv:2502.18137) and
// the rules that it is compared with.
#ifndef TERSOR_ATTENTION_SPARSE_ATTENTION_H_
#define TERSOR_ATTENTION_SPARSE_ATTENTION_H_

#include <memory>
#include <vector>

#include "tersor/attention/attention_config.h"
#include "tersor/kernel/attention_plan.h"
#include "tersor/nn/attention.h"

namespace tersor::attention {

/// What was computed and what was not, summed over calls.
struct SparsityCounts {
  int64_t visible = 0;       // products of a query block and a key block that it sees
  kernel::FlashCounts done;  // of those
  double planning_seconds = 0, seconds = 0;  // the plan alone, and all

  /// (skipped products Q Kᵀ + skipped products P V) / (2 · all); a P V product that is skipped for
  /// some row groups counts by their share (the paper's section 4.1; where causal, of the blocks
  /// that are seen).
  double Sparsity() const;
};

/// Products of a query block and a key block that it sees, over all heads.
int64_t VisiblePairs(const nn::AttentionInput& input);

/// How the blocks of one layer are chosen, and the heads' second filter.
class BlockPlanner {
 public:
  virtual ~BlockPlanner() = default;
  virtual kernel::BlockPlan Plan(const nn::AttentionInput& input) const = 0;
  /// [heads], or empty: none.
  virtual const std::vector<float>& lambda() const = 0;
};

/// As configured, for layer `layer` of a model with `heads` query heads; not for dense.
std::unique_ptr<BlockPlanner> MakePlanner(const AttentionConfig& config, size_t layer,
                                          int64_t heads);

/// By one selector a head, from the blocks' means.
std::unique_ptr<BlockPlanner> PlanByMeans(
    std::vector<std::shared_ptr<const kernel::BlockSelector>> selectors, std::vector<float> lambda,
    kernel::Similarity similarity, const kernel::PlanOptions& options);

/// How the planned blocks are computed; kernel::FlashAttentionInput says what these mean.
struct BlockArithmetic {
  bool int8 = false, sum_dropped = false;
  bool int8_values = false;
};

/// Computes the planned blocks. Throws Error naming queries, keys or
/// values that are not finite. `counts`, where not null, must outlive it; its owner may read and
/// reset it between calls.
class SparseAttention : public nn::AttentionPolicy {
 public:
  SparseAttention(std::unique_ptr<BlockPlanner> planner, const BlockArithmetic& arithmetic,
                  SparsityCounts* counts);
  at::Tensor Attend(const nn::AttentionInput& input) override;

 private:
  std::unique_ptr<BlockPlanner> planner_;
  BlockArithmetic arithmetic_;
  SparsityCounts* counts_;
};

/// One policy a layer as configured, for a model of `layers` layers with `heads` query heads.
/// Throws Error or UsageError as AttentionConfig::Validate().
nn::AttentionFactory MakeAttention(const AttentionConfig& config, int64_t layers, int64_t heads,
                                   SparsityCounts* counts);

}  // namespace tersor::attention

#endif  // TERSOR_ATTENTION_SPARSE_ATTENTION_H_
