#include "bench_train.h"

#include "tersor/train/estimate.h"
#include "tersor/util/memory.h"
#include "train_step.h"

namespace tersor::cli {
namespace {

constexpr char kRow[] = "train_mfu_110m";
constexpr int64_t kGemmSize = 2048;

}  // namespace

void BenchTrain(const BenchOptions& options, Record& record) {
  if (!options.Wants(kRow)) {
    return;
  }
  TrainStep step({}, record.seed);
  constexpr auto kTokens = static_cast<double>(TrainStep::kTokens);
  const double flops = train::TrainingFlopsPerToken(Shape110M(), TrainStep::kTokens) * kTokens;
  step.Run();  // Warms up the allocator and the caches.
  ResetPeakMemory();
  const double rate = RunRow({kRow, "GFLOP/s", "SGEMM 2048 cubed, " + LoadedBlas(),
                              [&] { return flops / step.Run() / 1e9; },
                              [] { return train::MeasureSgemm(kGemmSize) / 1e9; }},
                             options, record);
  record.metrics["train_step_peak_memory_gb"] = static_cast<double>(PeakMemory()) / 1e9;
  record.metrics["train_tokens_per_second"] = rate * 1e9 / flops * kTokens;
}

}  // namespace tersor::cli
