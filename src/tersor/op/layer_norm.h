// LayerNorm. Ba et al. 2016, arXiv:1607.06450.
#ifndef TERSOR_OP_LAYER_NORM_H_
#define TERSOR_OP_LAYER_NORM_H_

#include <ATen/core/Tensor.h>

#include "tersor/op/saved_context.h"

namespace tersor::op {

/// (x [tokens, dim] - mean) / sqrt(variance + eps) · weight [dim] + bias [dim]; an undefined weight
/// means 1, an undefined bias 0.
at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double eps, const ContextFormat& context = {});

}  // namespace tersor::op

#endif  // TERSOR_OP_LAYER_NORM_H_
