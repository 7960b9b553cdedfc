#include "bench_twin.h"

#include <fmt/core.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench_twin_record.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/embedded_traffic.h"
#include "tersor/twin/network.h"
#include "tersor/twin/ssm_device.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/parallel_for.h"
#include "tersor/util/rng.h"

namespace tersor::cli {
namespace {

/// Runs a program of SUMO's; its output.
std::string RunProgram(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  TERSOR_CHECK(pipe != nullptr, command, ": cannot be started");
  std::string output;
  std::array<char, 4096> buffer{};
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  TERSOR_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "`",
               command.substr(0, command.find(' ')),
               "` failed (is SUMO installed?): ", output.substr(0, output.find('\n')));
  return output;
}

struct GridOptions {
  std::string name;
  int64_t side = 3, vehicles = 600;  // junctions a side
  double period = 1;                 // s between departures
  double step = 0.1, end = 700;      // s
};

/// A grid of signalised junctions with trips between random edges, as files and as our structures.
class Grid {
 public:
  Grid(const GridOptions& options, const std::string& folder) : options_(options) {
    MakeFolders(folder);
    net_ = folder + "/" + options.name + ".net.xml";
    routes_ = folder + "/" + options.name + ".rou.xml";
    RunProgram(
        fmt::format("netgenerate --grid --grid.number {} --grid.length 200 "
                    "--default.lanenumber 2 --tls.guess true -o {}",
                    options.side, net_));
    network_ = twin::ReadNetwork(net_);
    WriteRoutes();
    demand_ = twin::ReadDemand({routes_}, network_, 1);
  }

  /// Vehicle updates a second of ours.
  double Ours(int threads, bool ssm) const {
    twin::EmbeddedOptions options;
    options.step_length = options_.step;
    options.threads = threads;
    const int before = NumThreads();
    SetNumThreads(threads);
    twin::EmbeddedTraffic traffic(network_, demand_, options);
    std::unique_ptr<twin::SsmDevice> device;
    if (ssm) {
      device = std::make_unique<twin::SsmDevice>(network_);
    }
    const double steps = options_.end / options_.step;
    const double seconds = SecondsOf([&] {
      for (int64_t step = 0; step < static_cast<int64_t>(steps); ++step) {
        traffic.Step();
        if (device) {
          device->Update(traffic.snapshot(), traffic.vehicles());
        }
      }
    });
    SetNumThreads(before);
    return static_cast<double>(traffic.statistics().updates) / seconds;
  }

  /// Those that SUMO says of itself, without loading.
  double Sumo(bool ssm) const {
    const std::string output = RunProgram(fmt::format(
        "sumo -n {} -r {} --step-length {} --end {} --seed 1 --no-step-log --no-warnings "
        "--xml-validation never --xml-validation.net never --xml-validation.routes never "
        "--duration-log.statistics{}",
        net_, routes_, options_.step, options_.end,
        ssm ? " --device.ssm.probability 1 --device.ssm.measures 'TTC DRAC PET' "
              "--device.ssm.file /dev/null"
            : ""));
    const size_t at = output.find("UPS:");
    TERSOR_CHECK(at != std::string::npos, "sumo did not say its updates a second");
    return std::strtod(output.c_str() + at + 4, nullptr);
  }

 private:
  /// Trips between random edges, routed by us, so that both engines drive the same ways.
  void WriteRoutes() {
    std::vector<int32_t> edges;
    for (size_t i = 0; i < network_.edges.size(); ++i) {
      if (!network_.edges[i].internal) {
        edges.push_back(static_cast<int32_t>(i));
      }
    }
    const Rng rng(42);
    const auto id = [&](uint64_t draw) -> const std::string& {
      const size_t at = static_cast<size_t>(rng.Below(draw, edges.size()));
      return network_.edges[static_cast<size_t>(edges[at])].id;
    };
    std::string trips = "<routes>\n";
    for (int64_t i = 0; i < options_.vehicles; ++i) {
      trips += fmt::format("<trip id=\"{}\" depart=\"{:.2f}\" from=\"{}\" to=\"{}\"/>\n", i,
                           static_cast<double>(i) * options_.period,
                           id(2 * static_cast<uint64_t>(i)), id(2 * static_cast<uint64_t>(i) + 1));
    }
    const twin::Demand demand = twin::ParseDemand({{trips + "</routes>\n", "trips"}}, network_, 1);
    std::string text = "<routes>\n";
    for (const twin::Departure& departure : demand.departures) {
      text += fmt::format("<vehicle id=\"{}\" depart=\"{:.2f}\"><route edges=\"", departure.id,
                          departure.time);
      for (const int32_t edge : demand.routes[static_cast<size_t>(departure.route)].edges) {
        text += network_.edges[static_cast<size_t>(edge)].id + " ";
      }
      text += "\"/></vehicle>\n";
    }
    WriteFileAtomically(routes_, text + "</routes>\n");
  }

  GridOptions options_;
  std::string net_, routes_;
  twin::Network network_;
  twin::Demand demand_;
};

}  // namespace

void BenchTwin(const BenchOptions& options, Record& record) {
  const std::string folder = "out/bench-twin";
  const auto row = [&](const std::string& name, const std::string& peer_name, const auto& ours,
                       const auto& peer) {
    if (options.Wants(name)) {
      RunRow({name, "vehicle updates/s", peer_name, ours, peer}, options, record);
    }
  };
  if (options.Wants("twin_grid3") || options.Wants("twin_grid3_ssm")) {
    const Grid grid({.name = "grid3"}, folder);
    row(
        "twin_grid3", "SUMO", [&] { return grid.Ours(1, false); },
        [&] { return grid.Sumo(false); });
    row(
        "twin_grid3_ssm", "SUMO", [&] { return grid.Ours(1, true); },
        [&] { return grid.Sumo(true); });
  }
  if (options.Wants("twin_grid20") || options.Wants("twin_threads2")) {
    const Grid grid(
        {.name = "grid20", .side = 20, .vehicles = 6000, .period = 0.15, .step = 1, .end = 900},
        folder);
    row(
        "twin_grid20", "SUMO", [&] { return grid.Ours(1, false); },
        [&] { return grid.Sumo(false); });
    row(
        "twin_threads2", "one thread", [&] { return grid.Ours(2, false); },
        [&] { return grid.Ours(1, false); });
  }
  BenchTwinDynamics(options, record);
  BenchTwinSumo(folder, options, record);
  BenchTwinRecord(folder, options, record);
}

}  // namespace tersor::cli
