// Vehicles put onto a network by hand, so that a test can ask one part of the traffic engine alone.
#ifndef TERSOR_TESTS_TWIN_TRAFFIC_SCENE_H_
#define TERSOR_TESTS_TWIN_TRAFFIC_SCENE_H_

#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tersor/twin/signals.h"
#include "tersor/twin/traffic_state.h"

namespace tersor::twin::testing {

/// A passenger car that does not dawdle.
inline VehicleType Steady() {
  VehicleType type;
  type.sigma = 0;
  type.speed_deviation = 0;
  return type;
}

class Scene {
 public:
  explicit Scene(Network road, double step_length = 0.1)
      : network(std::move(road)), graph(network), state(graph, step_length), signals(network) {
    signals.Set(0);
  }

  int32_t Lane(const std::string& id) const { return network.FindLane(id); }

  /// A vehicle on a lane at the edge of its route with index `place`.
  int32_t Add(const std::string& lane, double position, double speed,
              const std::vector<std::string>& edges, int32_t place = 0,
              const VehicleType& type = Steady()) {
    followers_.emplace_back(type, state.step_length());
    Route route;
    for (const std::string& edge : edges) {
      route.edges.push_back(network.FindEdge(edge));
    }
    routes_.emplace_back(graph, route, kAllClasses);
    const int32_t slot = state.AddSlot();
    const auto s = static_cast<size_t>(slot);
    VehicleFields& fields = state.fields;
    fields.vehicle[s] = slot;
    fields.type[s] = 0;
    fields.follower[s] = &followers_.back();
    fields.route[s] = &routes_.back();
    fields.length[s] = type.length;
    fields.speed_factor[s] = type.speed_factor;
    fields.arrival_position[s] = std::numeric_limits<double>::infinity();
    fields.place[s] = place;
    fields.position[s] = position;
    fields.speed[s] = speed;
    fields.departed[s] = 0;
    state.Place(slot, Lane(lane));
    state.Start(slot);
    return slot;
  }

  const Network network;
  const RoadGraph graph;
  TrafficState state;
  LinkSignals signals;

 private:
  std::deque<CarFollower> followers_;
  std::deque<RouteLanes> routes_;
};

/// Two lanes of `length` metres to the east, `e`, and on along `f`; lane 0 of `e` leads to f_0, and
/// lane 1 to f_1 unless it ends.
inline Network TwoLanes(double length, bool left_ends = false) {
  const std::string l = std::to_string(length);
  const std::string xml =
      R"(<net><edge id=":m_0" function="internal"><lane id=":m_0_0" index="0" speed="20" length="2")"
      R"( shape="0,0 2,0"/><lane id=":m_0_1" index="1" speed="20" length="2" shape="0,3.2 2,3.2"/>)"
      R"(</edge><edge id="e" from="a" to="m"><lane id="e_0" index="0" speed="20" length=")" +
      l + R"(" shape="-)" + l + R"(,0 0,0"/><lane id="e_1" index="1" speed="20" length=")" + l +
      R"(" shape="-)" + l + R"(,3.2 0,3.2"/></edge><edge id="f" from="m" to="b">)" +
      R"(<lane id="f_0" index="0" speed="20" length="5000" shape="2,0 5002,0"/>)" +
      R"(<lane id="f_1" index="1" speed="20" length="5000" shape="2,3.2 5002,3.2"/></edge>)" +
      R"(<junction id="a" type="dead_end" x="-9" y="0" incLanes="" intLanes="" shape=""/>)" +
      R"(<junction id="m" type="priority" x="0" y="0" incLanes="e_0 e_1" intLanes=":m_0_0 :m_0_1")" +
      R"( shape="0,0 2,0"><request index="0" response="00" foes="00" cont="0"/>)" +
      R"(<request index="1" response="00" foes="00" cont="0"/></junction>)" +
      R"(<junction id="b" type="dead_end" x="5002" y="0" incLanes="f_0 f_1" intLanes="" shape=""/>)" +
      R"(<connection from="e" to="f" fromLane="0" toLane="0" via=":m_0_0" dir="s" state="M"/>)" +
      (left_ends
           ? ""
           : R"(<connection from="e" to="f" fromLane="1" toLane="1" via=":m_0_1" dir="s" state="M"/>)") +
      R"(<connection from=":m_0" to="f" fromLane="0" toLane="0" dir="s" state="M"/>)" +
      R"(<connection from=":m_0" to="f" fromLane="1" toLane="1" dir="s" state="M"/></net>)";
  return ParseNetwork(xml, "two lanes");
}

}  // namespace tersor::twin::testing

#endif  // TERSOR_TESTS_TWIN_TRAFFIC_SCENE_H_
