#include "tersor/kernel/flash_backward_block.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/flash_backward_block.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/exp-inl.h"
#include "tersor/kernel/flash_scores-inl.h"

// Of the five products of a query block and a key block, two give the scores and the gradients of
// the probabilities, group by group as in the forward pass; a third turns the group's dS into
// gradients of its queries. What keys and values get is summed over all 128 rows, which are deep
// enough that loading and storing those sums costs little; P and dS (32 KB each) and the rows of
// queries and gradients stay in the second cache meanwhile.
#ifndef TERSOR_KERNEL_FLASH_BACKWARD_BLOCK_ONCE_
#define TERSOR_KERNEL_FLASH_BACKWARD_BLOCK_ONCE_
namespace tersor::kernel {

/// The scratch memory of a block.
struct FlashBackwardState {
  FlashBackwardState(float* scratch, int64_t dim) {
    query = scratch;
    grad_out = query + kQueryBlock * kRowStride;
    grad_query = grad_out + kQueryBlock * kRowStride;
    weights = grad_query + kQueryBlock * PaddedDim(dim);
    grad_scores = weights + kQueryBlock * kKeyBlock;
    lse = grad_scores + kQueryBlock * kKeyBlock;
    delta = lse + kQueryBlock;
  }
  static int64_t Floats(int64_t dim) {
    return kQueryBlock * (2 * kRowStride + PaddedDim(dim) + 2 * kKeyBlock + 2);
  }

  float *query, *grad_out;       // [rows, padded] kRowStride apart; queries times scale and log2(e)
  float* grad_query;             // [rows, padded], lacks `scale`
  float *weights, *grad_scores;  // P and dS [kQueryBlock, kKeyBlock]
  float* lse;                    // [rows] in units of log 2
  float* delta;                  // [rows] rowsum(out * grad_out)
};

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_FLASH_BACKWARD_BLOCK_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Turns a row of scores into P and of grad_out Vᵀ into dS; zero where the group sees nothing.
HWY_INLINE void Differentiate(const KeyRange& columns, float lse, float delta,
                              float* HWY_RESTRICT weights, float* HWY_RESTRICT grad_scores) {
  const TileTag d;
  const auto shift = hn::Set(d, lse), center = hn::Set(d, delta), zero = hn::Zero(d);
  for (int64_t c = columns.begin; c < columns.end; c += kTileLanes) {
    const auto weight = Exp2NonPositive(d, hn::Sub(hn::LoadU(d, weights + c), shift));
    const auto grad = hn::Mul(weight, hn::Sub(hn::LoadU(d, grad_scores + c), center));
    hn::StoreU(weight, d, weights + c);
    // A masked product may not have been computed at all.
    hn::StoreU(hn::IfThenElse(hn::Eq(weight, zero), zero, grad), d, grad_scores + c);
  }
  for (float* row : {weights, grad_scores}) {
    std::fill(row, row + std::min(columns.begin, kKeyBlock), 0.0f);
    std::fill(row + columns.end, row + kKeyBlock, 0.0f);
  }
}

/// P, dS and what they give the queries, for one row group.
void RunGroup(const FlashBackwardBlock& block, int64_t row, int64_t key,
              const FlashBackwardState& state) {
  const RowGroup group{block.mask, block.position + row, std::min(kRowGroup, block.rows - row),
                       key};
  const KeyRange columns = group.WholeVectors();
  float* weights = state.weights + row * kKeyBlock;
  float* grad_scores = state.grad_scores + row * kKeyBlock;
  if (columns.begin >= columns.end) {
    std::fill_n(weights, group.rows * kKeyBlock, 0.0f);
    std::fill_n(grad_scores, group.rows * kKeyBlock, 0.0f);
    return;
  }
  const int64_t dim = block.dim, padded = PaddedDim(dim);
  Products(group, dim, state.query + row * kRowStride, block.key_panels + key * dim, weights);
  if (block.bias.data != nullptr) {
    BlockBias bias = block.bias;
    bias.data += row * bias.query_stride;
    AddBias(group, bias, weights);
  }
  const bool all_seen = group.AllSeen();
  if (!all_seen) {
    HideUnseen(group, weights);
  }
  Products(group, dim, state.grad_out + row * kRowStride, block.value_panels + key * dim,
           grad_scores);
  for (int64_t r = 0; r < group.rows; ++r) {
    Differentiate(all_seen ? columns : group.RowVectors(r), state.lse[row + r],
                  state.delta[row + r], weights + r * kKeyBlock, grad_scores + r * kKeyBlock);
  }
  AddValues(group, padded, grad_scores, block.key_rows + key * padded, padded,
            state.grad_query + row * padded);
}

/// to[key + c, dims) += sum over rows of weights[row, c] rows[row, dims).
void AddTransposed(const FlashBackwardBlock& block, int64_t key, const float* weights,
                   const float* rows, float* to) {
  using Weights = Broadcast<kKeyBlock, 1>;
  const int64_t padded = PaddedDim(block.dim);
  const int64_t count = std::min(kKeyBlock, block.mask.keys - key);
  to += key * padded;
  for (int64_t i = 0; i < padded; i += 2 * kTileLanes) {
    const bool pair = padded - i > kTileLanes;
    ForRowTiles(count, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t c) {
      KeyRange seeing =
          block.mask.Seeing(key + c, kRows, block.position, block.position + block.rows);
      if (seeing.begin >= seeing.end) {
        return;
      }
      const int64_t row = seeing.begin - block.position, depth = seeing.end - seeing.begin;
      const float* at = rows + row * kRowStride + i;
      const Vectors b = {{at, at + kTileLanes}, kRowStride};
      const float* a = weights + row * kKeyBlock + c;
      if (pair) {
        Tile<Weights, kRows, 2, true>(depth, a, b, to + c * padded + i, padded);
      } else {
        Tile<Weights, kRows, 1, true>(depth, a, b, to + c * padded + i, padded);
      }
    });
  }
}

