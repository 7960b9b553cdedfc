#include "tersor/kernel/int8_gemm.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "tersor/util/parallel_for.h"

// A task is one block of y, [block, block] floats, 64 KB in the second cache. For each block of the
// depth it multiplies one block of a with one of b; the kernel holds a panel of b in the first
// cache while the rows of a pass by. Residuals are further products with the same sums, so a
// matrix costs in proportion to the blocks that fall back.
namespace tersor::kernel {
namespace {

constexpr int64_t kMaxBlock = 128;

int64_t BytesPerCode(const Int8Kernel& kernel) {
  return kernel.layout == Int8Layout::kPairs ? 2 : 1;
}

void SumRows(const int8_t* codes, int64_t block, int32_t* sums) {
  for (int64_t r = 0; r < block; ++r) {
    int32_t sum = 0;
    for (int64_t k = 0; k < block; ++k) {
      sum += codes[r * block + k];
    }
    sums[r] = sum;
  }
}

template <int64_t kRows>
void TransposeRows(const int32_t* __restrict from, int64_t cols, int64_t from_stride,
                   int64_t to_stride, int32_t* __restrict to) {
  for (int64_t c = 0; c < cols; ++c) {
    for (int64_t i = 0; i < kRows; ++i) {
      to[c * to_stride + i] = from[i * from_stride + c];
    }
  }
}

/// to[c][r] = from[r][c] of words, some rows at a time, so that their cache lines stay.
void TransposeWords(const int32_t* from, int64_t rows, int64_t cols, int64_t from_stride,
                    int64_t to_stride, int32_t* to) {
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8) {
    TransposeRows<8>(from + r * from_stride, cols, from_stride, to_stride, to + r);
  }
  for (; r < rows; ++r) {
    TransposeRows<1>(from + r * from_stride, cols, from_stride, to_stride, to + r);
  }
}

/// Weaves groups of kGroup rows: out [block / panel][block / kGroup][panel][kGroup].
template <int kGroup, typename Out>
void Weave(const int8_t* __restrict codes, int64_t block, int64_t panel, Out* __restrict out) {
  for (int64_t first = 0; first < block; first += panel) {
    for (int64_t k = 0; k < block; k += kGroup) {
      for (int64_t n = 0; n < panel; ++n) {
        for (int64_t g = 0; g < kGroup; ++g) {
          *out++ = codes[(k + g) * block + first + n];
        }
      }
    }
  }
}

/// Adds an offset to every byte: all bytes of a word at once, since none carries over.
void AddOffset(int32_t offset, int64_t bytes, std::byte* data) {
  const uint32_t surplus = (128 - static_cast<uint32_t>(offset)) * 0x01010101u;
  auto* words = reinterpret_cast<uint32_t*>(data);
  for (int64_t i = 0; i < bytes / 4; ++i) {
    words[i] = (words[i] ^ 0x80808080u) - surplus;
  }
}

/// The columns side: [block / panel][block / group][panel][group], a word a group.
void PackColumns(const int8_t* codes, int64_t block, bool transposed, const Int8Kernel& kernel,
                 std::byte* out) {
  const bool pairs = kernel.layout == Int8Layout::kPairs;
  alignas(64) int16_t wide[kMaxBlock * kMaxBlock];
  if (transposed && pairs) {
    Weave<2>(codes, block, kernel.panel, reinterpret_cast<int16_t*>(out));
  } else if (transposed) {
    Weave<4>(codes, block, kernel.panel, reinterpret_cast<int8_t*>(out));
  } else {
    const auto* words = reinterpret_cast<const int32_t*>(codes);
    if (pairs) {
      std::copy_n(codes, block * block, wide);
      words = reinterpret_cast<const int32_t*>(wide);
    }
    const int64_t depth = pairs ? block / 2 : block / 4;  // words a row
    for (int64_t first = 0; first < block; first += kernel.panel) {
      TransposeWords(words + first * depth, kernel.panel, depth, depth, kernel.panel,
                     reinterpret_cast<int32_t*>(out) + first * depth);
    }
  }
  if (!pairs) {
    AddOffset(kernel.offset, block * block, out);
  }
}

/// The rows side from codes of the transpose.
void PackRowsTransposed(const int8_t* codes, int64_t block, int8_t* out) {
  alignas(64) int8_t woven[kMaxBlock * kMaxBlock];
  Weave<4>(codes, block, block, woven);
  TransposeWords(reinterpret_cast<const int32_t*>(woven), block / 4, block, block, block / 4,
                 reinterpret_cast<int32_t*>(out));
}

void PackBlock(const int8_t* codes, int64_t block, bool transposed, OperandSide side,
               const Int8Kernel& kernel, std::byte* out, int32_t* sums) {
  if (side == OperandSide::kColumns) {
    PackColumns(codes, block, transposed, kernel, out);
    return;
  }
  const bool pairs = kernel.layout == Int8Layout::kPairs;
  alignas(64) int8_t turned[kMaxBlock * kMaxBlock];
  if (transposed) {
    int8_t* to = pairs ? turned : reinterpret_cast<int8_t*>(out);
    PackRowsTransposed(codes, block, to);
    codes = to;
  }
  if (pairs) {
    std::copy_n(codes, block * block, reinterpret_cast<int16_t*>(out));
  } else {
    SumRows(codes, block, sums);
  }
}

struct Packed {
  const std::byte* blocks;
  const int32_t* sums;
};

Packed PackBlocks(const int8_t* codes, int64_t count, int64_t block, bool transposed,
                  OperandSide side, const Int8Kernel& kernel, Workspace& workspace) {
  const int64_t size = block * block;
  const bool sums = side == OperandSide::kRows && kernel.layout == Int8Layout::kQuads;
  // Rows of bytes are multiplied from where they are.
  const bool in_place = sums && !transposed;
  auto* out = in_place ? nullptr : workspace.Take<std::byte>(count * size * BytesPerCode(kernel));
  auto* row_sums = sums ? workspace.Take<int32_t>(count * block) : nullptr;
  ParallelFor(0, count, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      PackBlock(codes + i * size, block, transposed, side, kernel,
                in_place ? nullptr : out + i * size * BytesPerCode(kernel),
                sums ? row_sums + i * block : nullptr);
    }
  });
  return {in_place ? reinterpret_cast<const std::byte*>(codes) : out, row_sums};
}

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
  add(operand.blocks, operand.sums, index, source.scales[index]);
  if (source.slots != nullptr && source.slots[index] >= 0) {
    const int64_t slot = source.slots[index];
    add(operand.residuals, operand.residual_sums, slot, source.residual_scales[slot]);
  }
  return count;
}

