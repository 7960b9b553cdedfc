#include "tersor/precision/threshold.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace tersor::precision {
namespace {

constexpr double kSmallest = 1e-30;
constexpr double kSmallestAlpha = 1.03, kAlphaDecay = 0.7;
constexpr float kWorthwhile = 2;  // largest over median criterion

/// The largest and the median of the criteria.
std::pair<float, float> LargestAndMedian(std::span<const float> criteria) {
  std::vector<float> sorted(criteria.begin(), criteria.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return {*std::max_element(middle, sorted.end()), *middle};
}

/// The largest criterion of the blocks that do not fall back at the middle rate of the band.
double MiddleOfBand(const std::vector<float>& sorted, const Int8Config& config) {
  const double rate = (config.min_rate + config.max_rate) / 2;
  const auto kept =
      static_cast<size_t>(std::llround((1 - rate) * static_cast<double>(sorted.size())));
  return kept > 0 ? sorted[kept - 1] : 0;
}

/// Within the band, the threshold that best tells blocks apart: in the middle, by ratio, of the
/// widest gap between neighbours. Outliers that fill a quarter of the blocks fall back as a whole.
double WidestGap(const std::vector<float>& sorted, const Int8Config& config) {
  const auto n = static_cast<double>(sorted.size());
  const auto first = static_cast<size_t>(std::ceil((1 - config.max_rate) * n));
  const auto last = static_cast<size_t>(std::floor((1 - config.min_rate) * n));
  double widest = 0, start = MiddleOfBand(sorted, config);
  for (size_t kept = std::max<size_t>(first, 1); kept <= last && kept < sorted.size(); ++kept) {
    const double below = std::max<double>(sorted[kept - 1], kSmallest), above = sorted[kept];
    if (above / below > widest) {
      widest = above / below;
      start = std::sqrt(below * above);
    }
  }
  return start;
}

}  // namespace

Threshold::Threshold(const Int8Config& config)
    : config_(config),
      tensor_(at::zeros({3}, at::kFloat)),
      state_(tensor_.data_ptr<float>()),
      counts_(kCounts) {
  state_[1] = static_cast<float>(config.alpha);
}

void Threshold::Start(std::span<const float> criteria) {
  std::vector<float> sorted(criteria.begin(), criteria.end());
  std::sort(sorted.begin(), sorted.end());
  const double start =
      config_.controller == "safe" ? WidestGap(sorted, config_) : MiddleOfBand(sorted, config_);
  state_[0] = static_cast<float>(std::max(start, kSmallest));
  counts_[2] += state_[0];
  counts_[3] += 1;
}

void Threshold::Count(std::span<const float> criteria, int64_t fallbacks) {
  counts_[0] += static_cast<double>(fallbacks);
  counts_[1] += static_cast<double>(criteria.size());
  const auto [largest, median] = LargestAndMedian(criteria);
  counts_[4] += largest >= kWorthwhile * median ? 1 : 0;
}

void Threshold::Update() {
  const bool started = counts_[3] > 0;
  if (started) {
    state_[0] = static_cast<float>(
        counts_[2] / counts_[3]);  // The ranks, which each began with their own, agree.
  }
  if (counts_[1] > 0 && !started && !fixed()) {
    double alpha = state_[1];
    const double now = rate();
    double direction = now > config_.max_rate ? 1 : now < config_.min_rate ? -1 : 0;
    if (config_.controller == "safe") {
      // Blocks that are all alike gain nothing: let the threshold rise until none falls back.
      // A fixed step could jump from one side of the band to the other for ever: shorten it.
      if (counts_[4] == 0) {
        direction = now > 0 ? 1 : 0;
      } else if (direction * state_[2] < 0) {
        alpha = std::max(std::min(config_.alpha, kSmallestAlpha), 1 + (alpha - 1) * kAlphaDecay);
      }
    }
    state_[0] = static_cast<float>(std::max(kSmallest, state_[0] * std::pow(alpha, direction)));
    state_[1] = static_cast<float>(alpha);
    state_[2] = direction != 0 ? static_cast<float>(direction) : state_[2];
  }
  std::fill(counts_.begin(), counts_.end(), 0.0);
}

}  // namespace tersor::precision
