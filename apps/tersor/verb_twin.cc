// `tersor twin`: the traffic-safety digital twin.
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli.h"
#include "tersor/twin/conflict_log.h"
#include "tersor/twin/corridor.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/fcd.h"
#include "tersor/twin/import_network.h"
#include "tersor/twin/safety_summary.h"
#include "tersor/twin/scenario.h"
#include "tersor/twin/scenario_run.h"
#include "tersor/twin/ssm_device.h"
#include "tersor/twin/trip_counts.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/parallel_for.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "verb_twin_calibrate.h"
#include "verb_twin_matrix.h"
#include "verb_twin_record.h"
#include "verb_twin_validate.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

void Print(const Record& record) {
  for (const auto& [name, value] : record.metrics.items()) {
    fmt::print("{:<28} {:.6g}\n", name, value.get<double>());
  }
}

int RunTwinRun(int argc, char** argv) {
  std::vector<std::string> files;
  std::string output, traffic;
  CommandLine line("twin run", "Run a traffic scenario and measure its safety.",
                   "tersor twin run out/corridor/corridor.sumocfg -o out/run");
  line.Positionals("SCENARIO", "a .yaml scenario or matrix, or a .sumocfg", &files, 1)
      .Option("-o,--output", "folder for logs, report.html and animation.html", &output, true)
      .Option("--traffic", "embedded, sumo or sumo:host:port (default: as the scenario says)",
              &traffic);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  if (files.size() != 1) {
    FailUsage("tersor twin run: one scenario, not ", files.size());
  }
  if (IsTwinMatrix(files.front())) {
    return RunTwinMatrix(files.front(), traffic, output, line.common());
  }
  twin::Scenario scenario = twin::ReadScenario(files.front());
  if (!traffic.empty()) {
    scenario.traffic = traffic;
    scenario.Validate();
  }
  CatchInterrupts();
  std::optional<Progress> progress;
  twin::RunOptions options;
  options.output = output;
  options.seed = line.common().seed;
  options.threads = NumThreads();
  options.command = "tersor twin run " + files.front() + " -o " + output;
  options.progress = [&](double time, double end) {
    if (!progress) {
      progress.emplace("simulating", std::isfinite(end) ? std::llround(end) : 0, "s");
    }
    progress->Update(std::llround(time));
  };
  const Record record = twin::RunScenario(scenario, options);
  if (progress) {
    progress->Finish();
  }
  Print(record);
  fmt::print("{0}/report.html\n{0}/animation.html\n", output);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

/// What is known of the vehicles of an FCD file from the files of their routes, by id.
std::unordered_map<std::string, twin::Vehicle> KnownVehicles(const std::vector<std::string>& routes,
                                                             const twin::Network& network,
                                                             uint64_t seed) {
  std::unordered_map<std::string, twin::Vehicle> known;
  if (routes.empty()) {
    return known;
  }
  const twin::Demand demand = twin::ReadDemand(routes, network, seed);
  for (const twin::Departure& departure : demand.departures) {
    const twin::VehicleType& type = demand.types[static_cast<size_t>(departure.type)];
    known[departure.id] = {departure.id, type.id, type.length, type.width,
                           demand.routes[static_cast<size_t>(departure.route)].edges};
  }
  return known;
}

int RunTwinSsm(int argc, char** argv) {
  std::string fcd, net, output = "ssm.xml";
  std::vector<std::string> routes;
  int64_t precision = 2;
  twin::SsmOptions measures;
  CommandLine line("twin ssm",
                   "Measure surrogate safety on floating car data: TTC, DRAC, PET, MDRAC.",
                   "tersor twin ssm --fcd fcd.xml --net corridor.net.xml -o ssm.xml");
  line.Option("--fcd", "FCD file of SUMO or of a road, also .gz", &fcd, true)
      .Option("--net", ".net.xml that its lanes are of", &net, true)
      .Option("--routes", ".rou.xml files of its vehicles (default: where each was seen)", &routes)
      .Option("--range", "m along the roads in which others are looked for", &measures.range)
      .Option("--extra-time", "s for which a pair out of range is traced on", &measures.extra_time)
      .Option("--ttc", "s: a conflict has at most this", &measures.ttc_threshold)
      .Option("--drac", "m/s^2: a conflict has at least this", &measures.drac_threshold)
      .Option("--pet", "s: a conflict has at most this", &measures.pet_threshold)
      .Option("--grip", "a conflict has at least this DRAC / (friction g)",
              &measures.grip_threshold)
      .Option("--friction", "of tyre on road, peak (0.85: a dry road)", &measures.friction)
      .Option("--reaction-time", "s, of MDRAC", &measures.reaction_time)
      .Option("--critical-ttc", "s, below which TET and TIT count", &measures.critical_ttc)
      .Option("--box-ttc", "also TTC between the bodies on the map",
              ConfigField::Target(&measures.box_ttc))
      .Option("--both", "each pair once for either vehicle, as SUMO does",
              ConfigField::Target(&measures.both))
      .Option("--precision", "digits after the point", &precision)
      .Option("-o,--output", "file to write: .xml, .csv or .json", &output);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  if (precision < 0 || precision > 12) {
    FailUsage("tersor twin ssm: --precision must be 0 to 12");
  }
  measures.Validate();
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  const twin::Network network = twin::ImportNetwork(net);
  twin::FcdReader reader(fcd, network, {KnownVehicles(routes, network, line.common().seed)});
  twin::SsmDevice device(network, measures);
  twin::TripCounts counts;
  Progress progress("measuring", 0, "step");
  for (int64_t step = 1; reader.Next(); ++step) {
    ThrowIfInterrupted("measuring was stopped");
    device.Update(reader.snapshot(), reader.vehicles());
    counts.Add(reader.snapshot());
    progress.Update(step);
  }
  progress.Finish();
  const std::vector<twin::Conflict> conflicts = device.Finish();
  twin::WriteConflicts(output, conflicts, reader.vehicles(), static_cast<int>(precision));
  Record record;
  record.verb = "twin";
  record.config = {{"fcd", fcd}, {"net", net}, {"routes", routes}, {"output", output}};
  record.metrics["vehicles"] = reader.vehicles().size();
  record.metrics["rows"] = counts.updates();
  record.metrics["vehicle_km"] = counts.vehicle_km();
  record.metrics["rows_off_network"] = reader.rows_off_network();
  twin::AddMetrics(twin::Summarize(conflicts, device.exposure(), counts.vehicle_km()), record);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  Print(record);
  fmt::print("{}\n", output);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

int RunTwinMakeCorridor(int argc, char** argv) {
  std::string output;
  twin::CorridorOptions options;
  CommandLine line("twin make-corridor",
                   "Write a synthetic signalised corridor of 2.4 km for SUMO and for this twin.",
                   "tersor twin make-corridor -o out/corridor");
  line.Option("-o,--output", "folder", &output, true)
      .Option("--demand", "of the volumes of a busy hour", &options.demand)
      .Option("--end", "s of traffic", &options.end)
      .Option("--step", "s of a simulation's step", &options.step);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  fmt::print("{}\n", twin::WriteCorridor(output, options));
  return 0;
}

/// What `tersor twin` can do, in the order of its help.
constexpr struct {
  std::string_view name, help;
  int (*run)(int argc, char** argv);
} kActions[] = {
    {"run", "run a traffic scenario, by our own engine or by SUMO, or a matrix of them",
     RunTwinRun},
    {"demo", "plain traffic against the full twin in rain and fog, in two minutes", RunTwinDemo},
    {"ssm", "measure surrogate safety on floating car data", RunTwinSsm},
    {"calibrate", "fit drivers to what was measured on a road", RunTwinCalibrate},
    {"record", "record clips from above, the weather being their class", RunTwinRecord},
    {"make-corridor", "write a synthetic signalised corridor", RunTwinMakeCorridor},
    {"validate", "compare the twin with closed forms and published figures", RunTwinValidate},
};

}  // namespace

int RunTwin(int argc, char** argv) {
  const std::string_view given = argc > 1 ? argv[1] : "";
  std::string names;
  for (const auto& action : kActions) {
    if (given == action.name) {
      return action.run(argc - 1, argv + 1);
    }
    names += (names.empty() ? "" : ", ") + std::string(action.name);
  }
  if (given == "-h" || given == "--help") {
    fmt::print("tersor twin ACTION [OPTIONS]\n\n");
    for (const auto& action : kActions) {
      fmt::print("  {:<14} {}\n", action.name, action.help);
    }
    fmt::print("\n`tersor twin ACTION --help` lists the options.\n");
    return 0;
  }
  FailUsage("tersor twin: the first argument must be: ", names);
}

}  // namespace tersor::cli
