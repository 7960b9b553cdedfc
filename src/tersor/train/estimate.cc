#include "tersor/train/estimate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace tersor::train {
namespace {

int64_t Elements(const io::TensorShape& tensor) {
  int64_t count = 1;
  for (const int64_t n : tensor.shape) {
    count *= n;
  }
  return count;
}

}  // namespace

int64_t CountParameters(const io::ModelConfig& config) {
  int64_t count = 0;
  for (const io::TensorShape& tensor : io::ExpectedTensors(config)) {
    count += Elements(tensor);
  }
  return count;
}

int64_t CountComputeParameters(const io::ModelConfig& config) {
  int64_t count = 0;
  for (const io::TensorShape& tensor : io::ExpectedTensors(config)) {
    const std::string_view name = tensor.name;
    const bool looked_up = name.ends_with("embed_positions.weight") ||
                           (name.ends_with("embed_tokens.weight") && !config.tie_word_embeddings);
    count += looked_up ? 0 : Elements(tensor);
  }
  return count;
}

double TrainingFlopsPerToken(const io::ModelConfig& config, int64_t window) {
  const double attention = 6.0 * static_cast<double>(config.num_hidden_layers) *
                           static_cast<double>(window) *
                           static_cast<double>(config.num_attention_heads * config.head_dim);
  return 6.0 * static_cast<double>(CountComputeParameters(config)) + attention;
}

MemoryEstimate EstimateMemory(const io::ModelConfig& config, int64_t tokens, bool recompute) {
  constexpr double kBytes = 4;
  const auto width = static_cast<double>(config.hidden_size);
  const auto queries = static_cast<double>(config.num_attention_heads * config.head_dim);
  const auto keys = static_cast<double>(config.num_key_value_heads * config.head_dim);
  const auto hidden = static_cast<double>(config.intermediate_size);
  const auto layers = static_cast<double>(config.num_hidden_layers);
  // Per block: two residual sums and two norms' outputs, q twice (rotated), k twice, v, the mixed
  // values; gate, up and their product.
  const double block = 4 * width + 3 * queries + 3 * keys + 3 * hidden;
  const double kept = recompute ? layers * width + block : layers * block;
  const double ends = 3 * width;  // embedding, final norm, gradient of the hidden state
  return {4 * kBytes * static_cast<double>(CountParameters(config)),
          kBytes * static_cast<double>(tokens) * (kept + ends)};
}

double MeasureSgemm(int64_t size) {
  const at::NoGradGuard no_grad;
  const at::Tensor a = at::full({size, size}, 0.5f), b = at::full({size, size}, 0.25f);
  at::Tensor c = at::empty({size, size});
  double best = 1e30;
  for (int run = 0; run < 4; ++run) {
    const auto began = std::chrono::steady_clock::now();
    at::mm_out(c, a, b);
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  const auto n = static_cast<double>(size);
  return 2 * n * n * n / best;
}

}  // namespace tersor::train
