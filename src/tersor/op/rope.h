// Rotary position embedding. Su et al. 2021, arXiv:2104.09864.
#ifndef TERSOR_OP_ROPE_H_
#define TERSOR_OP_ROPE_H_

#include <ATen/core/Tensor.h>

namespace tersor::op {

/// Rotates the pairs (i, i + head_dim / 2) of x [batch, tokens, heads, head_dim] by the angles
/// whose cosines and sines are cos, sin [tokens, head_dim / 2].
at::Tensor Rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

}  // namespace tersor::op

#endif  // TERSOR_OP_ROPE_H_
