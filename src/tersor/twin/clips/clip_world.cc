#include "tersor/twin/clips/clip_world.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tersor/twin/clips/town.h"
#include "tersor/twin/corridor.h"
#include "tersor/twin/corridor_network.h"
#include "tersor/twin/random_stream.h"
#include "tersor/twin/scenario.h"
#include "tersor/util/error.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

constexpr double kWarmUp = 75;  // s, until the first vehicles have gone through most of it
constexpr double kTownStep = 0.2;

Rng WorldRng(uint64_t seed, uint64_t number) { return Rng(seed, StreamOf("clip world") + number); }

}  // namespace

ClipWorlds MadeUpWorlds(uint64_t seed, double seconds) {
  const auto corridor = std::make_shared<const Network>(CorridorNetwork());
  const auto beside_corridor = std::make_shared<const Scenery>(MakeScenery(*corridor, seed));
  return [=](uint64_t number) {
    const Rng rng = WorldRng(seed, number);
    ClipWorld world;
    world.seed = rng.Bits64(0);
    world.filming = kWarmUp;
    world.step = kTownStep;
    const double end = kWarmUp + seconds;
    if (rng.Uniform(1) < 1.0 / 3) {
      world.network = corridor;
      world.scenery = beside_corridor;
      const std::string routes = CorridorRoutesXml({0.5 + 1.1 * rng.Uniform(2), end, 0.1});
      world.demand = ParseDemand({{routes, "corridor"}}, *corridor, world.seed);
      return world;
    }
    world.network = std::make_shared<const Network>(TownNetwork(world.seed));
    world.scenery = std::make_shared<const Scenery>(MakeScenery(*world.network, world.seed));
    const double entries = static_cast<double>(
        std::count_if(world.network->junctions.begin(), world.network->junctions.end(),
                      [](const Junction& junction) { return junction.type == "dead_end"; }));
    world.demand =
        TownDemand(*world.network, entries * (220 + 330 * rng.Uniform(2)), {0, end}, world.seed);
    return world;
  };
}

ClipWorlds ScenarioWorlds(const std::string& path, uint64_t seed, double seconds) {
  const Scenario scenario = ReadScenario(path);
  if (scenario.traffic != "embedded") {
    FailUsage(path, ": clips need traffic: embedded, not ", scenario.traffic);
  }
  const SimulationConfig config = ConfigOf(scenario, seed);
  Simulation simulation = LoadSimulation(config);
  const auto network = std::make_shared<const Network>(std::move(simulation.network));
  const auto scenery = std::make_shared<const Scenery>(MakeScenery(*network, seed));
  const auto demand = std::make_shared<const Demand>(std::move(simulation.demand));
  TERSOR_CHECK(!demand->departures.empty(), path, ": nobody departs");
  const double begin = config.window.begin;
  const double end = std::isfinite(config.window.end) ? config.window.end
                                                      : demand->departures.back().time + seconds;
  if (end - begin < kWarmUp + seconds) {
    FailUsage(path, ": lasts ", end - begin, " s; clips need ", kWarmUp + seconds,
              " s of traffic: fewer clips a scene or fewer frames, or a longer scenario");
  }
  const double step = std::min(config.step_length, kTownStep);
  return [=](uint64_t number) {
    const Rng rng = WorldRng(seed, number);
    ClipWorld world{network, scenery, *demand, rng.Bits64(0), 0, 0, step};
    world.begin = begin + rng.Uniform(1) * (end - begin - kWarmUp - seconds);
    world.filming = world.begin + kWarmUp;
    std::erase_if(world.demand.departures, [&](const Departure& departure) {
      return departure.time < world.begin || departure.time > world.filming + seconds;
    });
    return world;
  };
}

}  // namespace tersor::twin
