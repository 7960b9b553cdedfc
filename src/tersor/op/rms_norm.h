// RMSNorm. Zhang and Sennrich 2019, arXiv:1910.07467.
#ifndef TERSOR_OP_RMS_NORM_H_
#define TERSOR_OP_RMS_NORM_H_

#include <ATen/core/Tensor.h>

#include "tersor/op/saved_context.h"

namespace tersor::op {

/// x [tokens, dim] / sqrt(mean(x²) + eps) · weight [dim].
at::Tensor RmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps,
                   const ContextFormat& context = {});

}  // namespace tersor::op

#endif  // TERSOR_OP_RMS_NORM_H_
