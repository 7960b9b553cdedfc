// `tersor bench twin`: traffic's speed beside SUMO's, and that of recording it.
#ifndef TERSOR_APPS_TERSOR_BENCH_TWIN_H_
#define TERSOR_APPS_TERSOR_BENCH_TWIN_H_

#include "bench_row.h"

namespace tersor::cli {

/// Vehicle updates a second of our engine beside those that SUMO says of itself, on the same grids
/// and routes; then twin_record. Throws Error where a row needs SUMO's programs and they are not
/// installed.
void BenchTwin(const BenchOptions& options, Record& record);

/// Simulated seconds a wall second of a thousand single-track cars and of forty multi-body ones,
/// 1 ms substeps, one thread. Called by BenchTwin().
void BenchTwinDynamics(const BenchOptions& options, Record& record);

/// Simulated seconds a wall second of a corridor in libsumo at 10 Hz, with 50 or more single-track
/// twins on the road; measures of collisions included. Called by BenchTwin().
void BenchTwinSumo(const std::string& folder, const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_TWIN_H_