void MultiplyBlock(const Int8Operand& a, const Int8Operand& b, const Int8Kernel& kernel, int64_t i,
                   int64_t j, bool accumulate, float* sums, float* y) {
  const int64_t block = a.grid.block, bytes = block * block * BytesPerCode(kernel);
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

Int8Operand PackInt8(const BlockCodes& codes, bool transposed, OperandSide side,
                     const Int8Kernel& kernel, Workspace& workspace) {
  Int8Operand operand;
  operand.grid = codes.grid;
  if (transposed) {
    std::swap(operand.grid.rows, operand.grid.cols);
  }
  operand.transposed = transposed;
  operand.source = &codes;
  const int64_t block = codes.grid.block;
  const Packed base =
      PackBlocks(codes.codes, codes.grid.blocks(), block, transposed, side, kernel, workspace);
  operand.blocks = base.blocks;
  operand.sums = base.sums;
  if (codes.slots != nullptr) {
    const int32_t most = *std::max_element(codes.slots, codes.slots + codes.grid.blocks());
    const Packed residuals =
        PackBlocks(codes.residuals, most + 1, block, transposed, side, kernel, workspace);
    operand.residuals = residuals.blocks;
    operand.residual_sums = residuals.sums;
  }
  return operand;
}

void MatmulInt8(const Int8Operand& a, const Int8Operand& b, const Int8Kernel& kernel,
                bool accumulate, float* y) {
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
