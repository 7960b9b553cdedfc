// A matrix in INT8 blocks whose codes are tensors, so that autograd can keep them.
#ifndef TERSOR_PRECISION_CODED_TENSOR_H_
#define TERSOR_PRECISION_CODED_TENSOR_H_

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <vector>

#include "tersor/kernel/block_code.h"

namespace tersor::precision {

/// Codes of a float32 matrix [rows, cols]; see kernel/block_code.h.
class CodedTensor {
 public:
  struct Options {
    int64_t block = 128;
    int limit = 127;
    kernel::BlockRounding rounding;
    kernel::BlockCriterion criterion = kernel::BlockCriterion::kAbsMax;
    bool one_scale = false;  // of the whole matrix
    bool criteria = false;   // needed for AddResiduals
    kernel::ResidualScale residual_scale = kernel::ResidualScale::kJoined;
  };

  /// Nothing where x is not finite. x must be contiguous.
  static std::optional<CodedTensor> Quantize(const at::Tensor& x, const Options& options);

  /// A second step for the blocks whose criterion is above `threshold`; returns how many. `x` and
  /// `options` as they were quantized.
  int64_t AddResiduals(const at::Tensor& x, const Options& options, double threshold);
  void DropResiduals() { slots_ = residuals_ = residual_scales_ = at::Tensor(); }

  /// To and from what autograd saves: always kSaved tensors, some undefined.
  static constexpr size_t kSaved = 5;
  std::vector<at::Tensor> Save() const;
  static CodedTensor Restore(std::span<const at::Tensor> saved, const kernel::BlockGrid& grid,
                             int limit);

  const kernel::BlockGrid& grid() const { return grid_; }
  std::span<const float> criteria() const;  // [blocks]
  kernel::BlockCodes View() const;          // valid while this lives

 private:
  kernel::BlockGrid grid_;
  int limit_ = 127;
  at::Tensor codes_, scales_;                       // int8 [codes], float [blocks]
  at::Tensor slots_, residuals_, residual_scales_;  // int32 [blocks]; undefined: no residuals
  at::Tensor criteria_;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_CODED_TENSOR_H_
