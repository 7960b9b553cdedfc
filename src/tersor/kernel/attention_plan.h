// Which blocks of Q Kᵀ are worth computing: the first stage of SpargeAttn (arXiv:2502.18137,
// section 3.2 and algorithm 1), and what others do instead. Decided from the blocks' means, before
// any attention is computed.
#ifndef TERSOR_KERNEL_ATTENTION_PLAN_H_
#define TERSOR_KERNEL_ATTENTION_PLAN_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tersor/kernel/block_summary.h"
#include "tersor/kernel/flash_attention.h"

namespace tersor::kernel {

/// How blocks of queries and keys lie to each other.
struct AttentionGrid {
  int64_t queries = 0, keys = 0;                             // tokens
  int64_t query_block = kQueryBlock, key_block = kKeyBlock;  // rows
  bool causal = false;                                       // query t sees keys up to first + t
  int64_t first = 0;  // position of the first query among the keys

  int64_t query_blocks() const { return (queries + query_block - 1) / query_block; }
  int64_t key_blocks() const { return (keys + key_block - 1) / key_block; }
  /// Key blocks of which some row of the query block sees at least one key: the first ones.
  int64_t VisibleBlocks(int64_t query_block_index) const;
  /// The first of the key blocks that hold the query block's own positions; where not causal,
  /// key_blocks().
  int64_t DiagonalBlock(int64_t query_block_index) const;
  /// All pairs of a query block and a key block that it sees: the denominator of sparsity.
  int64_t VisiblePairs() const;
};

/// Key blocks that query blocks compute, row after row, as BlockSelection wants them.
struct BlockPlan {
  std::vector<int64_t> offsets = {0};
  std::vector<int32_t> indices;

  /// Appends a query block that computes the key blocks j with keep[j] != 0.
  void AppendRow(std::span<const uint8_t> keep);
  /// Appends all rows of another plan.
  void Append(const BlockPlan& more);

  BlockSelection View() const { return {offsets.data(), indices.data()}; }
  int64_t pairs() const { return static_cast<int64_t>(indices.size()); }
};

/// What a selector knows when it chooses for one query block.
struct QueryBlockView {
  int64_t index = 0;
  float similarity = 0;                   // of its rows
  std::span<const float> scores;          // scale · mean query · mean key, of visible blocks
  std::span<const float> key_similarity;  // of visible blocks
  int64_t key_blocks = 0;                 // visible or not
};

/// A rule by which blocks are chosen. Stateless and shared by threads.
class BlockSelector {
 public:
  virtual ~BlockSelector() = default;
  /// Sets keep[j] to 1 for visible key blocks j that the query block computes; all are 0 before.
  virtual void Select(const QueryBlockView& view, std::span<uint8_t> keep) const = 0;
};

/// Everything that is visible.
std::unique_ptr<BlockSelector> SelectAll();

struct SpargeSelection {
  double tau = 0.98;   // share of the pooled probability that the chosen blocks stay within
  double theta = 0.6;  // blocks whose rows are no more alike than this are always computed
};
/// SpargeAttn: pooled scores become probabilities by a softmax over the key blocks whose rows are
/// alike; the likeliest are kept as long as their sum stays within tau, at least one. Key blocks
/// whose rows are not alike are kept in every row, and a query block whose rows are not alike keeps
/// all: a mean says nothing about them. Below 0 theta turns this judge off; tau of 1 keeps all.
/// Throws Error where tau is not in [0, 1] or theta not in [-1, 1].
std::unique_ptr<BlockSelector> SelectSparge(const SpargeSelection& options);

/// The share of all key blocks with the highest pooled scores, no judge (as MInference's
/// block-sparse heads do, arXiv:2407.02490).
std::unique_ptr<BlockSelector> SelectTopShare(double share);

/// The fewest blocks whose pooled probabilities reach gamma, no judge (as FlexPrefill's do,
/// arXiv:2502.20766).
std::unique_ptr<BlockSelector> SelectCumulative(double gamma);

/// The first `sinks` key blocks and the last `recent` ones that are visible (StreamingLLM,
/// arXiv:2309.17453).
std::unique_ptr<BlockSelector> SelectWindow(int64_t sinks, int64_t recent);

struct PlanOptions {
  bool keep_diagonal = true;  // where causal, the blocks with a query's own position: without them
                              // a row may be left with nothing to see
  bool keep_first = false;    // the first key block, an attention sink
};

/// The blocks that a head computes. `queries` and `keys` are summaries in the grid's blocks.
BlockPlan PlanAttention(const AttentionGrid& grid, const BlockSummaries& queries,
                        const BlockSummaries& keys, float scale, const BlockSelector& selector,
                        const PlanOptions& options);

/// The blocks of all query heads of an input, [batch, heads, query blocks]: selectors[h] chooses
/// for head h. Keys are smoothed (their mean taken off) before they are judged, and summarized once
/// for the query heads that share them. Parallel over batch and key-value heads.
BlockPlan PlanHeads(const FlashAttentionInput& in, std::span<const BlockSelector* const> selectors,
                    Similarity similarity, const PlanOptions& options);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ATTENTION_PLAN_H_
