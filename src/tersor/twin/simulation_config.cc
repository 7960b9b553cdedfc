#include "tersor/twin/simulation_config.h"

#include <algorithm>
#include <filesystem>

#include "tersor/twin/demand_scale.h"
#include "tersor/twin/import_network.h"
#include "tersor/twin/signal_reader.h"
#include "tersor/twin/xml_reader.h"

namespace tersor::twin {
namespace {

class ConfigReader {
 public:
  explicit ConfigReader(const XmlDocument& document)
      : root_(document.Root()), folder_(std::filesystem::path(document.name()).parent_path()) {}

  SimulationConfig Read() {
    if (root_.name() != "configuration" && root_.name() != "sumoConfiguration") {
      root_.Fail(": not a configuration of sumo");
    }
    for (const XmlElement& child : root_.Children()) {
      ReadOption(child);
      for (const XmlElement& option : child.Children()) {
        ReadOption(option);
      }
    }
    if (config_.network.empty()) {
      root_.Fail(": no net-file; add <input><net-file value=\"...\"/></input>");
    }
    if (config_.window.end <= config_.window.begin) {
      root_.Fail(": it ends at ", config_.window.end, " s, before it begins");
    }
    return config_;
  }

 private:
  void ReadOption(const XmlElement& option) {
    const std::string_view name = option.name();
    const char* const value = option.Has("v") ? "v" : "value";
    if (name == "net-file" || name == "net" || name == "n") {
      const std::vector<std::string> paths = Paths(option, value);
      if (paths.size() != 1) {
        option.FailAt(value, ": one network is needed");
      }
      config_.network = paths.front();
    } else if (name == "route-files" || name == "routes" || name == "r") {
      config_.routes = Paths(option, value);
    } else if (name == "additional-files" || name == "additional" || name == "a") {
      config_.additional = Paths(option, value);
    } else if (name == "begin" || name == "b") {
      config_.window.begin = option.Time(value);
    } else if (name == "end" || name == "e") {
      const double end = option.Time(value);
      config_.window.end = end < 0 ? TimeWindow().end : end;  // -1: when everybody has arrived
    } else if (name == "step-length") {
      config_.step_length = option.Time(value);
      if (config_.step_length <= 0) {
        option.FailAt(value, ": the step must be longer than 0 s");
      }
    } else if (name == "time-to-teleport") {
      config_.time_to_teleport = option.Time(value);
    } else if (name == "seed") {
      config_.seed = static_cast<uint64_t>(option.Index(value));
    }
  }

  std::vector<std::string> Paths(const XmlElement& option, const char* value) const {
    std::vector<std::string> paths;
    for (const std::string_view path : SplitWords(option.Text(value), ',')) {
      paths.push_back((folder_ / path).string());  // an absolute path replaces the folder
    }
    return paths;
  }

  XmlElement root_;
  std::filesystem::path folder_;
  SimulationConfig config_;
};

}  // namespace

SimulationConfig ReadSimulationConfig(const std::string& path) {
  return ConfigReader(XmlDocument::Read(path)).Read();
}

SimulationConfig ParseSimulationConfig(std::string_view xml, const std::string& name) {
  return ConfigReader(XmlDocument(std::string(xml), name)).Read();
}

Simulation LoadSimulation(const SimulationConfig& config) {
  Simulation simulation;
  simulation.network = ImportNetwork(config.network);
  ReadSignalPlans(config.additional, simulation.network);
  // SUMO reads the additional files first, too.
  std::vector<std::string> files = config.additional;
  files.insert(files.end(), config.routes.begin(), config.routes.end());
  TimeWindow window = config.window;
  window.step = config.step_length;
  simulation.demand = ScaledDemand(ReadDemand(files, simulation.network, config.seed, window),
                                   config.demand_scale, config.seed, config.window.end);
  return simulation;
}

}  // namespace tersor::twin
