#include "tersor/kernel/flash_attention.h"

#include <algorithm>
#include <vector>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/block_summary.h"
#include "tersor/kernel/flash_input.h"
#include "tersor/kernel/flash_pack.h"
#include "tersor/kernel/int8_score.h"
#include "tersor/kernel/int8_value.h"
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
  const Int8ScoreKernel* int8;         // null: keys are floats
  const Int8ValueKernel* int8_values;  // null: values are floats

  float* Keys(int64_t head) const { return data + 2 * size * (head - first); }
  float* Values(int64_t head) const { return Keys(head) + size; }

  // In INT8 the keys' room holds their mean, the blocks' scales, and the codes.
  float* Mean(int64_t head) const { return Keys(head); }
  float* Scales(int64_t head, int64_t dim) const { return Keys(head) + PaddedDim(dim); }
  uint8_t* Codes(int64_t head, int64_t dim, int64_t blocks) const {
    return reinterpret_cast<uint8_t*>(Scales(head, dim) + (blocks + 15) / 16 * 16);
  }
  static int64_t Int8Floats(int64_t dim, int64_t blocks) {
    return PaddedDim(dim) + (blocks + 15) / 16 * 16 + blocks * kKeyBlock * Int8Depth(dim) / 4;
  }

  // In INT8 the values' room holds the channels' scales of all blocks, and the codes.
  float* ValueScales(int64_t head) const { return Values(head); }
  int8_t* ValueCodes(int64_t head, int64_t dim, int64_t blocks) const {
    return reinterpret_cast<int8_t*>(Values(head) + blocks * PaddedDim(dim));
  }
};

/// Rows of values that lie side by side are as good as packed. Rows further apart are not: at a
/// distance of some powers of two they would share a few sets of the first cache.
bool ReadsValuesInPlace(const FlashAttentionInput& in) {
  return in.value.type == FloatType::kF32 && in.value.token_stride == in.dim &&
         PaddedDim(in.dim) == in.dim;
}

/// The keys' mean of each head, which their codes leave out.
void PackMeans(const FlashAttentionInput& in, const PackedHeads& packed) {
  ParallelFor(0, packed.count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t head = packed.first + i, b = head / in.kv_heads, h = head % in.kv_heads;
      const std::vector<float> mean =
          MeanRow({in.key.At(b, h, 0), in.key.type, in.keys, in.dim, in.key.token_stride});
      std::copy(mean.begin(), mean.end(), packed.Mean(head));
    }
  });
}

/// Block `block` of the keys of a head.
void PackKeys(const FlashAttentionInput& in, const PackedHeads& packed, int64_t head,
              int64_t block) {
  const int64_t b = head / in.kv_heads, h = head % in.kv_heads, key = block * kKeyBlock;
  const int64_t count = std::min(kKeyBlock, in.keys - key);
  const std::byte* from = in.key.At(b, h, key);
  if (packed.int8 == nullptr) {
    PackPanels(in.key.type, from, in.key.token_stride, count, in.dim,
               packed.Keys(head) + key * in.dim);
    return;
  }
  packed.Scales(head, in.dim)[block] = QuantizeKeys(
      *packed.int8, in.key.type, from, in.key.token_stride, count, in.dim, packed.Mean(head),
      packed.Codes(head, in.dim, KeyBlocks(in.keys)) + key * Int8Depth(in.dim));
}

/// Block `block` of the values of a head, unless they are read where they lie.
void PackValues(const FlashAttentionInput& in, const PackedHeads& packed, int64_t head,
                int64_t block) {
  const int64_t b = head / in.kv_heads, h = head % in.kv_heads, key = block * kKeyBlock;
  const int64_t count = std::min(kKeyBlock, in.keys - key), padded = PaddedDim(in.dim);
  const std::byte* from = in.value.At(b, h, key);
  if (packed.int8_values != nullptr) {
    QuantizeValues(in.value.type, from, in.value.token_stride, count, in.dim,
                   packed.ValueCodes(head, in.dim, KeyBlocks(in.keys)) + key * padded,
                   packed.ValueScales(head) + block * padded);
  } else if (!ReadsValuesInPlace(in)) {
    PackRows(in.value.type, from, in.value.token_stride, count, in.dim,
             packed.Values(head) + key * padded);
  }
}

void Pack(const FlashAttentionInput& in, const PackedHeads& packed) {
  if (packed.int8 != nullptr) {
    PackMeans(in, packed);
  }
  const int64_t blocks = KeyBlocks(in.keys);
  ParallelFor(0, packed.count * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      PackKeys(in, packed, packed.first + i / blocks, i % blocks);
      PackValues(in, packed, packed.first + i / blocks, i % blocks);
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
    block.sum_dropped = in.sum_dropped;
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
    if (packed.int8 != nullptr) {
      block.int8 = {packed.int8, packed.Codes(head, in.dim, KeyBlocks(in.keys)),
                    packed.Scales(head, in.dim), packed.Mean(head)};
    }
    block.values = reinterpret_cast<const std::byte*>(packed.Values(head));
    if (packed.int8_values != nullptr) {
      block.int8_values = {packed.int8_values, packed.ValueCodes(head, in.dim, KeyBlocks(in.keys)),
                           packed.ValueScales(head)};
    } else if (ReadsValuesInPlace(in)) {
      block.values = in.value.At(head / in.kv_heads, head % in.kv_heads, 0);
      block.value_stride = in.value.token_stride;
    }
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
  packed.int8 = in.int8 ? &Int8ScoreKernels().front() : nullptr;
  packed.int8_values = in.int8_values ? FastInt8Values() : nullptr;
  packed.size = std::max(KeyBlocks(in.keys) * kKeyBlock * PaddedDim(in.dim),
                         in.int8 ? PackedHeads::Int8Floats(in.dim, KeyBlocks(in.keys)) : 0);
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
