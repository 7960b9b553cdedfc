#include "bench_row.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "tersor/util/interrupt.h"
#include "tersor/util/progress.h"

namespace tersor::cli {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace

double SecondsOf(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double RunRow(const BenchRow& row, const BenchOptions& options, Record& record) {
  Progress progress(row.name, options.repeats, "turn");
  std::vector<double> ours, peer, ratios;
  double before = row.peer();
  for (int64_t turn = 0; turn < options.repeats; ++turn) {
    ours.push_back(row.ours());
    const double after = row.peer();
    peer.push_back((before + after) / 2);
    before = after;
    ratios.push_back(ours.back() / peer.back());
    progress.Update(turn + 1);
    ThrowIfInterrupted("bench stopped");
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  record.rows.push_back({{"name", row.name},
                         {"unit", row.unit},
                         {"ours", Median(ours)},
                         {"peer", Median(peer)},
                         {"peer_name", row.peer_name},
                         {"ratio", Median(ratios)},
                         {"ratio_low", *low},
                         {"ratio_high", *high}});
  return Median(ours);
}

}  // namespace tersor::cli
