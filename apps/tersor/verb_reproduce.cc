// `tersor reproduce`: runs the cells of a method's claims, those that are missing only, and reports
// them on one page.
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>

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

/// The cell's arguments with the places filled in, its record and the common options added.
std::vector<std::string> Arguments(const ClaimCell& cell, const std::string& resources,
                                   const std::string& out, const std::string& record,
                                   const CommonOptions& common, uint64_t seed) {
  std::vector<std::string> arguments = cell.run;
  for (std::string& argument : arguments) {
    for (const auto& [place, value] : {std::pair<std::string, std::string>{"{out}", out},
                                       {"{recipes}", resources + "/recipes"},
                                       {"{models}", resources + "/models"},
                                       {"{cell}", cell.name}}) {
      for (size_t at; (at = argument.find(place)) != std::string::npos;) {
        argument.replace(at, place.size(), value);
      }
    }
  }
  arguments.insert(arguments.end(), {"--json", record, "--seed", std::to_string(seed), "--threads",
                                     std::to_string(common.threads)});
  return arguments;
}

/// Runs this program with the arguments and waits; throws where it does not end with 0.
void RunSelf(const std::vector<std::string>& arguments) {
  std::string self = fs::read_symlink("/proc/self/exe").string();
  std::vector<std::string> texts = arguments;
  std::vector<char*> argv = {self.data()};
  for (std::string& text : texts) {
    argv.push_back(text.data());
  }
  argv.push_back(nullptr);
  pid_t child = 0;
  const int code = ::posix_spawn(&child, self.c_str(), nullptr, nullptr, argv.data(), environ);
  TERSOR_CHECK(code == 0, self, ": cannot be started: ", std::strerror(code));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    // Ctrl-C reached the child too, which ends by itself and keeps what is done.
  }
  ThrowIfInterrupted("stopped; the same command continues with the missing cells");
  TERSOR_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "`tersor ", arguments.front(),
               "` of this recipe failed; the same command continues with the missing cells");
}

/// The finished record of a cell, where it was made by this very command.
std::optional<Json> FinishedRecord(const std::string& path,
                                   const std::vector<std::string>& arguments) {
  if (!fs::exists(path)) {
    return std::nullopt;
  }
  Json record = ReadJsonFile(path);
  return record.value("command", Json()) == Json(arguments) ? std::optional(record) : std::nullopt;
}

Json RunCell(const ClaimCell& cell, const std::string& resources, const std::string& out,
             const CommonOptions& common, uint64_t seed) {
  const std::string path = out + "/" + cell.name + ".json";
  const std::vector<std::string> arguments = Arguments(cell, resources, out, path, common, seed);
  if (std::optional<Json> finished = FinishedRecord(path, arguments)) {
    log::Info("{}: done before, kept", cell.name);
    return *finished;
  }
  std::string command = "tersor";
  for (const std::string& argument : cell.run) {
    command += " " + argument;
  }
  log::Info("{}: {}", cell.name, command);
  RunSelf(arguments);
  Json record = ReadJsonFile(path);
  record["cell"] = cell.name;
  record["command"] = arguments;
  WriteFileAtomically(path, record.dump(1) + "\n");
  return record;
}

/// The runs that a cell stands for, with their seeds; in the quick grid the first.
std::vector<std::pair<ClaimCell, uint64_t>> RunsOf(const ClaimCell& cell, uint64_t seed,
                                                   bool full) {
  std::vector<std::pair<ClaimCell, uint64_t>> runs;
  for (int64_t i = 0; i < (full ? cell.seeds : 1); ++i) {
    runs.emplace_back(cell, seed + static_cast<uint64_t>(i));
    if (cell.seeds > 1) {
      runs.back().first.name += "-seed" + std::to_string(runs.back().second);
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
    for (const ClaimCell& cell : claim.cells) {
      if (cell.full && !full) {
        continue;
      }
      std::vector<Json> runs;
      for (const auto& [run, seed] : RunsOf(cell, line.common().seed, full)) {
        runs.push_back(RunCell(run, resources, out, line.common(), seed));
        Json row = {{"cell", run.name}};
        row.update(runs.back()["metrics"]);
        whole.rows.push_back(row);
        for (const auto& [name, value] : runs.back()["metrics"].items()) {
          whole.metrics[run.name + "." + name] = value;
        }
      }
      if (runs.size() > 1) {
        spreads.push_back(SpreadOf(cell.name, runs));
      }
      records.insert(records.end(), runs.begin(), runs.end());
    }
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
