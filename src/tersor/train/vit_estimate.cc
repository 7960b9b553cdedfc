#include "tersor/train/vit_estimate.h"

namespace tersor::train {

int64_t CountParameters(const io::VitConfig& config) {
  int64_t count = 0;
  for (const io::TensorShape& tensor : io::ExpectedTensors(config)) {
    int64_t elements = 1;
    for (const int64_t n : tensor.shape) {
      elements *= n;
    }
    count += elements;
  }
  return count;
}

double TrainingFlopsPerImage(const io::VitConfig& c) {
  const auto width = static_cast<double>(c.hidden_size), tokens = static_cast<double>(c.tokens());
  const double linear = 4 * width * width + 2 * width * static_cast<double>(c.intermediate_size);
  const double attention = 2 * tokens * width;  // scores and mixed values, a token
  const double blocks =
      6 * static_cast<double>(c.num_hidden_layers) * tokens * (linear + attention);
  const double patches =
      4 * static_cast<double>(c.patches()) * width * static_cast<double>(c.patch_values());
  return blocks + patches + 6 * width * static_cast<double>(c.classes());
}

MemoryEstimate EstimateMemory(const io::VitConfig& c, int64_t images, bool recompute) {
  constexpr double kBytes = 4;
  const auto width = static_cast<double>(c.hidden_size), tokens = static_cast<double>(c.tokens());
  const auto layers = static_cast<double>(c.num_hidden_layers);
  // Per block and token: two residual sums, two norms' outputs, q, k, v and their mix; the MLP's
  // middle before and after its activation; the attention of each head.
  const double block = 8 * width + 2 * static_cast<double>(c.intermediate_size) +
                       static_cast<double>(c.num_attention_heads) * tokens;
  const double kept = recompute ? layers * width + block : layers * block;
  const auto values = static_cast<double>(c.num_channels * c.image_size * c.image_size);
  return {4 * kBytes * static_cast<double>(CountParameters(c)),
          kBytes * static_cast<double>(images) * (tokens * (kept + 2 * width) + 2 * values)};
}

}  // namespace tersor::train
