#include "tersor/kernel/int8_gemm.h"

#include <algorithm>
#include <atomic>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

// A task is one block of y, [block, block] floats, 64 KB in the second cache. For each block of the
// depth it multiplies one block of a with one of b; the kernel holds a panel of b in the first
// cache while the rows of a pass by. Residuals are further products with the same sums, so a
// matrix costs in proportion to the blocks that fall back; joined ones are none.
namespace tersor::kernel {
namespace {

constexpr int64_t kMaxBlock = 128;

/// One step of a block's number: the codes or the residual.
struct Step {
  const std::byte* block;
  const int32_t* sums;
  float scale;
};

/// Fills `steps` with what block `index` is made of; returns how many.
int Steps(const Int8Operand& operand, int64_t index, int64_t bytes, Step steps[2]) {
  const int64_t block = operand.grid.block;
  const BlockCodes& source = *operand.source;
  int count = 0;
  const auto add = [&](const std::byte* blocks, const int32_t* sums, int64_t i, float scale) {
    if (scale != 0) {
      steps[count++] = {blocks + i * bytes, sums == nullptr ? nullptr : sums + i * block, scale};
    }
  };
  if (operand.joins && source.Joined(index)) {
    add(operand.blocks, nullptr, index, source.residual_scales[source.slots[index]]);
    return count;
  }
  add(operand.blocks, operand.sums, index, source.scales[index]);
  if (source.slots != nullptr && source.slots[index] >= 0) {
    const int64_t slot = source.slots[index];
    add(operand.residuals, operand.residual_sums, slot, source.residual_scales[slot]);
  }
  return count;
}

void MultiplyBlock(const Int8Operand& a, const Int8Operand& b, const Int8Kernel& kernel, int64_t i,
                   int64_t j, bool accumulate, float* sums, float* y) {
  const int64_t block = a.grid.block, bytes = block * block * kernel.bytes_per_code();
  const int64_t rows = std::min(block, a.grid.rows - i * block);
  const int64_t cols = std::min(block, b.grid.rows - j * block);
  std::fill_n(sums, rows * block, 0.0f);
  for (int64_t k = 0; k < a.grid.col_blocks(); ++k) {
    Step a_steps[2], b_steps[2];
    const int a_count = Steps(a, a.Index(i, k), bytes, a_steps);
    const int b_count = Steps(b, b.Index(j, k), bytes, b_steps);
    for (int s = 0; s < a_count; ++s) {
      for (int t = 0; t < b_count; ++t) {
        kernel.multiply({a_steps[s].block, a_steps[s].sums, b_steps[t].block,
                         a_steps[s].scale * b_steps[t].scale, sums, block, rows, cols});
      }
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    float* __restrict out = y + (i * block + r) * b.grid.rows + j * block;
    const float* __restrict in = sums + r * block;
    for (int64_t c = 0; c < cols; ++c) {
      out[c] = accumulate ? out[c] + in[c] : in[c];
    }
  }
}

}  // namespace

void MatmulInt8(const Int8Operand& a, const Int8Operand& b, const Int8Kernel& kernel,
                bool accumulate, float* y) {
  TERSOR_CHECK(!a.joins || !b.joins, "only one operand of an INT8 product may have joined blocks");
  const int64_t rows = a.grid.row_blocks(), cols = b.grid.row_blocks();
  // Blocks that fall back cluster, in the rows of a token say: threads take tasks as they come.
  std::atomic<int64_t> next = 0;
  ParallelFor(0, std::min<int64_t>(NumThreads(), rows * cols), 1, [&](int64_t, int64_t) {
    alignas(64) float sums[kMaxBlock * kMaxBlock];
    for (int64_t task; (task = next++) < rows * cols;) {
      MultiplyBlock(a, b, kernel, task % rows, task / rows, accumulate, sums, y);
    }
  });
}

}  // namespace tersor::kernel
