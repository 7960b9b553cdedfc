// MXFP4 matrices: 4-bit E2M1 codes, and a power of two for every 32 of them along a row; 4.25 bits
// a value. The quantizers of Chen et al. 2025, "Oscillation-Reduced MXFP4 Training for Vision
// Transformers", arXiv:2502.20853, sections 4 and 5.
#ifndef TERSOR_KERNEL_MXFP4_CODE_H_
#define TERSOR_KERNEL_MXFP4_CODE_H_

#include <cstdint>

#include "tersor/kernel/mx_format.h"

namespace tersor::kernel {

/// Bytes of one group's codes.
constexpr int64_t kMxfp4GroupBytes = kMxGroup / 2;

/// Groups in a row of `cols` values; the last one is padded with zeros.
constexpr int64_t MxGroups(int64_t cols) { return (cols + kMxGroup - 1) / kMxGroup; }

/// A float matrix, rows `stride` floats apart; a view.
struct FloatRows {
  const float* data = nullptr;
  int64_t rows = 0, cols = 0;
  int64_t stride = 0;
};

/// An MXFP4 matrix; a view.
struct Mxfp4Codes {
  int64_t rows = 0, cols = 0;
  const uint8_t* codes = nullptr;   // [rows][groups][16]: element 2i low, 2i + 1 high
  const uint8_t* scales = nullptr;  // [rows][groups]

  int64_t groups() const { return MxGroups(cols); }
};

/// Where a quantizer writes; sizes as in Mxfp4Codes of the result.
struct Mxfp4Out {
  uint8_t* codes = nullptr;
  uint8_t* scales = nullptr;
};

// All quantizers: a group with a value that is not finite gets the scale 255 and codes 0, and the
// result is false. Zeros, and negative values that become zero, keep their sign.

/// The codes of x: result [x.rows, x.cols]. An element's index for stochastic rounding is
/// row · cols + col, here and below.
bool QuantizeMxfp4(const FloatRows& x, const MxRounding& rounding, const Mxfp4Out& out);

/// The codes of xᵀ: result [x.cols, x.rows], groups along the columns of x.
bool QuantizeMxfp4Transposed(const FloatRows& x, const MxRounding& rounding, const Mxfp4Out& out);

/// The codes of the transpose of the values that q stands for: result [q.cols, q.rows]. The
/// "double quantization" of section 4: the backward pass sees what the forward pass multiplied.
bool RequantizeMxfp4Transposed(const Mxfp4Codes& q, const MxRounding& rounding,
                               const Mxfp4Out& out);

/// Q-EMA (section 5): w chooses the scale and the two neighbours of each value, its moving average
/// the one of them. With a = |w| / S and e the average in the same units, negated where w is
/// negative, lower <= a < upper: upper if e >= (lower + upper) / 2, so the middle goes away from
/// zero and an average of the other sign takes the lower one. A value on the grid is its own lower
/// neighbour: it may move away from zero but not toward it; +0 may become +0.5, -0 may become
/// -0.5. The largest value stays. `ema` has the shape of w, and counts as input that must be
/// finite.
bool QuantizeMxfp4ByEma(const FloatRows& w, const FloatRows& ema, MxScaleRule scale,
                        const Mxfp4Out& out);

/// What a quantized matrix, or an operand of a product, is made of: either `x` or `codes`. With a
/// source [rows, cols] the result is [rows, cols], or its transpose [cols, rows]; groups lie along
/// the second axis of the result. In a product that is the depth. The six quantizers of section 4:
///
///   y  = Q1 Q2ᵀ   Q1 {.x = x}                                            rows of the product
///                 Q2 {.x = w}, with Q-EMA also .ema                      columns
///   dx = Q3 Q4ᵀ   Q3 {.x = g, .rounding = stochastic}                    rows
///                 Q4 {.codes = Q2, .transposed = true, stochastic}       columns
///   dw = Q5 Q6ᵀ   Q5 {.x = g, .transposed = true, stochastic}            rows
///                 Q6 {.codes = Q1, .transposed = true, stochastic}       columns
struct Mxfp4Source {
  FloatRows x;       // quantized under `rounding`
  Mxfp4Codes codes;  // quantized again if `transposed`, otherwise taken as they are
  FloatRows ema;     // with x, not transposed: QuantizeMxfp4ByEma
  bool transposed = false;
  MxRounding rounding;
  Mxfp4Out keep;  // of an operand that is quantized: where its codes go too, or null

  bool has_codes() const { return codes.codes != nullptr; }
  int64_t rows() const { return transposed ? source_cols() : source_rows(); }
  int64_t cols() const { return transposed ? source_rows() : source_cols(); }

 private:
  int64_t source_rows() const { return has_codes() ? codes.rows : x.rows; }
  int64_t source_cols() const { return has_codes() ? codes.cols : x.cols; }
};

/// values [rows, cols], rows `stride` apart. Exact; NaN where the scale is 255; infinite where a
/// value exceeds float32.
void DecodeMxfp4(const Mxfp4Codes& q, float* values, int64_t stride);

/// A group's 16 bytes in the order of ggml's blocks: element i low, element i + 16 high.
void Mxfp4GroupToGgml(const uint8_t* codes, uint8_t* ggml);
void Mxfp4GroupFromGgml(const uint8_t* ggml, uint8_t* codes);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_CODE_H_
