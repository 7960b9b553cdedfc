// A road network as SUMO's .net.xml describes it: edges of lanes, internal lanes across junctions,
// connections between lanes, who yields to whom, and signals. Plain data; everything refers to
// everything else by index, -1 meaning none.
#ifndef TERSOR_TWIN_NETWORK_H_
#define TERSOR_TWIN_NETWORK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tersor/twin/geometry.h"

namespace tersor::twin {

/// Vehicle classes as bits (twin/vehicle_class.h names them).
using VehicleClasses = uint64_t;
inline constexpr VehicleClasses kAllClasses = ~VehicleClasses{0};

struct Lane {
  std::string id;
  int32_t edge = -1;
  int32_t index = 0;    // in its edge, 0 the rightmost
  double length = 0;    // m, as driven; may differ from the shape's
  double speed = 0;     // m/s allowed
  double width = 3.2;   // m
  double friction = 1;  // 1: dry
  double grade = 0;     // rise over run, from its begin to its end
  Polyline shape;
  VehicleClasses allowed = kAllClasses;
  /// Outgoing. An internal lane has one at most, which goes on across the junction or leaves it.
  std::vector<int32_t> connections;
};

struct Edge {
  std::string id;
  int32_t from = -1, to = -1;  // junctions; of an internal edge the same one
  bool internal = false;
  int32_t priority = 0;
  std::vector<int32_t> lanes;  // from right to left
};

/// How a vehicle gets from one lane to another. Connections of internal lanes are among them: where
/// `via` is an internal lane, that lane's own connection leads on.
struct Connection {
  int32_t from = -1, to = -1;  // lanes; `to` is never internal
  int32_t via = -1;            // the internal lane that comes next, or none
  int32_t signal = -1;         // with the index of its letter in the phases' states
  int32_t link = -1;
  int32_t junction = -1;
  int32_t request = -1;  // index into the junction's requests; of the way into the junction only
  char direction = 's';  // s straight, l left, r right, t turn around, L and R partly
  char state = 'M';      // M major, m minor, = equal, s stop, ...
};

/// Right of way of one way across a junction, by the index of the requests.
struct Request {
  std::vector<bool> response;  // those that it yields to
  std::vector<bool> foes;      // those that it crosses or merges with
  bool wait_inside = false;    // "cont": it may wait on the junction, on its second internal lane
};

struct Junction {
  std::string id, type;
  Point position;
  Polyline shape;
  std::vector<int32_t> incoming;  // lanes
  std::vector<int32_t> internal;  // internal lanes, as listed
  std::vector<Request> requests;
  std::vector<int32_t> ways;  // request -> connection; -1: a crossing on foot
};

struct SignalPhase {
  double duration = 0;  // s
  std::string state;    // a letter a link: G g y r u o O s
};

/// A signal's plan. Actuated ones run their fixed durations.
struct Signal {
  std::string id, program, type;
  double offset = 0;  // s
  std::vector<SignalPhase> phases;

  double cycle() const;                // s
  int32_t PhaseAt(double time) const;  // index
};

struct Network {
  Point net_offset;  // what was added to the projected coordinates
  Point low, high;   // of all shapes
  std::string projection;
  std::vector<Edge> edges;
  std::vector<Lane> lanes;
  std::vector<Connection> connections;
  std::vector<Junction> junctions;
  std::vector<Signal> signals;
  std::unordered_map<std::string, int32_t> edge_of, lane_of, junction_of, signal_of;  // by id

  const Edge& EdgeOfLane(int32_t lane) const {
    return edges[static_cast<size_t>(lanes[static_cast<size_t>(lane)].edge)];
  }
  /// -1 where there is none.
  int32_t FindEdge(const std::string& id) const;
  int32_t FindLane(const std::string& id) const;

  /// Sets `low` and `high`.
  void Measure();
};

/// Reads .net.xml, or .net.xml.gz. Throws Error naming file, line and column, and the element or
/// attribute: broken XML, a reference to what does not exist, a length that is not positive, a
/// number that is none, a signal without states. Unknown attributes are kept out, with one warning
/// each.
Network ReadNetwork(const std::string& path);

/// The same of a text; `name` stands for it in messages.
Network ParseNetwork(std::string_view xml, const std::string& name);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_NETWORK_H_
