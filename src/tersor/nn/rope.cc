#include "tersor/nn/rope.h"

#include <ATen/ATen.h>

#include "tersor/io/rope_frequencies.h"
#include "tersor/op/rope.h"

namespace tersor::nn {

Rope::Rope(int64_t head_dim, double theta, const io::RopeScaling& scaling)
    : frequencies_(io::RopeFrequencies(head_dim, theta, scaling)) {}

at::Tensor Rope::Forward(const at::Tensor& x) {
  const int64_t tokens = x.size(1);
  const at::TensorOptions options = x.options().requires_grad(false);
  if (!cos_.defined() || cos_.size(0) < tokens || cos_.options().device() != options.device()) {
    // Angles in double: float32 loses digits at positions in the thousands.
    const at::Tensor frequency = at::tensor(frequencies_, at::kDouble);
    const at::Tensor angle = at::arange(tokens, at::kDouble).unsqueeze(1) * frequency.unsqueeze(0);
    cos_ = angle.cos().to(options);
    sin_ = angle.sin().to(options);
  }
  return op::Rope(x, cos_.narrow(0, 0, tokens), sin_.narrow(0, 0, tokens));
}

}  // namespace tersor::nn
