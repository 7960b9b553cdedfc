#include <algorithm>
#include <functional>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/flash_attention.h"
#include "tersor/kernel/flash_backward_block.h"
#include "tersor/kernel/flash_input.h"
#include "tersor/kernel/flash_pack.h"
#include "tersor/kernel/longest_first.h"
#include "tersor/util/parallel_for.h"

// What a key gets from all queries is a sum in a fixed order, whatever the number of threads: the
// query blocks of the query heads that share a key-value head are dealt out to a number of splits
// that depends on the sizes only; each split sums into a place of its own, and those are added up
// in the splits' order.

namespace tersor::kernel {
namespace {

constexpr int64_t kWaveFloats = int64_t{32} << 20;  // aimed at, of packed heads and sums
constexpr int64_t kWaveHeads = 4;    // key-value heads that a wave should have at least
constexpr int64_t kTasks = 16;       // and tasks, if need be by splits
constexpr int64_t kSplitBlocks = 8;  // query blocks that a split should have at least

/// Some heads of batch * kv_heads at a time.
struct Wave {
  int64_t first, count;
  int64_t splits;
  int64_t size;  // floats of a head's keys
  float* data;

  /// [ceil(keys / 16), dim, 16], likewise, [keys, padded]
  float* KeyPanels(int64_t head) const { return data + (3 + 2 * splits) * size * (head - first); }
  float* ValuePanels(int64_t head) const { return KeyPanels(head) + size; }
  float* KeyRows(int64_t head) const { return KeyPanels(head) + 2 * size; }
  /// Sums of a split [whole key blocks, padded].
  float* GradKey(int64_t head, int64_t split) const {
    return KeyPanels(head) + (3 + 2 * split) * size;
  }
  float* GradValue(int64_t head, int64_t split) const { return GradKey(head, split) + size; }
};

/// Query heads of a group times query blocks: what the splits share out.
int64_t Items(const FlashAttentionInput& in) {
  return in.heads / in.kv_heads * QueryBlocks(in.queries);
}

Wave PlanWave(const FlashAttentionInput& in, Workspace& workspace) {
  const int64_t heads = in.batch * in.kv_heads;
  Wave wave{};
  wave.size = KeyBlocks(in.keys) * kKeyBlock * PaddedDim(in.dim);
  wave.count =
      std::min(heads, std::max(kWaveHeads, kWaveFloats / std::max<int64_t>(1, 5 * wave.size)));
  wave.splits = std::clamp<int64_t>((kTasks + wave.count - 1) / std::max<int64_t>(1, wave.count), 1,
                                    std::max<int64_t>(1, Items(in) / kSplitBlocks));
  wave.data = workspace.Take<float>(wave.count * (3 + 2 * wave.splits) * wave.size);
  return wave;
}

/// Calls run(head, batch, kv_head, key, count) for each key block of the wave, in parallel.
template <class Run>
void ForKeyBlocks(const FlashAttentionInput& in, const Wave& wave, const Run& run) {
  const int64_t blocks = KeyBlocks(in.keys);
  ParallelFor(0, wave.count * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t head = wave.first + i / blocks, key = i % blocks * kKeyBlock;
      run(head, head / in.kv_heads, head % in.kv_heads, key, std::min(kKeyBlock, in.keys - key));
    }
  });
}

void Pack(const FlashAttentionInput& in, const Wave& wave) {
  ForKeyBlocks(in, wave, [&](int64_t head, int64_t b, int64_t h, int64_t key, int64_t count) {
    const std::byte *keys = in.key.At(b, h, key), *values = in.value.At(b, h, key);
    PackPanels(in.key.type, keys, in.key.token_stride, count, in.dim,
               wave.KeyPanels(head) + key * in.dim);
    PackRows(in.key.type, keys, in.key.token_stride, count, in.dim,
             wave.KeyRows(head) + key * PaddedDim(in.dim));
    PackPanels(in.value.type, values, in.value.token_stride, count, in.dim,
               wave.ValuePanels(head) + key * in.dim);
  });
}

struct BackwardCall {
  const FlashAttentionInput& in;
  HeadsView out;
  const float* lse;
  HeadsView grad_out;
  FlashGradients gradients;
};

