// The gate of SwiGLU. Shazeer 2020, arXiv:2002.05202.
#ifndef TERSOR_OP_SWIGLU_H_
#define TERSOR_OP_SWIGLU_H_

#include <ATen/core/Tensor.h>

#include "tersor/op/saved_context.h"

namespace tersor::op {

/// silu(gate) ⊙ up, all [tokens, hidden].
at::Tensor SwiGlu(const at::Tensor& gate, const at::Tensor& up, const ContextFormat& context = {});

}  // namespace tersor::op

#endif  // TERSOR_OP_SWIGLU_H_
