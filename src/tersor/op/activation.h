// ReLU and GELU that keep little for the backward pass.
#ifndef TERSOR_OP_ACTIVATION_H_
#define TERSOR_OP_ACTIVATION_H_

#include <ATen/core/Tensor.h>

#include "tersor/op/saved_context.h"

namespace tersor::op {

/// max(x, 0). With a context of less than 32 bits one byte an element is kept, not the result.
at::Tensor Relu(const at::Tensor& x, const ContextFormat& context = {});

/// x · Φ(x), exact; keeps x as the context format says.
at::Tensor Gelu(const at::Tensor& x, const ContextFormat& context = {});

}  // namespace tersor::op

#endif  // TERSOR_OP_ACTIVATION_H_
