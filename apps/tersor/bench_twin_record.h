// The speed of recording clips, for `tersor bench twin`.
#ifndef TERSOR_APPS_TERSOR_BENCH_TWIN_RECORD_H_
#define TERSOR_APPS_TERSOR_BENCH_TWIN_RECORD_H_

#include <string>

#include "bench_row.h"

namespace tersor::cli {

/// Row twin_record: clips of 16 frames of 64 x 64 pixels a minute, in all default classes, with
/// everything that `tersor twin record` does for them (places, traffic, pictures, files), on all
/// threads. The peer is the project's aim of 500 a minute, a constant. Works in `folder`.
void BenchTwinRecord(const std::string& folder, const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_TWIN_RECORD_H_
