// The output head and its loss with INT8 products.
#ifndef TERSOR_PRECISION_INT8_HEAD_H_
#define TERSOR_PRECISION_INT8_HEAD_H_

#include <ATen/core/Tensor.h>

#include "tersor/precision/int8_training.h"

namespace tersor::precision {

/// As op::LinearCrossEntropy, its three products as those of Int8Precision. The gradient of the
/// logits has few large values among many small ones, so its stochastic rounding is noisy: by
/// default the head stays in float32.
at::Tensor Int8CrossEntropy(Int8State& state, Int8Site& site, const at::Tensor& hidden,
                            const at::Tensor& weight, const at::Tensor& targets);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_INT8_HEAD_H_
