#include "tersor/op/swiglu.h"

#include <ATen/ATen.h>

namespace tersor::op {

at::Tensor SwiGlu(const at::Tensor& gate, const at::Tensor& up) { return at::silu(gate) * up; }

}  // namespace tersor::op
