#include "tersor/runtime/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tersor/util/error.h"

namespace tersor::runtime {
namespace {

void Penalize(std::span<float> logits, std::span<const int32_t> seen, double penalty,
              std::vector<bool>& done) {
  done.assign(logits.size(), false);
  for (const int32_t token : seen) {
    const auto i = static_cast<size_t>(token);
    if (!done[i]) {
      done[i] = true;
      logits[i] = static_cast<float>(logits[i] > 0 ? logits[i] / penalty : logits[i] * penalty);
    }
  }
}

}  // namespace

void SamplingOptions::Validate() const {
  const auto check = [](bool good, const char* field, const char* allowed, double value) {
    if (!good) {
      FailUsage(field, " must be ", allowed, ", not ", value);
    }
  };
  check(temperature >= 0 && std::isfinite(temperature), "temperature", "at least 0", temperature);
  check(top_k >= 0, "top-k", "at least 0", static_cast<double>(top_k));
  check(top_p > 0 && top_p <= 1, "top-p", "above 0 and at most 1", top_p);
  check(min_p >= 0 && min_p <= 1, "min-p", "from 0 to 1", min_p);
  check(repetition_penalty > 0 && std::isfinite(repetition_penalty), "repetition-penalty",
        "above 0", repetition_penalty);
  check(repetition_window >= 0, "repetition-window", "at least 0",
        static_cast<double>(repetition_window));
}

TokenSampler::TokenSampler(const SamplingOptions& options)
    : options_(options), rng_(options.seed, 0x746f6b656e) {
  options_.Validate();
}

int32_t TokenSampler::Draw(std::span<float> logits, std::span<const int32_t> seen) {
  float largest = -std::numeric_limits<float>::infinity();
  bool bad = false;
  for (const float logit : logits) {
    bad |= std::isnan(logit);
    largest = std::max(largest, logit);
  }
  TERSOR_CHECK(!bad && std::isfinite(largest), "the model's output is not finite");
  if (options_.repetition_penalty != 1) {
    const auto window = static_cast<size_t>(options_.repetition_window);
    Penalize(logits, seen.last(std::min(seen.size(), window)), options_.repetition_penalty,
             penalized_);
  }
  if (options_.temperature == 0) {
    ++draws_;
    return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }
  return DrawFrom(logits);
}

int32_t TokenSampler::DrawFrom(std::span<float> logits) {
  order_.resize(logits.size());
  std::iota(order_.begin(), order_.end(), 0);
  const auto likelier = [&](int32_t a, int32_t b) {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  };
  size_t count = order_.size();
  if (options_.top_k > 0) {
    count = std::min(count, static_cast<size_t>(options_.top_k));
  }
  std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(count),
                    order_.end(), likelier);
  const double highest = logits[static_cast<size_t>(order_[0])];
  probability_.resize(count);
  double total = 0;
  for (size_t i = 0; i < count; ++i) {
    const double logit = logits[static_cast<size_t>(order_[i])];
    probability_[i] = std::exp((logit - highest) / options_.temperature);
    total += probability_[i];
  }
  size_t kept = 0;
  double sum = 0;
  while (kept < count && (kept == 0 || (sum < options_.top_p * total &&
                                        probability_[kept] >= options_.min_p * probability_[0]))) {
    sum += probability_[kept++];
  }
  const double u = rng_.Uniform(draws_++) * sum;
  double cumulative = 0;
  for (size_t i = 0; i < kept; ++i) {
    cumulative += probability_[i];
    if (u < cumulative) {
      return order_[i];
    }
  }
  return order_[kept - 1];  // rounding left the last sum below u
}

}  // namespace tersor::runtime
