// `tersor bench train`: how much of the machine's matrix rate a whole training step reaches.
#ifndef TERSOR_APPS_TERSOR_BENCH_TRAIN_H_
#define TERSOR_APPS_TERSOR_BENCH_TRAIN_H_

#include "bench_row.h"
#include "tersor/util/record.h"

namespace tersor::cli {

/// Adds row `train_mfu_110m`: float32 training steps of a 110M-parameter LLaMA on 512 tokens with
/// the optimizer, against SGEMM of 2048 cubed measured turn by turn; and the step's peak memory.
void BenchTrain(const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_TRAIN_H_
