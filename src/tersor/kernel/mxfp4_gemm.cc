#include "tersor/kernel/mxfp4_gemm.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tersor/kernel/prefetch.h"
#include "tersor/util/parallel_for.h"

// A task is a part of y, some row blocks by some column tiles. Along the depth it goes by
// kDepthGroups at a time: then a tile of columns, 16 by 1024 bytes, stays in the first cache while
// the task's rows, 256 by 1024 bytes, pass by from the second.
//
// A tile of y, 8 by 16, is summed run by run. A run is as many groups as have one scale for each
// row and column of the tile, and sums that surely fit in 16 bits: the sum of products is at most
// the product of the two norms (Cauchy-Schwarz). Most data leave runs of 8 groups, so what a run
// costs in float32 arithmetic is spread over 256 products.
namespace tersor::kernel {
namespace {

constexpr int64_t kDepthGroups = 32;
static_assert(kDepthGroups % kMxfp4ChunkGroups == 0);
constexpr int64_t kRowBlocks = 32, kColumnTiles = 32;  // of a task, at most
constexpr int64_t kBlockBytes = 256;
constexpr int64_t kTile = kMxfp4TileRows * kMxfp4TileCols;

/// Where nothing precedes.
alignas(64) constexpr int16_t kNoSums[16] = {};

/// The two column blocks of a tile, along one part of the depth.
struct ColumnTile {
  const Mxfp4Operand* b;
  int64_t block;
  Mxfp4GroupInfo info[kDepthGroups];

  ColumnTile(const Mxfp4Operand* b, int64_t block) : b(b), block(block) {}
};

void Join(const Mxfp4GroupInfo* a, const Mxfp4GroupInfo* b, int64_t groups, Mxfp4GroupInfo* out) {
  for (int64_t g = groups - 1; g >= 0; --g) {
    Mxfp4GroupInfo& info = out[g];
    info.norm = std::max(a[g].norm, b[g].norm);
    info.low = std::min(a[g].low, b[g].low);
    info.high = std::max(a[g].high, b[g].high);
    info.run = std::min(a[g].run, b[g].run);
    info.run_norm = info.norm + (info.run > 1 ? out[g + 1].run_norm : 0);
  }
}

/// How the sums of a run are computed and scaled.
enum class RunKind {
  kPlain,      // fits 16 bits; the scale is a normal float
  kWideScale,  // fits 16 bits
  kWideSums,   // one group
};

struct Run {
  int64_t first, last;
  RunKind kind;
};

/// The longest run of rows and columns from a group on.
Run FindRun(const Mxfp4GroupInfo* a, const Mxfp4GroupInfo* b, int64_t first) {
  constexpr int64_t kMost = int64_t{32767} * 32767;
  a += first;
  b += first;
  Run run{first, first + std::min(a->run, b->run), RunKind::kPlain};
  if (int64_t{a->run_norm} * b->run_norm > kMost) {
    int64_t a_norm = 0, b_norm = 0, fits = 0;
    while (fits < run.last - first &&
           (a_norm += a[fits].norm) * (b_norm += b[fits].norm) <= kMost) {
      ++fits;
    }
    run.last = first + std::max<int64_t>(fits, 1);
    if (fits == 0) {
      run.kind = RunKind::kWideSums;
      return run;
    }
  }
  if (a->low + b->low < 130 || a->high + b->high > 383) {
    run.kind = RunKind::kWideScale;
  }
  return run;
}

/// out += sums under any scales: 2^(sa + sb) may leave float32, its halves do not.
void AddScaled(const Mxfp4Product& p, const int32_t* sums, float* out) {
  if (!p.add) {
    std::fill_n(out, kTile, 0.0f);
  }
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t c = 0; c < kMxfp4TileCols; ++c) {
      const uint8_t left = p.a_scales[r], right = p.b_scales[c / 8][c % 8];
      float& to = out[r * kMxfp4TileCols + c];
      if (left == kMxNanScale || right == kMxNanScale) {
        to = std::numeric_limits<float>::quiet_NaN();
        continue;
      }
      const int exponent = left + right - 2 * 127 - 2;
      const int half = exponent / 2;
      const float term = std::ldexp(static_cast<float>(sums[r * kMxfp4TileCols + c]), half);
      to = std::fma(term, std::ldexp(1.0f, exponent - half), to);
    }
  }
}

