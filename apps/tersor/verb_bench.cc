// `tersor bench`: speed rows, each beside its peer in the same run.
#include <fmt/core.h>

#include <chrono>

#include "bench_attention.h"
#include "bench_decode.h"
#include "bench_int8.h"
#include "bench_mxfp4.h"
#include "bench_sparse.h"
#include "bench_train.h"
#include "bench_twin.h"
#include "cli.h"
#include "tersor/util/error.h"
#include "tersor/util/record.h"
#include "torch_setup.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

void PrintRows(const Json& rows) {
  fmt::print("{:<28} {:>12} {:>12} {:>7}  {:<15} {}\n", "row", "ours", "peer", "ratio",
             "(low to high)", "unit, peer");
  for (const Json& row : rows) {
    fmt::print("{:<28} {:>12.4g} {:>12.4g} {:>7.3f}  {:<15} {}, {}\n",
               row["name"].get<std::string>(), row["ours"].get<double>(), row["peer"].get<double>(),
               row["ratio"].get<double>(),
               fmt::format("({:.3f} to {:.3f})", row["ratio_low"].get<double>(),
                           row["ratio_high"].get<double>()),
               row["unit"].get<std::string>(), row["peer_name"].get<std::string>());
  }
}

}  // namespace

int RunBench(int argc, char** argv) {
  std::vector<std::string> suites;
  BenchOptions options;
  CommandLine line("bench", "Measure speed against a peer, turn by turn in the same run.",
                   "tersor bench train --json bench.json");
  line.Positionals("suite", "what to measure: train, decode, int8, mxfp4, sparse, attention, twin",
                   &suites, 1)
      .Option("--repeats", "turns, each of ours and the peer", &options.repeats)
      .Option("--rows", "only rows whose name contains this", &options.rows);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  if (options.repeats < 1) {
    FailUsage("tersor bench: --repeats must be above 0");
  }
  SetUpTorch();
  const auto began = std::chrono::steady_clock::now();
  Record record;
  record.verb = "bench";
  record.seed = line.common().seed;
  record.config = {{"suites", suites}, {"repeats", options.repeats}};
  for (const std::string& suite : suites) {
    if (suite == "train") {
      BenchTrain(options, record);
    } else if (suite == "decode") {
      BenchDecode(options, record);
    } else if (suite == "int8") {
      BenchInt8(options, record);
    } else if (suite == "mxfp4") {
      BenchMxfp4(options, record);
    } else if (suite == "sparse") {
      BenchSparse(options, record);
    } else if (suite == "attention") {
      BenchAttention(options, record);
    } else if (suite == "twin") {
      BenchTwin(options, record);
    } else {
      FailUsage("tersor bench: unknown suite ", suite,
                "; there are: train, decode, int8, mxfp4, sparse, attention, twin");
    }
  }
  if (record.rows.empty()) {
    FailUsage("tersor bench: no row's name contains '", options.rows, "'");
  }
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  PrintRows(record.rows);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