/// One block of queries of head `head` of batch * heads.
FlashBackwardBlock BlockAt(const BackwardCall& call, int64_t head, int64_t query) {
  const FlashAttentionInput& in = call.in;
  const int64_t b = head / in.heads, h = head % in.heads;
  FlashBackwardBlock block;
  block.query = RowsAt(in.query, b, h, query);
  block.out = RowsAt(call.out, b, h, query);
  block.grad_out = RowsAt(call.grad_out, b, h, query);
  block.lse = call.lse + head * in.queries + query;
  block.rows = std::min(kQueryBlock, in.queries - query);
  block.dim = in.dim;
  block.mask = MaskOf(in);
  block.position = in.first + query;
  block.scale = in.scale;
  block.bias = BiasAt(in.bias, b, h, query);
  block.selected = SelectedAt(in, head, query);
  block.grad_query = call.gradients.query.At(b, h, query);
  block.grad_query_stride = call.gradients.query.token_stride;
  return block;
}

/// Every splits-th of a key-value head's query blocks.
void RunSplit(const BackwardCall& call, const Wave& wave, int64_t head, int64_t split,
              float* scratch) {
  const FlashAttentionInput& in = call.in;
  const int64_t group = in.heads / in.kv_heads, blocks = QueryBlocks(in.queries);
  std::fill_n(wave.GradKey(head, split), wave.size, 0.0f);
  std::fill_n(wave.GradValue(head, split), wave.size, 0.0f);
  for (int64_t item = split; item < Items(in); item += wave.splits) {
    FlashBackwardBlock block =
        BlockAt(call, head * group + item / blocks, item % blocks * kQueryBlock);
    block.key_panels = wave.KeyPanels(head);
    block.value_panels = wave.ValuePanels(head);
    block.key_rows = wave.KeyRows(head);
    block.grad_key = wave.GradKey(head, split);
    block.grad_value = wave.GradValue(head, split);
    RunFlashBackwardBlock(block, scratch);
  }
}

/// to[token, dims) = factor times the sum of the splits' rows.
void Sum(const float* first, int64_t step, int64_t splits, int64_t padded, int64_t count,
         int64_t dim, float factor, float* to, int64_t stride) {
  for (int64_t t = 0; t < count; ++t, first += padded, to += stride) {
    std::copy_n(first, dim, to);
    for (int64_t s = 1; s < splits; ++s) {
      std::transform(to, to + dim, first + s * step, to, std::plus<float>());
    }
    std::transform(to, to + dim, to, [&](float sum) { return factor * sum; });
  }
}

void Finish(const BackwardCall& call, const Wave& wave) {
  const FlashAttentionInput& in = call.in;
  const int64_t padded = PaddedDim(in.dim), step = 2 * wave.size;
  ForKeyBlocks(in, wave, [&](int64_t head, int64_t b, int64_t h, int64_t key, int64_t count) {
    const HeadsOutput &to_key = call.gradients.key, &to_value = call.gradients.value;
    Sum(wave.GradKey(head, 0) + key * padded, step, wave.splits, padded, count, in.dim, kLn2,
        to_key.At(b, h, key), to_key.token_stride);
    Sum(wave.GradValue(head, 0) + key * padded, step, wave.splits, padded, count, in.dim, 1,
        to_value.At(b, h, key), to_value.token_stride);
  });
}

}  // namespace

void FlashAttentionBackward(const FlashAttentionInput& in, const HeadsView& out, const float* lse,
                            const HeadsView& grad_out, const FlashGradients& gradients,
                            Workspace& workspace) {
  Validate(in);
  const Workspace::Scope scope(workspace);
  const BackwardCall call{in, out, lse, grad_out, gradients};
  const int64_t heads = in.batch * in.kv_heads;
  Wave wave = PlanWave(in, workspace);
  const int64_t step = wave.count, scratch_size = FlashBackwardScratch(in.dim);
  const int64_t workers = NumThreads();
  auto* scratch = workspace.Take<float>(workers * scratch_size);
  for (; wave.first < heads; wave.first += step) {
    wave.count = std::min(step, heads - wave.first);
    Pack(in, wave);
    ForLongestFirst(
        wave.count * wave.splits, workers, [](int64_t) { return 0; },  // all alike
        [&](int64_t task, int64_t worker) {
          RunSplit(call, wave, wave.first + task / wave.splits, task % wave.splits,
                   scratch + worker * scratch_size);
        },
        workspace);
    Finish(call, wave);
  }
}

}  // namespace tersor::kernel
