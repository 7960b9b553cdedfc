#include "tersor/twin/matrix/capacity.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "tersor/twin/corridor.h"
#include "tersor/twin/corridor_network.h"
#include "tersor/twin/demand.h"
#include "tersor/twin/embedded_traffic.h"
#include "tersor/twin/junction_builder.h"
#include "tersor/twin/network_builder.h"
#include "tersor/twin/weather/weathered_demand.h"

namespace tersor::twin {
namespace {

constexpr double kLane = 3.66;                                  // m
constexpr double kFreewaySpeed = 29.06;                         // m/s, 65 mph
constexpr double kJam = 1500, kAfter = 1500, kDetector = 1000;  // m
constexpr double kSpacing = 10;                                 // m of the jam's vehicles
constexpr double kMostTime = 7200;                              // s
constexpr int kNarrow = 2;                                      // lanes after the jam

/// The corridor's drivers.
constexpr char kTypes[] =
    "<vTypeDistribution id=\"traffic\"><vType id=\"car\" vClass=\"passenger\" "
    "carFollowModel=\"IDM\" accel=\"1.5\" decel=\"3\" tau=\"1.2\" minGap=\"2\" "
    "speedFactor=\"normc(1,0.08,0.8,1.2)\" probability=\"0.96\"/><vType id=\"truck\" "
    "vClass=\"truck\" carFollowModel=\"IDM\" accel=\"0.8\" decel=\"3\" tau=\"1.6\" minGap=\"2.5\" "
    "speedFactor=\"normc(0.92,0.05,0.8,1)\" probability=\"0.04\"/></vTypeDistribution>";

size_t Index(int32_t index) { return static_cast<size_t>(index); }

/// Two roads one after another, of some lanes each; the lanes to the right lead on.
Network TwoRoads(int first_lanes, int second_lanes, const std::array<double, 3>& ends,
                 double speed) {
  Network network;
  const int32_t a = AddJunction(network, "a", "dead_end", {0, 0});
  const int32_t b = AddJunction(network, "b", "priority", {ends[0], 0});
  const int32_t c = AddJunction(network, "c", "dead_end", {ends[2], 0});
  const double wider = kLane * std::max(first_lanes, second_lanes);
  AddRoad(network, {"in",
                    a,
                    b,
                    {0, 0},
                    {ends[0], 0},
                    first_lanes,
                    wider - kLane * first_lanes,
                    kLane,
                    speed,
                    1});
  AddRoad(network, {"out",
                    b,
                    c,
                    {ends[1], 0},
                    {ends[2], 0},
                    second_lanes,
                    wider - kLane * second_lanes,
                    kLane,
                    speed,
                    1});
  network.projection = "!";
  return network;
}

std::string Flow(double end, double per_hour) {
  return fmt::format(
      "<flow id=\"f\" type=\"traffic\" route=\"r\" begin=\"0\" end=\"{:g}\" "
      "period=\"exp({:.6f})\" departLane=\"best\" departSpeed=\"max\"/>",
      end, per_hour / 3600);
}

/// Everybody stands when the run begins.
std::string Jam(int lanes) {
  std::string text;
  int number = 0;
  for (double at = kJam - kSpacing; at > 2 * kSpacing; at -= kSpacing) {
    for (int lane = 0; lane < lanes; ++lane) {
      text += fmt::format(
          "<vehicle id=\"v{}\" type=\"traffic\" route=\"r\" depart=\"0\" departLane=\"{}\" "
          "departPos=\"{:g}\" departSpeed=\"0\"/>",
          number++, lane, at);
    }
  }
  return text;
}

Demand DemandOf(const Network& network, const std::string& flows, const Weather& weather,
                uint64_t seed) {
  const std::string text =
      std::string("<routes>") + kTypes + "<route id=\"r\" edges=\"in out\"/>" + flows + "</routes>";
  Demand demand = ParseDemand({{text, "capacity"}}, network, seed);
  ApplyWeather(weather, 1, seed, &demand);
  return demand;
}

/// Until `look` gives false.
void Run(const Network& network, const Demand& demand, double step, double end, uint64_t seed,
         const std::function<bool(const Snapshot&)>& look) {
  EmbeddedTraffic traffic(network, demand,
                          {.step_length = step, .seed = seed, .time_to_teleport = -1});
  bool goes_on = true;
  while (goes_on && traffic.snapshot().time < end && !traffic.finished()) {
    traffic.Step();
    goes_on = look(traffic.snapshot());
  }
}

/// Passes of the detector on the freeway: when, and how fast.
struct Passes {
  std::vector<double> times, speeds;  // s, m/s
};

/// Until `count` vehicles have passed.
Passes RunFreeway(int lanes, const std::string& vehicles, size_t count, const Weather& weather,
                  uint64_t seed) {
  Network network = TwoRoads(lanes, kNarrow, {kJam, kJam + 10, kJam + 10 + kAfter}, kFreewaySpeed);
  const std::vector<int32_t>&in = network.edges[0].lanes, &out = network.edges[1].lanes;
  BuildJunction(network, 1, {{in[0], out[0], 's'}, {in[1], out[1], 's'}}, -1);
  network.Measure();
  const Demand demand = DemandOf(network, vehicles, weather, seed);
  std::vector<char> passed(demand.departures.size(), 0);
  Passes passes;
  Run(network, demand, 0.5, kMostTime, seed, [&](const Snapshot& now) {
    for (size_t i = 0; i < now.vehicle.size(); ++i) {
      char& done = passed[Index(now.vehicle[i])];
      if (!done && now.lane[i] >= 0 && network.lanes[Index(now.lane[i])].edge == 1 &&
          now.position[i] >= kDetector) {
        done = 1;
        passes.times.push_back(now.time - (now.position[i] - kDetector) / now.speed[i]);
        passes.speeds.push_back(now.speed[i]);
      }
    }
    return passes.times.size() < count;
  });
  return passes;
}

/// Vehicles/h and lane between the tenth and the eight tenth part of those who stood in the jam.
double Discharge(int lanes, const Weather& weather, uint64_t seed) {
  const std::string jam = Jam(lanes);
  const size_t all = static_cast<size_t>((kJam / kSpacing - 3) * lanes), first = all / 10,
               last = all * 8 / 10;
  Passes passes = RunFreeway(lanes, jam, last + 1, weather, seed);
  std::sort(passes.times.begin(), passes.times.end());
  return 3600 * static_cast<double>(last - first) / (passes.times[last] - passes.times[first]) /
         kNarrow;
}

}  // namespace

FreewayMeasures MeasureFreeway(const Weather& weather, uint64_t seed) {
  const Passes alone = RunFreeway(kNarrow, Flow(900, 400), 60, weather, seed);
  FreewayMeasures measures;
  measures.free_speed = std::accumulate(alone.speeds.begin(), alone.speeds.end(), 0.0) /
                        static_cast<double>(alone.speeds.size());
  measures.capacity = Discharge(kNarrow, weather, seed);
  measures.narrowed = Discharge(kNarrow + 1, weather, seed);
  return measures;
}

SignalMeasures MeasureSignal(const Weather& weather, uint64_t seed) {
  constexpr double kGreen = 60, kRed = 30, kSpeed = 13.41, kEnd = 1350;
  constexpr int kFirst = 4, kLast = 10;  // whose headways are saturated
  Network network = TwoRoads(1, 1, {300, 310, 500}, kSpeed);
  network.signal_of.emplace("b", 0);
  network.signals.push_back({"b", "0", "static", 0, {{kGreen, "G"}, {kRed, "r"}}});
  network.junctions[1].type = "traffic_light";
  BuildJunction(network, 1, {{network.edges[0].lanes[0], network.edges[1].lanes[0], 's'}}, 0);
  network.Measure();
  const Demand demand = DemandOf(network, Flow(kEnd, 1500), weather, seed);
  std::vector<char> crossed(demand.departures.size(), 0);
  std::vector<std::vector<double>> times(static_cast<size_t>(kEnd / (kGreen + kRed)) + 1);
  Run(network, demand, 0.1, kEnd, seed, [&](const Snapshot& now) {
    for (size_t i = 0; i < now.vehicle.size(); ++i) {
      char& done = crossed[Index(now.vehicle[i])];
      if (!done && now.lane[i] >= 0 && network.lanes[Index(now.lane[i])].edge != 0) {
        done = 1;
        const double beyond =
            network.lanes[Index(now.lane[i])].edge == 1 ? 10 + now.position[i] : now.position[i];
        const double time = now.time - beyond / std::max(now.speed[i], 0.1);
        const auto cycle = static_cast<size_t>(std::max(time, 0.0) / (kGreen + kRed));
        times[cycle].push_back(time - static_cast<double>(cycle) * (kGreen + kRed));
      }
    }
    return true;
  });
  double headways = 0, starts = 0, cycles = 0;
  for (size_t cycle = 3; cycle < times.size(); ++cycle) {  // a queue stands by then
    if (std::ssize(times[cycle]) >= kLast) {
      headways += (times[cycle][kLast - 1] - times[cycle][kFirst - 1]) / (kLast - kFirst);
      starts += times[cycle][kFirst - 1];
      ++cycles;
    }
  }
  SignalMeasures measures;
  const double headway = headways / cycles;
  measures.saturation_flow = 3600 / headway;
  measures.start_up_loss = starts / cycles - kFirst * headway;
  return measures;
}

double MeasureCorridorSpeed(const Weather& weather, uint64_t seed) {
  constexpr double kWarmUp = 300, kEnd = 900;
  const Network network = CorridorNetwork();
  Demand demand = ParseDemand({{CorridorRoutesXml({0.6, kEnd, 0.25}), "corridor"}}, network, seed);
  ApplyWeather(weather, 1, seed, &demand);
  double speed = 0, vehicles = 0;
  Run(network, demand, 0.25, kEnd, seed, [&](const Snapshot& now) {
    if (now.time >= kWarmUp) {
      for (const double v : now.speed) {
        speed += v;
      }
      vehicles += static_cast<double>(now.size());
    }
    return true;
  });
  return speed / vehicles;
}

double HeadwayForFlow(double flow, double speed, double min_gap, double length) {
  return 1 / flow - (min_gap + length) / speed;
}

}  // namespace tersor::twin
