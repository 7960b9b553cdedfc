// Speed of MXFP4 products, layers, training steps and decoding beside float32.
#ifndef TERSOR_APPS_TERSOR_BENCH_MXFP4_H_
#define TERSOR_APPS_TERSOR_BENCH_MXFP4_H_

#include "bench_row.h"

namespace tersor::cli {

void BenchMxfp4(const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_MXFP4_H_
