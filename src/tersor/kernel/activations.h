// The input of matrix products: rows of floats, and the forms that kernels derive from them. A form
// is derived when it is first asked for and then serves every matrix that has the same input.
#ifndef TERSOR_KERNEL_ACTIVATIONS_H_
#define TERSOR_KERNEL_ACTIVATIONS_H_

#include <cstdint>

#include "tersor/kernel/workspace.h"

namespace tersor::kernel {

/// Tokens in panels of `width`, panel after panel, each [cols, width] with the tokens innermost:
/// what a product loads as vectors. The last panel is filled up with zeros.
struct TokenPanels {
  const float* data = nullptr;
  int64_t width = 0;
};

/// Columns in groups of 32 as 16-bit integers: x = scale · value, |value| <= 32767, so that the
/// relative error is below 2^-15 of the group's largest. [tokens, groups · 32] and [tokens,
/// groups].
struct Int16Groups {
  const int16_t* values = nullptr;
  const float* scales = nullptr;
  int64_t groups = 0;
};

inline constexpr int64_t kGroup = 32;  // columns that share a scale

/// Columns in groups of 32 as signed bytes: x = scale · value, where a value is one byte or, with
/// two planes, 256 · first + second. What kernels multiply with four-bit weights.
struct ByteGroups {
  int planes = 1;
  const int8_t* values = nullptr;  // [tokens, groups, planes, 32]
  const float* scales = nullptr;   // [tokens, groups]
  // [tokens, groups, 4]: minus twelve times what the values of columns 4i .. 4i + 3 and 16 + 4i ..
  // 19 + 4i add up to; takes off what weights made unsigned by adding 12 count too much.
  const int32_t* offsets = nullptr;
  int64_t groups = 0;
};

struct Mxfp4Operand;

class Activations {
 public:
  /// x: [tokens, cols]; it and the workspace must outlive this. Derived forms live in `workspace`
  /// until the Scope that is open when they are derived ends.
  Activations(const float* x, int64_t tokens, int64_t cols, Workspace& workspace)
      : x_(x), tokens_(tokens), cols_(cols), workspace_(workspace) {}

  const float* floats() const { return x_; }
  const float* row(int64_t token) const { return x_ + token * cols_; }
  int64_t tokens() const { return tokens_; }
  int64_t cols() const { return cols_; }
  Workspace& workspace() const { return workspace_; }

  const TokenPanels& Panels(int64_t width) const;
  const Int16Groups& Int16() const;

  /// Values of 16 bits in two planes, |value| <= 32639.
  const ByteGroups& Int16Bytes() const;

  /// Rounded to MXFP4 (mxfp4_block.h): one plane of doubled values.
  const ByteGroups& Mxfp4() const;

  /// The same as the rows of MatmulMxfp4 (mxfp4_gemm.h).
  const Mxfp4Operand& Mxfp4Rows() const;

  /// Activations that hold the values of Mxfp4() as floats.
  const Activations& Mxfp4Floats() const;

 private:
  ByteGroups Encode(int planes) const;

  const float* x_;
  int64_t tokens_, cols_;
  Workspace& workspace_;
  mutable TokenPanels panels_;
  mutable Int16Groups int16_;
  mutable ByteGroups int16_bytes_, mxfp4_;
  mutable const Activations* mxfp4_floats_ = nullptr;
  mutable const Mxfp4Operand* mxfp4_rows_ = nullptr;
};

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ACTIVATIONS_H_