void RunKeyBlock(const FlashBackwardBlock& block, int64_t index, const FlashBackwardState& state) {
  const int64_t key = index * kKeyBlock;
  for (int64_t row = 0; row < block.rows; row += kRowGroup) {
    RunGroup(block, row, key, state);
  }
  AddTransposed(block, key, state.weights, state.grad_out, block.grad_value);
  AddTransposed(block, key, state.grad_scores, state.query, block.grad_key);
}

void StartBlock(const FlashBackwardBlock& block, const FlashBackwardState& state) {
  const int64_t rows = block.rows, dim = block.dim, padded = PaddedDim(dim);
  ScaleRows(block.query, rows, dim, block.scale * kLog2E, state.query);
  ScaleRows(block.grad_out, rows, dim, 1, state.grad_out);
  const TileTag d;
  HWY_ALIGN float out[kRowStride];
  for (int64_t r = 0; r < rows; ++r) {
    RowsView view = block.out;
    view.data += r * view.stride * BytesOf(view.type);
    ScaleRows(view, 1, dim, 1, out);
    auto sum = hn::Zero(d);
    for (int64_t i = 0; i < padded; i += kTileLanes) {
      const auto grad = hn::LoadU(d, state.grad_out + r * kRowStride + i);
      sum = hn::MulAdd(hn::LoadU(d, out + i), grad, sum);
    }
    state.delta[r] = hn::GetLane(hn::SumOfLanes(d, sum));
    // A row that saw nothing gets weights of 0 from any score.
    state.lse[r] =
        std::isinf(block.lse[r]) ? std::numeric_limits<float>::max() : block.lse[r] * kLog2E;
  }
  std::fill_n(state.grad_query, rows * padded, 0.0f);
}

void Run(const FlashBackwardBlock& block, float* scratch) {
  const FlashBackwardState state(scratch, block.dim);
  StartBlock(block, state);
  const BlockRange seen = SeenBlocks(block.mask, block.position, block.rows);
  ForSelectedBlocks(seen, block.selected, [&](int64_t index) { RunKeyBlock(block, index, state); });
  for (int64_t r = 0; r < block.rows; ++r) {
    const float* from = state.grad_query + r * PaddedDim(block.dim);
    std::transform(from, from + block.dim, block.grad_query + r * block.grad_query_stride,
                   [&](float x) { return x * block.scale; });
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(Run);

}  // namespace

int64_t FlashBackwardScratch(int64_t dim) { return FlashBackwardState::Floats(dim); }

void RunFlashBackwardBlock(const FlashBackwardBlock& block, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Run)(block, scratch);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
