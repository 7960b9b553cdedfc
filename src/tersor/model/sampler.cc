#include "tersor/model/sampler.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "tersor/util/error.h"

namespace tersor::model {
namespace {

/// The first token whose cumulative probability exceeds `u` in [0, 1).
int64_t Draw(const at::Tensor& logits, double temperature, double u) {
  const at::Tensor probability = at::softmax(logits.to(at::kDouble) / temperature, 0);
  const at::Tensor cumulative = probability.cumsum(0).contiguous();
  const double* begin = cumulative.data_ptr<double>();
  const double* end = begin + cumulative.numel();
  // Rounding may leave the last sum below 1, and then below u.
  return std::min<int64_t>(std::upper_bound(begin, end, u) - begin, cumulative.numel() - 1);
}

}  // namespace

TokenSampler::TokenSampler(LanguageModel& model, const Options& options)
    : model_(model), options_(options) {
  if (options.new_tokens < 0 || options.temperature < 0) {
    FailUsage("sampling: the number of tokens and the temperature must not be negative");
  }
}

at::Tensor TokenSampler::Sample(const at::Tensor& condition, const Rng& rng) {
  const at::NoGradGuard no_grad;
  TERSOR_CHECK(condition.dim() == 2 && condition.size(1) > 0,
               "sampling needs a prompt of at least one token");
  const int64_t longest = model_.config().max_position_embeddings;
  const int64_t prompt = condition.size(1), batch = condition.size(0);
  at::Tensor tokens = condition;
  for (int64_t step = 0; step < options_.new_tokens; ++step) {
    const int64_t first = std::max<int64_t>(0, tokens.size(1) - longest);
    const at::Tensor logits =
        model_.Logits(tokens.narrow(1, first, tokens.size(1) - first)).select(1, -1);
    at::Tensor next = logits.argmax(-1);
    for (int64_t b = 0; options_.temperature > 0 && b < batch; ++b) {
      next[b] = Draw(logits[b], options_.temperature,
                     rng.Uniform(static_cast<uint64_t>(step * batch + b)));
    }
    tokens = at::cat({tokens, next.unsqueeze(1)}, 1);
  }
  return tokens.narrow(1, prompt, options_.new_tokens);
}

}  // namespace tersor::model
