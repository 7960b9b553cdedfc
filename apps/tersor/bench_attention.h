// `tersor bench attention`: attention without stored probabilities beside plain matrix products.
#ifndef TERSOR_APPS_TERSOR_BENCH_ATTENTION_H_
#define TERSOR_APPS_TERSOR_BENCH_ATTENTION_H_

#include "bench_row.h"
#include "tersor/util/record.h"

namespace tersor::cli {

/// Adds rows `attention_dense_{4k,16k}_d{64,128}` and `attention_backward_4k_d{64,128}`, each for
/// the kernels of AVX2 and for the machine's best: causal float32 attention, packing included,
/// against SGEMM. Only useful work counts: 4 * dim operations a pair of a query and a key that it
/// sees, in the backward pass 2.5 times as many, as if nothing were computed anew.
void BenchAttention(const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_ATTENTION_H_
