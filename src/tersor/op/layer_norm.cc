#include "tersor/op/layer_norm.h"

#include <ATen/ATen.h>

namespace tersor::op {

at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double eps) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

}  // namespace tersor::op
