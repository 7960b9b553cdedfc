// What the forward and the backward pass of flash attention both read off their input.
#ifndef TERSOR_KERNEL_FLASH_INPUT_H_
#define TERSOR_KERNEL_FLASH_INPUT_H_

#include "tersor/kernel/flash_attention.h"
#include "tersor/util/error.h"

namespace tersor::kernel {

inline void Validate(const FlashAttentionInput& in) {
  TERSOR_CHECK(in.batch >= 0 && in.queries >= 0 && in.keys >= 0,
               "flash attention: a size is below 0");
  TERSOR_CHECK(in.dim >= 1 && in.dim <= kMaxHeadDim, "flash attention: dim ", in.dim,
               " is not in 1 to ", kMaxHeadDim);
  TERSOR_CHECK(in.kv_heads >= 1 && in.heads >= 1 && in.heads % in.kv_heads == 0,
               "flash attention: ", in.heads, " heads are no multiple of ", in.kv_heads,
               " kv_heads");
  TERSOR_CHECK(in.window >= 0 && in.first >= 0, "flash attention: window and first are below 0");
  for (int64_t h = 0; in.lambda != nullptr && h < in.heads; ++h) {
    TERSOR_CHECK(in.lambda[h] < 0, "flash attention: lambda of head ", h, " is not below 0");
  }
  for (const HeadsView* view : {&in.query, &in.key, &in.value}) {
    TERSOR_CHECK(view->type != FloatType::kF16, "flash attention: float16 is not supported");
  }
}

inline AttentionMask MaskOf(const FlashAttentionInput& in) {
  return {in.causal, in.window, in.keys};
}

inline RowsView RowsAt(const HeadsView& view, int64_t batch, int64_t head, int64_t token) {
  return {view.At(batch, head, token), view.type, view.token_stride};
}

inline BlockBias BiasAt(const AttentionBias& bias, int64_t batch, int64_t head, int64_t query) {
  if (bias.data == nullptr) {
    return {};
  }
  return {
      bias.data + batch * bias.batch_stride + head * bias.head_stride + query * bias.query_stride,
      bias.query_stride, bias.key_stride};
}

/// Those of a block of queries of head `head` of batch * heads.
inline SelectedBlocks SelectedAt(const FlashAttentionInput& in, int64_t head, int64_t query) {
  if (in.selection == nullptr) {
    return {};
  }
  const int64_t* row = in.selection->offsets + head * QueryBlocks(in.queries) + query / kQueryBlock;
  return {false, in.selection->indices + row[0], row[1] - row[0]};
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_FLASH_INPUT_H_
