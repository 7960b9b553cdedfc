#include "verb_twin_matrix.h"

#include <fmt/core.h>

#include <algorithm>

#include "tersor/twin/matrix/matrix.h"
#include "tersor/twin/matrix/matrix_report.h"
#include "tersor/twin/matrix/matrix_run.h"
#include "tersor/twin/matrix/run_cell.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/parallel_for.h"
#include "tersor/util/rank.h"
#include "tersor/util/record.h"

namespace tersor::cli {
namespace {

/// What a visitor sees first: small enough for two minutes on two cores.
constexpr char kDemo[] =
    "corridor: {end: 600}\n"
    "weather: [clear_dry, heavy_rain, fog_medium]\n"
    "arms: [A, C]\n"
    "seeds: 3\n"
    "animation: {begin: 240, end: 360}\n";

/// What every run says in the end.
void PrintVerdict(const Record& record) {
  std::string about;
  for (const Json& row : record.rows) {
    if (!row.contains("verdict")) {
      continue;
    }
    if (row["about"] != about) {
      about = row["about"].get<std::string>();
      fmt::print("{}:\n", about);
    }
    fmt::print("  {}\n", row["verdict"].get<std::string>());
  }
}

int Run(const twin::Matrix& given, const std::string& output, const std::string& command,
        const CommonOptions& common) {
  CatchInterrupts();
  MakeFolders(output);
  const twin::Matrix matrix = twin::WithFiles(given, output);
  const RankPlace place = RankFromEnvironment().value_or(RankPlace{});
  const twin::MatrixState state =
      twin::RunMatrix(matrix, {output, NumThreads(), place, twin::RunCell});
  if (!state.finished()) {
    log::Info(
        "rank {} of {}: done; {} runs are still with the others, of whom the last draws the "
        "report",
        place.rank, place.size, state.cells - state.done - std::ssize(state.failures));
    return 0;
  }
  if (state.done > 0) {
    const Record record = twin::WriteMatrixReport(matrix, state, output, command);
    PrintVerdict(record);
    fmt::print("{}/report.html\n", output);
    if (!common.json.empty()) {
      WriteRecord(common.json, record);
    }
  }
  TERSOR_CHECK(state.failures.empty(), state.failures.size(), " of ", state.cells,
               " runs failed, such as ", state.failures[0].cell, ": ", state.failures[0].error,
               "; the same command tries them again");
  return 0;
}

}  // namespace

bool IsTwinMatrix(const std::string& path) {
  return !path.ends_with(".sumocfg") && twin::IsMatrix(ReadFile(path), path);
}

int RunTwinMatrix(const std::string& path, const std::string& traffic, const std::string& output,
                  const CommonOptions& common) {
  twin::Matrix matrix = twin::ReadMatrix(path, common.seed);
  if (!traffic.empty()) {
    matrix.base.traffic = traffic;
  }
  return Run(matrix, output, "tersor twin run " + path + " -o " + output, common);
}

int RunTwinDemo(int argc, char** argv) {
  std::string output = "out/twin-demo";
  CommandLine line("twin demo",
                   "Plain traffic against the full twin on a corridor, dry, in rain and in fog.",
                   "tersor twin demo -o out/twin-demo");
  line.Option("-o,--output,--out", "folder (default: out/twin-demo)", &output);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  return Run(twin::ParseMatrix(kDemo, "demo.yaml", line.common().seed), output,
             "tersor twin demo -o " + output, line.common());
}

}  // namespace tersor::cli