void MultiplyRun(const Mxfp4Product& product, RunKind kind, const Mxfp4Kernel& kernel, float* out) {
  if (kind == RunKind::kPlain) {
    kernel.multiply(product, out);
    return;
  }
  alignas(64) int32_t sums[kTile];
  if (kind == RunKind::kWideSums) {
    SumMxfp4Plainly(product, sums);
  } else {
    kernel.sum(product, sums);
  }
  AddScaled(product, sums, out);
}

/// A tile of y, along one part of the depth.
class Tile {
 public:
  Tile(const Mxfp4Operand& a, const ColumnTile& columns, int64_t row_block, int64_t first_group,
       int64_t groups)
      : a_(a),
        columns_(columns),
        group_(first_group),
        groups_(groups),
        a_at_(row_block * a.groups() + first_group),
        rows_(std::min(kMxfp4TileRows, a.rows - row_block * kMxfp4TileRows)) {
    for (int64_t i = 0; i < 2; ++i) {
      b_at_[i] = (columns.block + i) * a.groups() + first_group;
    }
  }

  void Multiply(const Mxfp4Kernel& kernel, float* out) const {
    for (int64_t first = 0; first < groups_;) {
      const Run run = FindRun(a_.info + a_at_, columns_.info, first);
      Mxfp4Product product = Product(run);
      product.add = first > 0;
      MultiplyRun(product, run.kind, kernel, out);
      first = run.last;
    }
  }

  int64_t rows() const { return rows_; }

 private:
  Mxfp4Product Product(const Run& run) const {
    const Mxfp4Operand& b = *columns_.b;
    Mxfp4Product p;
    p.groups = run.last - run.first;
    p.a = a_.codes + (a_at_ + run.first) * kBlockBytes;
    p.a_scales = a_.scales + (a_at_ + run.first) * 8;
    p.rows = rows_;
    const bool begins = (group_ + run.first) % kMxfp4ChunkGroups == 0;
    for (int64_t i = 0; i < 2; ++i) {
      const int64_t at = b_at_[i] + run.first;
      p.b[i] = reinterpret_cast<const int8_t*>(b.codes) + at * kBlockBytes;
      p.b_scales[i] = b.scales + at * 8;
      p.before[i] = begins ? kNoSums : b.sums + (at - 1) * 16;
      p.last[i] = b.sums + (at + p.groups - 1) * 16;
    }
    return p;
  }

  const Mxfp4Operand& a_;
  const ColumnTile& columns_;
  int64_t group_, groups_, a_at_, b_at_[2], rows_;
};

template <typename Count>
void StoreRow(const float* __restrict from, Count cols, bool add, float* __restrict to) {
  if (add) {
    for (int64_t c = 0; c < cols; ++c) {
      to[c] += from[c];
    }
  } else {
    for (int64_t c = 0; c < cols; ++c) {
      to[c] = from[c];
    }
  }
}

/// The sums of a tile go to y.
void Store(const float* tile, int64_t rows, int64_t cols, bool add, float* y, int64_t stride) {
  using Whole = std::integral_constant<int64_t, kMxfp4TileCols>;
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = tile + r * kMxfp4TileCols;
    if (cols == kMxfp4TileCols) {
      StoreRow(from, Whole(), add, y + r * stride);
    } else {
      StoreRow(from, cols, add, y + r * stride);
    }
  }
}

struct Range {
  int64_t first, last;
};

struct Target {
  float* y;
  int64_t stride;
  bool accumulate;
};

void MultiplyTask(const Mxfp4Operand& a, const Mxfp4Operand& b, const Mxfp4Kernel& kernel,
                  const Range& row_blocks, const Range& column_tiles, const Target& target) {
  const int64_t groups = a.groups();
  for (int64_t k = 0; k < groups; k += kDepthGroups) {
    const int64_t depth = std::min(kDepthGroups, groups - k);
    for (int64_t j = column_tiles.first; j < column_tiles.last; ++j) {
      ColumnTile columns(&b, 2 * j);
      const Mxfp4GroupInfo* info = b.info + 2 * j * groups + k;
      Join(info, info + groups, depth, columns.info);
      const int64_t cols = std::min(kMxfp4TileCols, b.rows - j * kMxfp4TileCols);
      for (int64_t i = row_blocks.first; i < row_blocks.last; ++i) {
        const Tile tile(a, columns, i, k, depth);
        float* y = target.y + i * kMxfp4TileRows * target.stride + j * kMxfp4TileCols;
        for (int64_t r = 0; r < tile.rows(); ++r) {
          PrefetchForWriting(y + r * target.stride);
        }
        alignas(64) float sums[kTile];
        tile.Multiply(kernel, sums);
        Store(sums, tile.rows(), cols, target.accumulate || k > 0, y, target.stride);
      }
    }
  }
}

