// A matrix in MXFP4 whose codes are tensors, so that autograd can keep them.
#ifndef TERSOR_PRECISION_MXFP4_TENSOR_H_
#define TERSOR_PRECISION_MXFP4_TENSOR_H_

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <vector>

#include "tersor/kernel/mxfp4_code.h"

namespace tersor::precision {

/// Codes of a float32 matrix [rows, cols], groups of 32 along the rows; see kernel/mxfp4_code.h.
class Mxfp4Tensor {
 public:
  /// Room for a matrix, to be filled through Out().
  Mxfp4Tensor(int64_t rows, int64_t cols);

  /// Nothing where x is not finite. x must be contiguous, here and below.
  static std::optional<Mxfp4Tensor> Quantize(const at::Tensor& x,
                                             const kernel::MxRounding& rounding);
  /// Of xᵀ: groups along the columns of x.
  static std::optional<Mxfp4Tensor> QuantizeTransposed(const at::Tensor& x,
                                                       const kernel::MxRounding& rounding);
  /// Q-EMA: `average` chooses between the two neighbours of each value.
  static std::optional<Mxfp4Tensor> QuantizeByEma(const at::Tensor& w, const at::Tensor& average,
                                                  kernel::MxScaleRule scale);
  at::Tensor Values() const;  // [rows, cols]

  /// To and from what autograd saves: always kSaved tensors.
  static constexpr size_t kSaved = 2;
  std::vector<at::Tensor> Save() const { return {codes_, scales_}; }
  static Mxfp4Tensor Restore(std::span<const at::Tensor> saved, int64_t rows, int64_t cols);

  // Valid while this lives.
  kernel::Mxfp4Codes View() const;
  kernel::Mxfp4Out Out();

 private:
  int64_t rows_, cols_;
  at::Tensor codes_, scales_;  // uint8 [rows, groups, 16], uint8 [rows, groups]
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_MXFP4_TENSOR_H_
