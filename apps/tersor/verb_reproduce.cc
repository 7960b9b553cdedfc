// `tersor reproduce`: runs the cells of a method's claims, those that are missing only, and reports
// them on one page.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>

#include "cell_runner.h"
#include "claim.h"
#include "cli.h"
#include "tersor/report/page.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/record.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

namespace fs = std::filesystem;

/// The runs that a claim's cells stand for; in the quick grid those of the first seed.
std::vector<CellRun> RunsOf(const Claim& claim, uint64_t first_seed, bool full) {
  std::vector<CellRun> runs;
  for (const ClaimCell& cell : claim.cells) {
    if (cell.full && !full) {
      continue;
    }
    for (int64_t i = 0; i < (full ? cell.seeds : 1); ++i) {
      const uint64_t seed = first_seed + static_cast<uint64_t>(i);
      runs.push_back(
          {cell.seeds > 1 ? cell.name + "-seed" + std::to_string(seed) : cell.name, cell, seed});
    }
  }
  return runs;
}

/// One row over the runs of a cell: the mean of each metric that differs, and its spread.
Json SpreadOf(const std::string& cell, const std::vector<Json>& records) {
  Json row = {{"cell", cell}, {"seeds", records.size()}};
  for (const auto& [name, value] : records.front()["metrics"].items()) {
    double sum = 0, low = INFINITY, high = -INFINITY;
    for (const Json& record : records) {
      const Json metric = record["metrics"].value(name, Json());
      const double x = metric.is_number() ? metric.get<double>() : NAN;
      sum += x;
      low = std::min(low, x);
      high = std::max(high, x);
    }
    if (std::isfinite(sum) && low < high) {
      row[name] = sum / static_cast<double>(records.size());
      row[name + " spread"] = fmt::format("{:.5g} to {:.5g}", low, high);
    }
  }
  return row;
}

}  // namespace

int RunReproduce(int argc, char** argv) {
  std::vector<std::string> methods;
  std::string out;
  bool full = false;
  CommandLine line("reproduce", "Run a method's recipes and report them.", "tersor reproduce demo");
  line.Positionals("method", "a folder of recipes/", &methods, 1)
      .Option("-o,--output", "output folder (default out/METHOD)", &out)
      .Option("--full", "run the whole grid with all seeds, not the quick one",
              ConfigField::Target(&full));
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  const std::string resources = ResourceFolder(), method = methods.front();
  std::vector<std::string> paths;
  if (fs::is_directory(resources + "/recipes/" + method)) {
    for (const auto& entry : fs::directory_iterator(resources + "/recipes/" + method)) {
      if (entry.path().extension() == ".yaml") {
        paths.push_back(entry.path().string());
      }
    }
  }
  if (paths.empty()) {
    FailUsage("tersor reproduce: no recipes for ", method, " in ", resources, "/recipes");
  }
  std::sort(paths.begin(), paths.end());
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  out = out.empty() ? "out/" + method : out;
  MakeFolders(out);
  const CellRunner runner(resources, out, line.common().threads);
  std::vector<Json> records;
  Json spreads = Json::array();
  Record whole;
  whole.verb = "reproduce";
  whole.seed = line.common().seed;
  whole.config = {{"method", method}, {"full", full}, {"claims", Json::array()}};
  for (const std::string& path : paths) {
    const Claim claim = ReadClaim(path);
    whole.config["claims"].push_back({{"name", claim.name}, {"claim", claim.text}});
    log::Info("{}: {}", claim.name, claim.text);
    const std::vector<CellRun> runs = RunsOf(claim, line.common().seed, full);
    const std::vector<Json> done = runner.Run(runs, claim.side_by_side);
    std::map<std::string, std::vector<Json>> by_cell;
    for (size_t i = 0; i < runs.size(); ++i) {
      Json row = {{"cell", runs[i].name}};
      row.update(done[i]["metrics"]);
      whole.rows.push_back(row);
      for (const auto& [name, value] : done[i]["metrics"].items()) {
        whole.metrics[runs[i].name + "." + name] = value;
      }
      by_cell[runs[i].cell.name].push_back(done[i]);
    }
    for (const ClaimCell& cell : claim.cells) {
      if (by_cell[cell.name].size() > 1) {
        spreads.push_back(SpreadOf(cell.name, by_cell[cell.name]));
      }
    }
    records.insert(records.end(), done.begin(), done.end());
  }
  whole.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  WriteRecord(out + "/record.json", whole);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, whole);
  }
  if (!spreads.empty()) {
    const Json summary = {{"cell", "mean over seeds"}, {"rows", spreads}};
    records.insert(records.begin(), summary);
  }
  report::PageOptions options;
  options.title = "tersor reproduce " + method;
  for (const Json& record : records) {
    options.names.push_back(record["cell"]);
  }
  report::WritePage(records, options, out + "/report.html");
  fmt::print("{}/record.json\n{}/report.html\n", out, out);
  return 0;
}

}  // namespace tersor::cli
