// Heads of a strided tensor copied to where the tiles of flash attention read them.
#ifndef TERSOR_KERNEL_FLASH_PACK_H_
#define TERSOR_KERNEL_FLASH_PACK_H_

#include <cstddef>
#include <cstdint>

#include "tersor/kernel/matvec.h"

namespace tersor::kernel {

/// Rows [count, dim] at `from`, `stride` elements apart, to panels [ceil(count / 16), dim, 16];
/// what fills up the last panel is zero.
void PackPanels(FloatType type, const std::byte* from, int64_t stride, int64_t count, int64_t dim,
                float* to);

/// Back again: the first `count` rows of panels (kF32 or kBF16), to [count, dim].
void UnpackPanels(FloatType type, const std::byte* panels, int64_t count, int64_t dim, float* to);

/// Rows [count, dim] to [count, PaddedDim(dim)], filled up with zeros.
void PackRows(FloatType type, const std::byte* from, int64_t stride, int64_t count, int64_t dim,
              float* to);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_FLASH_PACK_H_
