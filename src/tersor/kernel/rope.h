// Rotary position embedding of one token's heads, in place.
#ifndef TERSOR_KERNEL_ROPE_H_
#define TERSOR_KERNEL_ROPE_H_

#include <cstdint>

namespace tersor::kernel {

/// Which elements of a head turn together: i and i + dim / 2 (Hugging Face checkpoints), or 2 i and
/// 2 i + 1 (llama files in GGUF, whose query and key rows are permuted to match).
enum class RopePairs { kHalves, kNeighbours };

/// x [heads, head_dim]; cosine and sine [head_dim / 2] of the token's position.
void Rope(RopePairs pairs, int64_t heads, int64_t head_dim, const float* cosine, const float* sine,
          float* x);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ROPE_H_
