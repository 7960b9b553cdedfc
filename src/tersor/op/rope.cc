#include "tersor/op/rope.h"

#include <ATen/ATen.h>

namespace tersor::op {

at::Tensor Rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::vector<at::Tensor> half = x.chunk(2, -1);
  const at::Tensor c = cos.unsqueeze(1), s = sin.unsqueeze(1);  // [tokens, 1, head_dim / 2]
  return at::cat({half[0] * c - half[1] * s, half[1] * c + half[0] * s}, -1);
}

}  // namespace tersor::op
