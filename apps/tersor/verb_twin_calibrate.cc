// `tersor twin calibrate`: drivers fitted to what was measured on a road.
#include <fmt/core.h>

#include <optional>
#include <string>
#include <vector>

#include "cli.h"
#include "tersor/twin/calibration/calibrate.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "verb_twin_calibrate.h"

namespace tersor::cli {
namespace {

void PrintDistances(const Record& record) {
  fmt::print("{:<24} {:<12} {:>8} {:>8} {:>8} {:>8} {:>7}\n", "drivers", "measure", "mean", "p10",
             "p50", "p90", "KS");
  for (const Json& row : record.rows) {
    if (!row.contains("measure")) {
      continue;
    }
    const auto number = [&](const char* name) {
      return row.contains(name) ? fmt::format("{:.3f}", row[name].get<double>()) : std::string("-");
    };
    fmt::print("{:<24} {:<12} {:>8} {:>8} {:>8} {:>8} {:>7}\n", row["drivers"].get<std::string>(),
               row["measure"].get<std::string>(), number("mean"), number("p10"), number("p50"),
               number("p90"), number("ks"));
  }
  fmt::print("\n");
}

void PrintCounts(const Record& record) {
  for (const Json& row : record.rows) {
    if (row.contains("geh")) {
      fmt::print("{:<24} {:>8.0f} to {:>8.0f} s: {:.0f} an hour, counted {:.0f}, GEH {:.2f}\n",
                 row["edge"].get<std::string>(), row["begin_s"].get<double>(),
                 row["end_s"].get<double>(), row["modelled_per_hour"].get<double>(),
                 row["counted_per_hour"].get<double>(), row["geh"].get<double>());
    }
  }
}

}  // namespace

int RunTwinCalibrate(int argc, char** argv) {
  std::vector<std::string> files;
  twin::CalibrationOptions options;
  CommandLine line("twin calibrate",
                   "Fit drivers to speeds, accelerations and headways measured on a road.",
                   "tersor twin calibrate out/corridor/corridor.sumocfg --percentiles radar.csv "
                   "--edges eb2,eb3 -o out/calibrated");
  line.Positionals("SCENARIO", "a .yaml scenario or a .sumocfg", &files, 1)
      .Option("--rows", "CSV of measured drivers: speed_mps, accel_mps2, decel_mps2, headway_s",
              &options.rows)
      .Option("--percentiles", "CSV of percentiles instead: measure, p10, p50, p90",
              &options.percentiles)
      .Option("--mode", "row: drivers drawn as they were measured; independent: value by value",
              &options.mode)
      .Option("--model", "IDM or Krauss", &options.model)
      .Option("--edges", "edges in whose middle half it was measured", &options.edges, true)
      .Option("--counts", "CSV of counts for GEH: edge, begin, end, count", &options.counts)
      .Option("--draws", "drivers drawn", &options.draws)
      .Option("--runs", "seeds a candidate", &options.runs)
      .Option("--evaluations", "candidates", &options.evaluations)
      .Option("--warm-up", "s before anything is measured", &options.warm_up)
      .Option("--end", "s of a run", &options.end)
      .Option("--headway-limit", "s: who is farther behind does not follow", &options.headway_limit)
      .Option("-o,--output", "folder; an interrupted calibration goes on from it", &options.output,
              true);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  if (files.size() != 1) {
    FailUsage("tersor twin calibrate: one scenario, not ", files.size());
  }
  options.scenario = files.front();
  options.seed = line.common().seed;
  CatchInterrupts();
  Progress progress("calibrating", options.evaluations, "candidate");
  options.progress = [&](int64_t done, double best) {
    progress.Update(done, fmt::format("KS sum {:.3f}", best));
  };
  const Record record = twin::Calibrate(options);
  progress.Finish();
  PrintDistances(record);
  PrintCounts(record);
  for (const auto& [name, value] : record.metrics.items()) {
    fmt::print("{:<28} {:.6g}\n", name, value.get<double>());
  }
  fmt::print("{0}/drivers.add.xml\n{0}/record.json\n", options.output);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
