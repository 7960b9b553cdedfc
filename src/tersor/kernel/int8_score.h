// Scores of queries and keys in INT8: the cheaper half of attention (SageAttention, Zhang et al.,
// arXiv:2410.02367, section 4).
#ifndef TERSOR_KERNEL_INT8_SCORE_H_
#define TERSOR_KERNEL_INT8_SCORE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tersor/kernel/flash_block.h"
#include "tersor/kernel/matvec.h"

namespace tersor::kernel {

/// Codes go four at a time along the head's dimension, filled up with zeros.
constexpr int64_t Int8Depth(int64_t dim) { return (dim + 3) / 4 * 4; }

/// Products of a row group's queries with columns [begin, end) of a key block, both multiples of
/// kKeyPanel: scores[r, c] = scale · (q_r · k_c), the integer sum exact.
struct Int8ScoreInput {
  const int8_t* query;  // [rows, depth]
  const int32_t* sums;  // [rows], of each query's codes
  const uint8_t* keys;  // [kKeyBlock / kKeyPanel, depth / 4, kKeyPanel, 4], code plus offset
  int64_t rows, depth;  // depth: Int8Depth()
  int64_t begin, end;
  float scale;
  float* scores;  // [rows, kKeyBlock]
};

struct Int8ScoreKernel {
  std::string_view name;
  int32_t offset;  // added to the codes of keys
  int limit;  // the largest code of a key: 127, or 63 where sums of two products would saturate
  void (*run)(const Int8ScoreInput&);
};

/// Those that run on this machine, the best first. Follows Highway's choice of target, so that
/// tests reach each.
std::span<const Int8ScoreKernel> Int8ScoreKernels();

/// Queries [rows, dim], `stride` elements apart, to codes [rows, depth] with one scale: the largest
/// absolute value over 127 plus 1e-7, rounding half away from zero. Returns the scale, NaN where a
/// value is not finite.
float QuantizeQueries(FloatType type, const std::byte* from, int64_t stride, int64_t rows,
                      int64_t dim, int8_t* codes, int32_t* sums);

/// At most kKeyBlock keys [count, dim] minus `shift` [dim] to the codes of a block as
/// Int8ScoreInput::keys says; keys that fill it up are zero. Returns the scale, likewise.
float QuantizeKeys(const Int8ScoreKernel& kernel, FloatType type, const std::byte* from,
                   int64_t stride, int64_t count, int64_t dim, const float* shift, uint8_t* codes);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_INT8_SCORE_H_
