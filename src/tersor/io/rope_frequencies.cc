#include "tersor/io/rope_frequencies.h"

#include <cmath>
#include <numbers>

namespace tersor::io {
namespace {

/// Llama 3's rule: long wavelengths are stretched by `factor`, short ones kept, those between
/// blended by how often they turn within the original length.
double ScaleLlama3(double frequency, const RopeScaling& s) {
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
                                    const RopeScaling& scaling) {
  std::vector<double> frequencies;
  for (int64_t pair = 0; pair < head_dim / 2; ++pair) {
    const double frequency =
        std::pow(theta, -2.0 * static_cast<double>(pair) / static_cast<double>(head_dim));
    switch (scaling.kind) {
      case RopeScaling::Kind::kNone:
        frequencies.push_back(frequency);
        break;
      case RopeScaling::Kind::kLinear:
        frequencies.push_back(frequency / scaling.factor);
        break;
      case RopeScaling::Kind::kLlama3:
        frequencies.push_back(ScaleLlama3(frequency, scaling));
        break;
    }
  }
  return frequencies;
}

}  // namespace tersor::io
