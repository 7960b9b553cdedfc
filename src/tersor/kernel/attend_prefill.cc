#include "tersor/kernel/attend_prefill.h"

#include <algorithm>

#include "tersor/kernel/flash_attention.h"
#include "tersor/kernel/flash_block.h"

namespace tersor::kernel {
namespace {

int64_t Blocks(const AttendInput& in) { return (in.tokens + kQueryBlock - 1) / kQueryBlock; }

/// Tasks are blocks of tokens of one query head after another.
FlashBlock BlockAt(const AttendInput& in, int64_t task) {
  const int64_t head = task / Blocks(in), token = task % Blocks(in) * kQueryBlock;
  const int64_t kv_head = head / (in.heads / in.kv_heads);
  FlashBlock block;
  block.type = in.type;
  block.keys = in.keys + kv_head * in.key_stride;
  block.values = in.values + kv_head * in.value_stride;
  if (in.int8_keys != nullptr) {
    block.int8 = in.int8_keys[kv_head];
  }
  if (in.int8_values != nullptr) {
    block.int8_values = in.int8_values[kv_head];
  }
  block.query.data =
      reinterpret_cast<const std::byte*>(in.query + token * in.query_stride + head * in.head_dim);
  block.query.stride = in.query_stride;
  block.rows = std::min(kQueryBlock, in.tokens - token);
  block.dim = in.head_dim;
  block.mask = {in.causal, in.window, in.first + in.tokens};
  block.position = in.first + token;
  block.scale = in.scale;
  block.out = in.out + token * in.out_stride + head * in.head_dim;
  block.out_stride = in.out_stride;
  if (in.selection != nullptr) {
    const int64_t* row = in.selection->offsets + task;
    block.selected = {false, in.selection->indices + row[0], row[1] - row[0]};
  }
  if (in.lambda != nullptr) {
    block.lambda = in.lambda[head];
  }
  return block;
}

}  // namespace

int64_t PrefillTasks(const AttendInput& in) { return in.heads * Blocks(in); }

int64_t PrefillWork(const AttendInput& in, int64_t task) {
  const FlashBlock block = BlockAt(in, task);
  const BlockRange seen = SeenBlocks(block.mask, block.position, block.rows);
  return block.rows * kKeyBlock *
         (block.selected.dense ? seen.last - seen.first : block.selected.count);
}

int64_t PrefillScratch(const AttendInput& in) { return FlashScratch(in.head_dim); }

void RunPrefillTask(const AttendInput& in, int64_t task, float* scratch) {
  FlashBlock block = BlockAt(in, task);
  FlashCounts counts;
  block.counts = &counts;
  RunFlashBlock(block, scratch);
}

}  // namespace tersor::kernel
