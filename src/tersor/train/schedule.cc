#include "tersor/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tersor/util/error.h"

namespace tersor::train {

void ScheduleConfig::Validate() const {
  const auto require = [](bool ok, const char* field, const char* rule) {
    if (!ok) {
      FailUsage("train.", field, " must be ", rule);
    }
  };
  require(learning_rate > 0, "lr", "above 0");
  require(kind == "constant" || kind == "cosine" || kind == "wsd" || kind == "inverse_sqrt",
          "schedule", "constant, cosine, wsd or inverse_sqrt");
  require(warmup_steps >= 0, "warmup_steps", "0 or more");
  require(decay_fraction >= 0 && decay_fraction <= 1, "decay_fraction", "in [0, 1]");
  require(decay_shape == "linear" || decay_shape == "sqrt", "decay_shape", "linear or sqrt");
  require(min_ratio >= 0 && min_ratio <= 1, "min_lr_ratio", "in [0, 1]");
}

double ScheduleConfig::FinalFraction() const { return kind == "wsd" ? decay_fraction : 0; }

double LearningRate(const ScheduleConfig& config, int64_t step, int64_t total) {
  const double peak = config.learning_rate, floor = peak * config.min_ratio;
  const auto warmup = static_cast<double>(config.warmup_steps);
  const auto at = static_cast<double>(step), end = static_cast<double>(total);
  if (step < config.warmup_steps) {
    return peak * (at + 1) / warmup;
  }
  if (config.kind == "cosine") {
    const double progress = std::clamp((at - warmup) / std::max(end - warmup, 1.0), 0.0, 1.0);
    return floor + (peak - floor) * (1 + std::cos(std::numbers::pi * progress)) / 2;
  }
  if (config.kind == "wsd") {
    const double decay = config.decay_fraction * end;
    // The step after the last one would reach the floor, so that the last one still learns.
    const double progress = decay > 0 ? std::clamp((at - (end - decay)) / decay, 0.0, 1.0) : 0;
    const double kept = config.decay_shape == "sqrt" ? 1 - std::sqrt(progress) : 1 - progress;
    return floor + (peak - floor) * kept;
  }
  if (config.kind == "inverse_sqrt") {
    return peak * std::sqrt(std::max(warmup, 1.0) / (at + 1));
  }
  return peak;
}

}  // namespace tersor::train