int64_t Ceil(int64_t a, int64_t b) { return (a + b - 1) / b; }

bool PackChunk(const Mxfp4Source& source, uint64_t key, const Mxfp4Chunk& chunk,
               const Mxfp4Operand& operand, const Mxfp4ChunkOut& out) {
  Mxfp4Block blocks[kMxfp4ChunkGroups * kMxfp4BlockBatch];
  bool finite = true;
  for (int64_t g = 0; g < chunk.groups; ++g) {
    finite &= EncodeMxfp4Blocks(source, key, chunk.block * kMxfp4BlockRows, chunk.blocks,
                                chunk.group + g, blocks + g * chunk.blocks, source.keep);
  }
  for (int64_t i = 0; i < chunk.blocks; ++i) {
    const int64_t at = (chunk.block + i) * operand.groups() + chunk.group;
    PackMxfp4Chunk(
        blocks + i, chunk.blocks, chunk.groups, operand.side,
        {out.codes + at * kBlockBytes, out.sums == nullptr ? nullptr : out.sums + at * 16,
         out.scales + at * 8, out.info + at});
  }
  return finite;
}

}  // namespace

Mxfp4Operand PackMxfp4(const Mxfp4Source& source, OperandSide side, Workspace& workspace) {
  Mxfp4Operand operand;
  operand.side = side;
  operand.rows = source.rows();
  operand.depth = source.cols();
  const int64_t groups = operand.groups();
  operand.blocks = Ceil(operand.rows, kMxfp4BlockRows);
  if (side == OperandSide::kColumns) {
    operand.blocks += operand.blocks % 2;
  }
  const int64_t units = operand.blocks * groups;
  Mxfp4ChunkOut out{workspace.Take<uint8_t>(units * kBlockBytes),
                    side == OperandSide::kColumns ? workspace.Take<int16_t>(units * 16) : nullptr,
                    workspace.Take<uint8_t>(units * 8), workspace.Take<Mxfp4GroupInfo>(units)};
  operand.codes = out.codes;
  operand.sums = out.sums;
  operand.scales = out.scales;
  operand.info = out.info;
  const uint64_t key = MixMxKey(source.rounding.key);
  std::atomic<bool> finite = true;
  ForEachMxfp4Chunk(source, operand.blocks, [&](const Mxfp4Chunk& chunk) {
    if (!PackChunk(source, key, chunk, operand, out)) {
      finite = false;
    }
  });
  operand.finite = finite;
  return operand;
}

void MatmulMxfp4(const Mxfp4Operand& a, const Mxfp4Operand& b, const Mxfp4Kernel& kernel,
                 bool accumulate, float* y, int64_t stride) {
  assert(a.side == OperandSide::kRows && b.side == OperandSide::kColumns && a.depth == b.depth);
  const int64_t row_blocks = a.blocks, column_tiles = b.blocks / 2;
  // A thread is worth its start from some 2^20 products on.
  const int64_t products = a.rows * b.rows * a.depth;
  const int64_t threads = std::clamp<int64_t>(products >> 20, 1, NumThreads());
  // Small products are cut finer, so that every thread has some tasks.
  const int64_t wanted = 4 * threads;
  const int64_t task_rows = std::clamp<int64_t>(Ceil(row_blocks, wanted), 4, kRowBlocks);
  const int64_t rows = Ceil(row_blocks, task_rows);
  const int64_t task_columns = std::clamp<int64_t>(column_tiles * rows / wanted, 1, kColumnTiles);
  const int64_t columns = Ceil(column_tiles, task_columns);
  std::atomic<int64_t> next = 0;
  ParallelFor(0, std::min(threads, rows * columns), 1, [&](int64_t, int64_t) {
    for (int64_t task; (task = next++) < rows * columns;) {
      const int64_t row = task / columns * task_rows, column = task % columns * task_columns;
      MultiplyTask(a, b, kernel, {row, std::min(row + task_rows, row_blocks)},
                   {column, std::min(column + task_columns, column_tiles)},
                   {y, stride, accumulate});
    }
  });
}

void MatmulMxfp4(const Mxfp4Operand& a, const Mxfp4Operand& b, bool accumulate, float* y,
                 int64_t stride) {
  MatmulMxfp4(a, b, Mxfp4Kernels().front(), accumulate, y, stride);
}

}  // namespace tersor::kernel
