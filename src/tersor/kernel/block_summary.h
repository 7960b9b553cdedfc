// What a block of query or key rows looks like from far away: its mean, and how alike its rows are.
// The statistics from which sparse attention decides what to compute (SpargeAttn, arXiv:2502.18137,
// section 3.2).
#ifndef TERSOR_KERNEL_BLOCK_SUMMARY_H_
#define TERSOR_KERNEL_BLOCK_SUMMARY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tersor/kernel/matvec.h"

namespace tersor::kernel {

/// Rows [tokens, dim] of one head.
struct HeadRows {
  const std::byte* data = nullptr;
  FloatType type = FloatType::kF32;  // kF32 or kBF16
  int64_t tokens = 0, dim = 0;
  int64_t stride = 0;  // elements from row to row
};

/// How alike the rows x of a block are, in [0, 1]; 1 where all are the same.
enum class Similarity {
  kCosine,  // mean cosine of all pairs of rows, each with itself included (the released code);
            // a row of zeros is alike to none
  kGram,  // mean of X Xᵀ over its largest entry (the paper's formula): also falls where the rows'
          // lengths differ
};

struct BlockSummaries {
  int64_t blocks = 0, dim = 0;
  std::vector<float> means;       // [blocks, dim]
  std::vector<float> similarity;  // [blocks]
  std::vector<float> largest;     // [blocks]: the largest absolute value

  const float* mean(int64_t block) const { return means.data() + block * dim; }
};

/// Mean of all rows, [dim]: what smoothing takes from the keys (SageAttention, arXiv:2410.02367,
/// section 4.2); softmax does not see it. In double inside.
std::vector<float> MeanRow(const HeadRows& rows);

/// Summaries of blocks of `block` rows; the last may be shorter. `shift` [dim] or null is taken
/// from every row first. One pass: a block is read from memory once. O(tokens · dim), since the sum
/// of all cosines is the squared length of the sum of the unit rows, and the largest entry of X Xᵀ
/// lies on its diagonal. Serial.
BlockSummaries SummarizeBlocks(const HeadRows& rows, int64_t block, const float* shift,
                               Similarity similarity);

/// Adds the summaries of whole blocks [first, last) of kKeyBlock keys that lie in panels as
/// attend.h says, minus `shift` [dim].
void AppendPanelSummaries(FloatType type, const std::byte* keys, int64_t first, int64_t last,
                          const float* shift, Similarity similarity, BlockSummaries& summaries);

/// scores[j] = scale · query · (mean of block j) for the first `count` blocks; query [keys.dim].
void ScoreMeans(const float* query, const BlockSummaries& keys, int64_t count, float scale,
                float* scores);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_BLOCK_SUMMARY_H_
