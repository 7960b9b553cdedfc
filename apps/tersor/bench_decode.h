// `tersor bench decode`: how much of the memory's and the cores' speed serving reaches.
#ifndef TERSOR_APPS_TERSOR_BENCH_DECODE_H_
#define TERSOR_APPS_TERSOR_BENCH_DECODE_H_

#include "bench_row.h"
#include "tersor/util/record.h"

namespace tersor::cli {

/// Adds rows `decode_{bf16,int8}_{110m,1b}` (bytes that a token needs at context 256, over the
/// time it takes, against the best rate at which memory can be read), `prefill_{bf16,int8}_1b` (512
/// tokens, against SGEMM) and `decode_gqa_16k` (keys and values of 16,384 positions, each counted
/// once). Ours and the peer take turns.
void BenchDecode(const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_DECODE_H_
