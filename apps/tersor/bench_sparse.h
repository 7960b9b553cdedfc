// `tersor bench sparse`: serving a pruned model against serving it with its zeros.
#ifndef TERSOR_APPS_TERSOR_BENCH_SPARSE_H_
#define TERSOR_APPS_TERSOR_BENCH_SPARSE_H_

#include "bench_row.h"
#include "tersor/util/record.h"

namespace tersor::cli {

/// Adds rows `sparse70_decode_1b_vs_bf16`, `sparse50_decode_1b_vs_bf16`,
/// `sparse24_decode_1b_vs_bf16` (two of every four weights are zero) and
/// `sparse70_int8_decode_1b_vs_int8`: one token through all matrices of the blocks of a 1.1B model
/// with so many zeros in random places; and `sparse70_prefill_1b`: 512 tokens. Each on AVX2 and,
/// with a suffix, on the machine's best path. Peer: the same weights in the dense format, on the
/// same path, turn by turn.
void BenchSparse(const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_SPARSE_H_
