#include "timed_step.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "bench_row.h"

namespace tersor::cli {

double TimedStep(const train::TrainTask& task, const train::Batch& batch, const Rng& rng,
                 train::Optimizer& optimizer, int64_t step, const std::function<void()>& between) {
  return SecondsOf([&] {
    const train::StepInfo info{step, 1e-4};
    for (train::Hook* hook : task.hooks) {
      hook->BeforeStep(info);
    }
    const train::Objective::Result result = task.objective->Loss(batch, rng);
    if (between) {
      between();
    }
    result.loss.backward();
    for (train::Hook* hook : task.hooks) {
      hook->Counts();
    }
    const double norm = optimizer.GradientNorm() / result.weight;
    optimizer.Step(step, info.learning_rate, std::min(1.0, 1 / norm) / result.weight);
    for (train::Hook* hook : task.hooks) {
      hook->AfterStep(info);
    }
  });
}

}  // namespace tersor::cli
