// Tokens of an image or a video along a Hilbert curve, so that a block of neighbours in the
// sequence is a block of neighbours in space and time (SpargeAttn, arXiv:2502.18137, section 3.5).
// Attention does not see the order; its blocks do.
#ifndef TERSOR_KERNEL_HILBERT_H_
#define TERSOR_KERNEL_HILBERT_H_

#include <cstdint>
#include <vector>

namespace tersor::kernel {

/// order[i] = index t · height · width + h · width + w of the i-th cell on the curve, for any
/// sizes: the curve of the enclosing cube of side 2ⁿ without the cells outside. Consecutive cells
/// of such a cube are neighbours. Throws Error where a size is below 1 or there are more than 2³¹ -
/// 1 cells.
std::vector<int32_t> HilbertOrder(int64_t frames, int64_t height, int64_t width);

/// inverse[order[i]] = i.
std::vector<int32_t> InverseOrder(const std::vector<int32_t>& order);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_HILBERT_H_
