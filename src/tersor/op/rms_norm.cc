#include "tersor/op/rms_norm.h"

#include <ATen/ATen.h>

namespace tersor::op {

at::Tensor RmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return x * (x.square().mean(-1, true) + eps).rsqrt() * weight;
}

}  // namespace tersor::op
