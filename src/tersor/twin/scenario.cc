#include "tersor/twin/scenario.h"

#include <filesystem>
#include <limits>
#include <map>
#include <utility>

#include "tersor/twin/sumo_link.h"
#include "tersor/twin/weather/weathered_demand.h"
#include "tersor/util/config_check.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

namespace fs = std::filesystem;

/// A path in a scenario file is relative to the file's folder.
std::string Beside(const std::string& file, const std::string& path) {
  return path.empty() ? path : (fs::path(file).parent_path() / path).string();
}

void Override(double value, double* target) {
  if (!std::isnan(value)) {
    *target = value;
  }
}

std::string Number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  return text.back() == '.' ? text + "0" : text;
}

std::string Joined(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) {
    text += (text.empty() ? "" : ",") + path;
  }
  return text;
}

/// What drivers in SUMO change because of the weather, as WeatherDemand() has it for ours.
std::function<SumoOptions::Factors(const std::string&, double)> FactorsOf(
    const Scenario& scenario, const SimulationConfig& config) {
  if (!scenario.knows_weather() || scenario.weather.empty()) {
    return {};
  }
  return [weather = WeatherOf(scenario, config.window), twins = scenario.has_twins(),
          begin = config.window.begin, seed = config.seed,
          aware = scenario.twins.driver.aware](const std::string& vehicle, double time) {
    if (!KnowsWeather(vehicle, seed, aware)) {
      return SumoOptions::Factors();
    }
    const Weather now = weather.At(twins ? begin : time);
    return SumoOptions::Factors{now.speed_factor, now.headway_factor, now.accel_factor};
  };
}

/// SUMO's command line for the scenario.
std::vector<std::string> SumoArguments(const Scenario& scenario, const SimulationConfig& config) {
  std::vector<std::string> arguments;
  const auto add = [&](const std::string& option, const std::string& value) {
    arguments.insert(arguments.end(), {option, value});
  };
  if (!scenario.config.empty()) {
    add("-c", scenario.config);
  } else {
    add("-n", config.network);
    if (!config.routes.empty()) {
      add("-r", Joined(config.routes));
    }
    if (!config.additional.empty()) {
      add("-a", Joined(config.additional));
    }
  }
  add("--begin", Number(config.window.begin));
  add("--step-length", Number(config.step_length));
  add("--time-to-teleport", Number(config.time_to_teleport));
  add("--seed", std::to_string(config.seed));
  // Its schemas are found through a variable that may not be set.
  for (const char* option :
       {"--xml-validation", "--xml-validation.net", "--xml-validation.routes"}) {
    add(option, "never");
  }
  if (scenario.demand != 1) {
    add("--scale", Number(scenario.demand));
  }
  arguments.insert(arguments.end(), {"--no-step-log", "--duration-log.disable"});
  if (scenario.has_twins()) {
    // Our own boxes judge collisions; SUMO only reports them.
    arguments.insert(arguments.end(), {"--collision.action", "warn", "--collision.check-junctions",
                                       "--emergencydecel.warning-threshold", "1000"});
  }
  return arguments;
}

}  // namespace

void Scenario::AddFields(Schema& schema) {
  schema.Add("config", "a .sumocfg; instead of network, routes and additional", &config)
      .Add("network", ".net.xml, .net.xml.gz, .osm or .xodr", &network)
      .Add("routes", ".rou.xml files", &routes)
      .Add("additional", "further files of types, routes and signal plans", &additional)
      .Add("traffic", "embedded, sumo, or sumo:host:port", &traffic)
      .Add("begin", "s", &begin)
      .Add("end", "s (default: until everybody has arrived)", &end)
      .Add("step", "s", &step)
      .Add("time_to_teleport", "s of standing before a vehicle is moved on (-1: never)",
           &time_to_teleport)
      .Add("demand", "of the demand: 0.8 leaves a fifth of the vehicles out, at random", &demand)
      .Add("weather", "preset, several joined by +, or a .yaml file", &weather)
      .Add("arm", "A: weather ignored, B: drivers know it, C: twins", &arm)
      .Add("ssm", "measure surrogate safety", &ssm)
      .Add("measures.range", "m along the roads in which others are looked for", &measures.range)
      .Add("measures.extra_time", "s for which a pair out of range is traced on",
           &measures.extra_time)
      .Add("measures.ttc", "s: a conflict has at most this", &measures.ttc_threshold)
      .Add("measures.drac", "m/s^2: a conflict has at least this", &measures.drac_threshold)
      .Add("measures.pet", "s: a conflict has at most this", &measures.pet_threshold)
      .Add("measures.grip", "a conflict has at least this DRAC / (friction g)",
           &measures.grip_threshold)
      .Add("measures.reaction_time", "s, of MDRAC", &measures.reaction_time)
      .Add("measures.critical_ttc", "s, below which TET and TIT count", &measures.critical_ttc)
      .Add("measures.box_ttc", "also TTC between the bodies on the map", &measures.box_ttc)
      .Add("measures.both", "each pair once for either vehicle, as SUMO does", &measures.both)
      .Add("fcd", "write fcd.xml.gz: everybody's place at every step", &fcd)
      .Add("picture_interval", "s between the frames of the animation", &picture_interval);
  twins.AddFields(schema);
}

