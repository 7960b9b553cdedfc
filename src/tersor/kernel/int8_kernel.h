// The innermost products of INT8 blocks, one a instruction set, and how each wants its operands.
#ifndef TERSOR_KERNEL_INT8_KERNEL_H_
#define TERSOR_KERNEL_INT8_KERNEL_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace tersor::kernel {

/// One product of a block of rows a and a block of columns b, [block, block] codes each, in the
/// layout of the kernel: sums += scale · a bᵀ. The integer sum over the block's depth is exact.
struct BlockProduct {
  const void* a;          // [block rows][block], codes or pairs of codes
  const int32_t* a_sums;  // [block rows]: sum of each row's codes; only for offset kernels
  const void* b;          // [block / panel][block / group][panel][group]
  float scale;
  float* sums;  // [block][block]
  int64_t block;
  int64_t rows, cols;  // what of the block is wanted; cols is rounded up to panels
};

/// How codes lie in memory for a kernel.
enum class Int8Layout {
  kPairs,  // int16, pairs along the depth: exact with any instruction set
  kQuads,  // bytes, four along the depth: a signed, b unsigned after adding `offset`
};

struct Int8Kernel {
  std::string_view name;
  Int8Layout layout;
  int64_t panel;     // columns of b that lie together
  int32_t offset;    // added to the codes of b
  int column_limit;  // largest code of b: 127, or 63 where the sums would saturate
  void (*multiply)(const BlockProduct&);

  int64_t bytes_per_code() const { return layout == Int8Layout::kPairs ? 2 : 1; }
};

/// Those that run on this machine, fastest exact one first, then any with a lower column limit.
/// Follows Highway's choice of target, so that tests reach each.
std::span<const Int8Kernel> Int8Kernels();

/// The first of Int8Kernels().
const Int8Kernel& BestInt8Kernel();

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_INT8_KERNEL_H_
