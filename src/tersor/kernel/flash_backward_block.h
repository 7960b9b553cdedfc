// The inner loop of flash attention's backward pass: one block of queries of one head.
#ifndef TERSOR_KERNEL_FLASH_BACKWARD_BLOCK_H_
#define TERSOR_KERNEL_FLASH_BACKWARD_BLOCK_H_

#include <cstddef>
#include <cstdint>

#include "tersor/kernel/flash_block.h"

namespace tersor::kernel {

struct FlashBackwardBlock {
  // The head's keys and values as panels [ceil(keys / 16), dim, 16] and keys as rows.
  const float *key_panels = nullptr, *value_panels = nullptr;
  const float* key_rows = nullptr;  // [keys, PaddedDim(dim)]
  RowsView query, out, grad_out;
  const float* lse = nullptr;  // [rows]
  int64_t rows = 0, dim = 0;
  AttentionMask mask;
  int64_t position = 0;  // of the first query
  float scale = 1;
  BlockBias bias;
  SelectedBlocks selected;
  // The block's share is added to these [whole key blocks, PaddedDim(dim)], log2(e) times the
  // keys'.
  float *grad_key = nullptr, *grad_value = nullptr;
  float* grad_query = nullptr;  // [rows, dim], rows `grad_query_stride` apart
  int64_t grad_query_stride = 0;
};

/// Floats of scratch memory that RunFlashBackwardBlock() needs, at a multiple of 64 bytes.
int64_t FlashBackwardScratch(int64_t dim);

/// With P = exp(S - lse), D = rowsum(out * grad_out) and dS = P * (grad_out Vᵀ - D): grad_query =
/// scale dS K, grad_key += dSᵀ Q, grad_value += Pᵀ grad_out (arXiv:2205.14135, appendix B.2).
void RunFlashBackwardBlock(const FlashBackwardBlock& block, float* scratch);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_FLASH_BACKWARD_BLOCK_H_
