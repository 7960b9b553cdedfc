// Rounding of matrices to microscaling formats as tensor operations: the definition that the
// kernels are compared with, for any format and any device.
#ifndef TERSOR_PRECISION_MX_ROUNDING_H_
#define TERSOR_PRECISION_MX_ROUNDING_H_

#include <ATen/core/Tensor.h>

#include "tersor/kernel/mx_format.h"

namespace tersor::precision {

/// Values of x [rows, cols] under one scale for 32 elements along `axis` (0: down the columns, 1:
/// along the rows). A group with a value that is not finite becomes NaN. Bit-equal to
/// kernel/mxfp4_code.h, random draws included: these are functions of the key and of
/// row · cols + col.
at::Tensor RoundToMx(const at::Tensor& x, int64_t axis, kernel::MxElement element,
                     const kernel::MxRounding& rounding);

/// Q-EMA: values of w [rows, cols], groups along the rows; `average` chooses between the two
/// neighbours of each. Chen et al. 2025, arXiv:2502.20853, section 5.
at::Tensor RoundByEma(const at::Tensor& w, const at::Tensor& average, kernel::MxScaleRule scale);

/// Confidence of each rounding of w, groups along the rows: the distance of w / S to the nearest
/// threshold between codes, over the largest such distance in its bin; in [0, 1]. Section 4.
at::Tensor QuantizationConfidence(const at::Tensor& w, kernel::MxScaleRule scale);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_MX_ROUNDING_H_
