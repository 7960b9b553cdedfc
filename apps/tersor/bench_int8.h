// Rows of `tersor bench int8`.
#ifndef TERSOR_APPS_TERSOR_BENCH_INT8_H_
#define TERSOR_APPS_TERSOR_BENCH_INT8_H_

#include "bench_row.h"
#include "tersor/util/record.h"

namespace tersor::cli {

/// Products, whole training steps and what they keep for backward, each for AVX2 and, under the
/// name of the kernel, for what the machine has beyond it; the peer is float32 on all it has.
void BenchInt8(const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_INT8_H_
