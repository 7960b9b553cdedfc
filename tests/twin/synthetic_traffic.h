// A small network and runs on it, made by hand.
#ifndef TERSOR_TESTS_TWIN_SYNTHETIC_TRAFFIC_H_
#define TERSOR_TESTS_TWIN_SYNTHETIC_TRAFFIC_H_

#include <cmath>
#include <string>
#include <vector>

#include "tersor/twin/network.h"
#include "tersor/twin/recording.h"

namespace tersor::twin {

inline constexpr double kRoadLength = 1000, kCrossing = 20;  // m

/// `roads` parallel roads to the east, 40 m apart: edge a<i> of 1000 m with two lanes, an internal
/// lane of 20 m for each across the junction c<i>, edge b<i> of 1000 m. One signal stops all a<i>.
inline Network ParallelRoads(int32_t roads) {
  Network network;
  const auto add_lane = [&](int32_t edge, int32_t index, double x, double length, double y) {
    Lane lane;
    lane.id = network.edges[static_cast<size_t>(edge)].id + "_" + std::to_string(index);
    lane.edge = edge;
    lane.index = index;
    lane.length = length;
    lane.speed = 15;
    lane.shape = {{x, y + 3.2 * index}, {x + length, y + 3.2 * index}};
    const int32_t id = static_cast<int32_t>(network.lanes.size());
    network.lane_of[lane.id] = id;
    network.edges[static_cast<size_t>(edge)].lanes.push_back(id);
    network.lanes.push_back(lane);
    return id;
  };
  const auto add_edge = [&](const std::string& id, bool internal) {
    Edge edge;
    edge.id = id;
    edge.internal = internal;
    network.edge_of[id] = static_cast<int32_t>(network.edges.size());
    network.edges.push_back(edge);
    return network.edge_of[id];
  };
  network.signals.push_back({"light", "0", "static", 0, {{10, "GG"}, {5, "rr"}}});
  for (int32_t road = 0; road < roads; ++road) {
    const double y = 40.0 * road;
    const std::string name = std::to_string(road);
    const int32_t a = add_edge("a" + name, false), over = add_edge(":c" + name, true);
    const int32_t b = add_edge("b" + name, false);
    Junction junction;
    junction.id = "c" + name;
    junction.position = {kRoadLength + kCrossing / 2, y};
    junction.shape = {{kRoadLength, y - 2},
                      {kRoadLength + kCrossing, y - 2},
                      {kRoadLength + kCrossing, y + 5},
                      {kRoadLength, y + 5}};
    network.junctions.push_back(junction);
    for (int32_t index = 0; index < 2; ++index) {
      const int32_t from = add_lane(a, index, 0, kRoadLength, y);
      const int32_t via = add_lane(over, index, kRoadLength, kCrossing, y);
      const int32_t to = add_lane(b, index, kRoadLength + kCrossing, kRoadLength, y);
      for (const int32_t start : {from, via}) {
        Connection way;
        way.from = start;
        way.to = to;
        way.via = start == from ? via : -1;
        way.signal = start == from ? 0 : -1;
        way.link = start == from ? index : -1;
        network.lanes[static_cast<size_t>(start)].connections = {
            static_cast<int32_t>(network.connections.size())};
        network.connections.push_back(way);
      }
    }
  }
  network.low = {0, -3};
  network.high = {2 * kRoadLength + kCrossing, 40.0 * roads};
  return network;
}

/// Everyone `metres` along lane `index` of road `road`.
class Placer {
 public:
  explicit Placer(const Network& network) : network_(network) {}

  void Add(int32_t vehicle, int32_t road, int32_t index, double metres, double speed) {
    const bool first = metres < kRoadLength, last = metres >= kRoadLength + kCrossing;
    const std::string edge = first ? "a" : last ? "b" : ":c";
    snapshot.vehicle.push_back(vehicle);
    snapshot.x.push_back(metres);
    snapshot.y.push_back(40.0 * road + 3.2 * index);
    snapshot.angle.push_back(90);
    snapshot.speed.push_back(speed);
    snapshot.accel.push_back(0);
    snapshot.lane.push_back(
        network_.FindLane(edge + std::to_string(road) + "_" + std::to_string(index)));
    snapshot.position.push_back(first ? metres : metres - kRoadLength - (last ? kCrossing : 0));
    snapshot.route_index.push_back(0);
  }

  Snapshot snapshot;

 private:
  const Network& network_;
};

inline std::vector<Vehicle> NamedVehicles(int32_t count) {
  std::vector<Vehicle> out;
  for (int32_t i = 0; i < count; ++i) {
    out.push_back({"car" + std::to_string(i), i % 5 == 0 ? "van" : "car", 5, 1.8, {}});
  }
  return out;
}

/// `count` vehicles spread over the roads from the first frame on, each at a speed of its own
/// between 5 and 15 m/s, for `seconds` with a frame a second; who reaches the end is gone.
inline Recording CrowdedRun(const Network& network, int32_t roads, int32_t count, int32_t seconds) {
  const std::vector<Vehicle> vehicles = NamedVehicles(count);
  Recorder recorder(1, 1);
  for (int32_t t = 0; t <= seconds; ++t) {
    Placer placer(network);
    placer.snapshot.time = t;
    for (int32_t v = 0; v < count; ++v) {
      const double speed = 5 + v % 11, metres = 7.0 * (v * 37 % 200) + speed * t;
      if (metres < 2 * kRoadLength + kCrossing) {
        placer.Add(v, v % roads, v / roads % 2, metres, speed);
      }
    }
    const Signal& light = network.signals[0];
    const std::vector<std::string_view> states = {
        light.phases[static_cast<size_t>(light.PhaseAt(t))].state};
    recorder.Add(placer.snapshot, vehicles, states);
  }
  return recorder.recording();
}

}  // namespace tersor::twin

#endif  // TERSOR_TESTS_TWIN_SYNTHETIC_TRAFFIC_H_
