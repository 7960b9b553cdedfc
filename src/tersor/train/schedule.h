// Learning rate as a function of the step.
#ifndef TERSOR_TRAIN_SCHEDULE_H_
#define TERSOR_TRAIN_SCHEDULE_H_

#include <cstdint>
#include <string>

namespace tersor::train {

struct ScheduleConfig {
  double learning_rate = 1e-3;       // peak
  std::string kind = "wsd";          // constant, cosine, wsd, inverse_sqrt
  int64_t warmup_steps = 100;        // linear, from learning_rate / warmup_steps
  double decay_fraction = 0.2;       // wsd: share of all steps that decay
  std::string decay_shape = "sqrt";  // wsd: "linear" or "sqrt" (1 - sqrt of the progress)
  double min_ratio = 0;              // rate at the end over the peak

  /// Throws UsageError naming the field.
  void Validate() const;

  /// Share of the steps whose rates depend on the total, at the end of training: what must still
  /// follow when the end is decided on.
  double FinalFraction() const;
};

/// Rate of step `step` (from 0) of `total`:
///   warm-up       peak · (step + 1) / warmup_steps
///   constant      peak
///   cosine        min + (peak - min) · (1 + cos(π p)) / 2, p the progress after the warm-up
///   wsd           peak, then over the last decay_fraction of all steps min + (peak - min) · f(p)
///                 with f = 1 - p or 1 - sqrt(p); Hägele et al. 2024, arXiv:2405.18392
///   inverse_sqrt  peak · sqrt(warmup_steps / (step + 1))
double LearningRate(const ScheduleConfig& config, int64_t step, int64_t total);

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_SCHEDULE_H_
