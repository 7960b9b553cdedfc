#include "tersor/kernel/flash_attention.h"

#include <algorithm>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/flash_input.h"
#include "tersor/kernel/flash_pack.h"
#include "tersor/kernel/longest_first.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// Floats of packed keys and values at a time: heads go in waves, so that many long ones do not
/// need a second copy of everything.
constexpr int64_t kWaveFloats = int64_t{32} << 20;

/// Key-value heads [first, first + count) of batch * kv_heads, packed.
struct PackedHeads {
  int64_t first, count;
  int64_t size;  // floats of a head's keys; its values lie behind them
  float* data;

  float* Keys(int64_t head) const { return data + 2 * size * (head - first); }
  float* Values(int64_t head) const { return Keys(head) + size; }
};

void Pack(const FlashAttentionInput& in, const PackedHeads& packed) {
  const int64_t blocks = KeyBlocks(in.keys);
  ParallelFor(0, packed.count * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t head = packed.first + i / blocks, key = i % blocks * kKeyBlock;
      const int64_t b = head / in.kv_heads, h = head % in.kv_heads;
      const int64_t count = std::min(kKeyBlock, in.keys - key);
      PackPanels(in.key.type, in.key.At(b, h, key), in.key.token_stride, count, in.dim,
                 packed.Keys(head) + key * in.dim);
      PackRows(in.value.type, in.value.At(b, h, key), in.value.token_stride, count, in.dim,
               packed.Values(head) + key * PaddedDim(in.dim));
    }
  });
}

/// What the threads work with: each a stretch of scratch memory and a place for its counts.
struct Workers {
  int64_t count;
  float* scratch;
  FlashCounts* counts;
};

/// One block of queries of head `head` of batch * heads.
FlashBlock BlockAt(const FlashAttentionInput& in, const HeadsOutput& out, float* lse, int64_t head,
                   int64_t query) {
  const int64_t b = head / in.heads, h = head % in.heads;
  FlashBlock block;
  block.query = RowsAt(in.query, b, h, query);
  block.rows = std::min(kQueryBlock, in.queries - query);
  block.dim = in.dim;
  block.mask = MaskOf(in);
  block.position = in.first + query;
  block.scale = in.scale;
  block.bias = BiasAt(in.bias, b, h, query);
  block.selected = SelectedAt(in, head, query);
  if (in.lambda != nullptr) {
    block.lambda = in.lambda[h];
  }
  block.out = out.At(b, h, query);
  block.out_stride = out.token_stride;
  block.lse = lse == nullptr ? nullptr : lse + head * in.queries + query;
  return block;
}

/// All query blocks of the heads that read the packed ones.
void RunWave(const FlashAttentionInput& in, const HeadsOutput& out, float* lse,
             const PackedHeads& packed, const Workers& workers, Workspace& workspace) {
  const int64_t group = in.heads / in.kv_heads, blocks = QueryBlocks(in.queries);
  const auto block_at = [&](int64_t task) {
    return BlockAt(in, out, lse, packed.first * group + task / blocks, task % blocks * kQueryBlock);
  };
  const auto length = [&](int64_t task) {
    const FlashBlock block = block_at(task);
    const BlockRange seen = SeenBlocks(block.mask, block.position, block.rows);
    return block.selected.dense ? seen.last - seen.first : block.selected.count;
  };
  const auto run = [&](int64_t task, int64_t worker) {
    FlashBlock block = block_at(task);
    const int64_t head = packed.first + task / blocks / group;
    block.keys = reinterpret_cast<const std::byte*>(packed.Keys(head));
    block.values = reinterpret_cast<const std::byte*>(packed.Values(head));
    block.counts = workers.counts + worker;
    RunFlashBlock(block, workers.scratch + worker * FlashScratch(in.dim));
  };
  ForLongestFirst(packed.count * group * blocks, workers.count, length, run, workspace);
}

}  // namespace

FlashCounts FlashAttention(const FlashAttentionInput& in, const HeadsOutput& out, float* lse,
                           Workspace& workspace) {
  Validate(in);
  const Workspace::Scope scope(workspace);
  const int64_t heads = in.batch * in.kv_heads;
  PackedHeads packed{};
  packed.size = KeyBlocks(in.keys) * kKeyBlock * PaddedDim(in.dim);
  const int64_t fitting = kWaveFloats / std::max<int64_t>(1, 2 * packed.size);
  const int64_t wave = std::min(heads, std::max<int64_t>(1, fitting));
  packed.data = workspace.Take<float>(2 * packed.size * wave);
  Workers workers{NumThreads(), nullptr, nullptr};
  workers.scratch = workspace.Take<float>(workers.count * FlashScratch(in.dim));
  workers.counts = workspace.Take<FlashCounts>(workers.count);
  std::fill_n(workers.counts, workers.count, FlashCounts());
  for (packed.first = 0; packed.first < heads; packed.first += wave) {
    packed.count = std::min(wave, heads - packed.first);
    Pack(in, packed);
    RunWave(in, out, lse, packed, workers, workspace);
  }
  FlashCounts total;
  for (int64_t i = 0; i < workers.count; ++i) {
    total.Add(workers.counts[i]);
  }
  return total;
}

}  // namespace tersor::kernel
