#include "tersor/nn/rope.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "tersor/op/rope.h"

namespace tersor::nn {
namespace {

/// Llama 3's rule: long wavelengths are stretched by `factor`, short ones kept, those between
/// blended by how often they turn within the original length.
double ScaleLlama3(double frequency, const io::RopeScaling& s) {
  const double turns =
      static_cast<double>(s.original_max_position_embeddings) * frequency / (2 * std::numbers::pi);
  if (turns < s.low_freq_factor) {
    return frequency / s.factor;
  }
  if (turns > s.high_freq_factor) {
    return frequency;
  }
  const double blend = (turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - blend) * frequency / s.factor + blend * frequency;
}

}  // namespace

std::vector<double> RopeFrequencies(int64_t head_dim, double theta,
                                    const io::RopeScaling& scaling) {
  std::vector<double> frequencies;
  for (int64_t pair = 0; pair < head_dim / 2; ++pair) {
    const double frequency =
        std::pow(theta, -2.0 * static_cast<double>(pair) / static_cast<double>(head_dim));
    switch (scaling.kind) {
      case io::RopeScaling::Kind::kNone:
        frequencies.push_back(frequency);
        break;
      case io::RopeScaling::Kind::kLinear:
        frequencies.push_back(frequency / scaling.factor);
        break;
      case io::RopeScaling::Kind::kLlama3:
        frequencies.push_back(ScaleLlama3(frequency, scaling));
        break;
    }
  }
  return frequencies;
}

Rope::Rope(int64_t head_dim, double theta, const io::RopeScaling& scaling)
    : frequencies_(RopeFrequencies(head_dim, theta, scaling)) {}

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
