// One step of a training loop, to be timed.
#ifndef TERSOR_APPS_TERSOR_TIMED_STEP_H_
#define TERSOR_APPS_TERSOR_TIMED_STEP_H_

#include <cstdint>
#include <functional>

#include "tersor/train/trainer.h"

namespace tersor::cli {

/// Forward and backward pass of the task's objective on `batch`, clipping to a norm of 1, and the
/// optimizer, with the task's hooks around; returns the seconds. `between`, if set, runs after the
/// forward pass.
double TimedStep(const train::TrainTask& task, const train::Batch& batch, const Rng& rng,
                 train::Optimizer& optimizer, int64_t step,
                 const std::function<void()>& between = {});

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TIMED_STEP_H_
