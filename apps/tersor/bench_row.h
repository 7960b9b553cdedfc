// One row of a bench record: ours and a peer, turn by turn.
#ifndef TERSOR_APPS_TERSOR_BENCH_ROW_H_
#define TERSOR_APPS_TERSOR_BENCH_ROW_H_

#include <functional>
#include <string>

#include "tersor/util/record.h"

namespace tersor::cli {

double SecondsOf(const std::function<void()>& work);

struct BenchRow {
  std::string name, unit, peer_name;
  std::function<double()> ours, peer;  // one turn each: a rate in `unit`, more is better
};

struct BenchOptions {
  int64_t repeats = 7;  // turns, each of ours and the peer
  std::string rows;     // only rows whose name contains this

  bool Wants(const std::string& row) const { return row.find(rows) != std::string::npos; }
};

/// Runs peer, ours, peer, ours, ... `options.repeats` times and adds the row with medians and the
/// spread of the ratios. The machine's rate drifts, so the peer of a turn is the mean of its two
/// neighbours. Returns the median of ours.
double RunRow(const BenchRow& row, const BenchOptions& options, Record& record);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BENCH_ROW_H_