void Scenario::Validate() const {
  if (config.empty() == network.empty()) {
    FailUsage("a scenario needs either config (a .sumocfg) or network");
  }
  if (!config.empty() && (!routes.empty() || !additional.empty())) {
    FailUsage("routes and additional go with network; config has its own");
  }
  if (traffic != "embedded" && traffic != "sumo" && !traffic.starts_with("sumo:")) {
    FailUsage("traffic is embedded, sumo or sumo:host:port, not ", traffic);
  }
  if (step <= 0 || std::isinf(step)) {
    FailUsage("step must be above 0 s");
  }
  if (end <= begin) {
    FailUsage("end must come after begin");
  }
  if (!(demand >= 0 && demand <= kMostDemand)) {
    FailUsage("demand is ", demand, "; it must be within 0 and ", kMostDemand);
  }
  if (!(picture_interval >= 0)) {
    FailUsage("picture_interval must be 0 s or more");
  }
  measures.Validate();
  twins.Validate();
  if (!arm.empty()) {
    CheckChoice("arm", arm, {"A", "B", "C"});
  }
}

TwinOptions Scenario::arm_twins() const {
  TwinOptions options = twins;
  if (arm == "C" && !twins.any()) {
    options.share = 1;
  }
  return options;
}

Scenario ReadScenario(const std::string& path) {
  Scenario scenario;
  if (path.ends_with(".sumocfg")) {
    scenario.config = path;
  } else {
    Schema schema;
    scenario.AddFields(schema);
    schema.LoadYamlFile(path);
    ResolvePaths(path, &scenario);
  }
  scenario.Validate();
  return scenario;
}

void ResolvePaths(const std::string& file, Scenario* scenario) {
  scenario->config = Beside(file, scenario->config);
  scenario->network = Beside(file, scenario->network);
  if (scenario->weather.ends_with(".yaml")) {
    scenario->weather = Beside(file, scenario->weather);
  }
  if (scenario->twins.body.ends_with(".yaml")) {
    scenario->twins.body = Beside(file, scenario->twins.body);
  }
  for (std::vector<std::string>* paths : {&scenario->routes, &scenario->additional}) {
    for (std::string& path : *paths) {
      path = Beside(file, path);
    }
  }
}

SimulationConfig ConfigOf(const Scenario& scenario, uint64_t seed) {
  SimulationConfig config;
  if (!scenario.config.empty()) {
    config = ReadSimulationConfig(scenario.config);
  } else {
    config.network = scenario.network;
    config.routes = scenario.routes;
    config.additional = scenario.additional;
    config.step_length = 0.1;
  }
  Override(scenario.begin, &config.window.begin);
  Override(scenario.end, &config.window.end);
  Override(scenario.step, &config.step_length);
  Override(scenario.time_to_teleport, &config.time_to_teleport);
  config.seed = seed;
  config.demand_scale = scenario.demand;
  if (config.window.end <= config.window.begin) {
    FailUsage("the scenario ends at ", config.window.end, " s, before it begins");
  }
  return config;
}

WeatherSeries WeatherOf(const Scenario& scenario, const TimeWindow& window) {
  if (scenario.weather.empty()) {
    return {};
  }
  WeatherSeries series = ReadWeather(scenario.weather);
  series.CheckCovers(window, "weather " + scenario.weather);
  return series;
}

void WeatherDemand(const Scenario& scenario, const WeatherSeries& weather,
                   const SimulationConfig& config, Demand* demand) {
  if (!scenario.knows_weather()) {
    return;
  }
  const double aware = scenario.twins.driver.aware;
  if (weather.moments.size() == 1 || scenario.has_twins()) {
    ApplyWeather(weather.At(config.window.begin), aware, config.seed, demand);
    return;
  }
  std::map<std::pair<int32_t, int64_t>, int32_t> known;  // type and minute -> type
  for (Departure& departure : demand->departures) {
    if (!KnowsWeather(departure.id, config.seed, aware)) {
      continue;
    }
    const auto minute = static_cast<int64_t>(std::floor(departure.time / 60));
    const auto next = static_cast<int32_t>(demand->types.size());
    const auto [found, fresh] = known.try_emplace({departure.type, minute}, next);
    if (fresh) {
      VehicleType type = WeatheredType(demand->types[static_cast<size_t>(departure.type)],
                                       weather.At(static_cast<double>(minute) * 60));
      type.id += ".minute" + std::to_string(minute);
      demand->types.push_back(std::move(type));
    }
    departure.type = found->second;
  }
}

std::unique_ptr<Traffic> StartTraffic(const Scenario& scenario, const SimulationConfig& config,
                                      const Simulation& simulation, int threads) {
  if (scenario.traffic != "embedded") {
    SumoOptions options;
    options.arguments = SumoArguments(scenario, config);
    options.remote = scenario.traffic == "sumo" ? "" : scenario.traffic.substr(5);
    options.factors = FactorsOf(scenario, config);
    return StartSumo(options, simulation.network);
  }
  EmbeddedOptions options;
  options.step_length = config.step_length;
  options.begin = config.window.begin;
  options.seed = config.seed;
  options.threads = threads;
  options.time_to_teleport = config.time_to_teleport > 0 ? config.time_to_teleport : -1;
  return std::make_unique<EmbeddedTraffic>(simulation.network, simulation.demand, options);
}

}  // namespace tersor::twin
