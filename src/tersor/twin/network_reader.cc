// Elements of .net.xml into the arrays of twin/network.h.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "tersor/twin/network.h"
#include "tersor/twin/signal_reader.h"
#include "tersor/twin/vehicle_class.h"
#include "tersor/twin/xml_reader.h"
#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

// Well beyond any projection's coordinates, and lengths of lines between such points stay exact
// enough.
constexpr double kFarthest = 1e9;  // m

// Ways across a junction have two internal lanes, or three where they wait twice.
constexpr int kMostInternalLanes = 8;

int32_t Size(const auto& list) { return static_cast<int32_t>(list.size()); }

/// The height of the last point less that of the first one; 0 where there are none.
double Rise(const XmlElement& element) {
  double first = 0, last = 0;
  bool begun = false;
  for (const std::string_view word : element.Words("shape")) {
    const std::vector<std::string_view> parts = SplitWords(word, ',');
    const auto z = parts.size() < 3 ? std::nullopt : ParseNumber(parts[2]);
    if (!z) {
      return 0;
    }
    first = begun ? first : *z;
    last = *z;
    begun = true;
  }
  return last - first;
}

/// "x,y x,y", or "x,y,z x,y,z"; heights are left out.
Polyline ReadShape(const XmlElement& element, const char* attribute) {
  Polyline shape;
  for (const std::string_view word : element.Words(attribute)) {
    const std::vector<std::string_view> parts = SplitWords(word, ',');
    const auto x = parts.empty() ? std::nullopt : ParseNumber(parts.front());
    const auto y = parts.size() < 2 ? std::nullopt : ParseNumber(parts[1]);
    if (!x || !y || parts.size() > 3) {
      element.FailAt(attribute, ": ", Quoted(word), " is no point; write x,y");
    }
    if (std::abs(*x) > kFarthest || std::abs(*y) > kFarthest) {
      element.FailAt(attribute, ": ", Quoted(word), " is farther away than ", kFarthest, " m");
    }
    shape.push_back({*x, *y});
  }
  return shape;
}

/// Of SUMO's edges, those that people on foot use across junctions.
bool OnFoot(const XmlElement& edge) {
  const std::string_view function = edge.Text("function", "normal");
  return function == "crossing" || function == "walkingarea";
}

class NetworkReader {
 public:
  explicit NetworkReader(const XmlDocument& document) : root_(document.Root("net")) {}

  Network Read() {
    const std::vector<XmlElement> children = root_.Children();
    // Each pass refers only to what the earlier ones have named.
    for (const XmlElement& element : children) {
      const std::string_view name = element.name();
      if (name == "location") {
        ReadLocation(element);
      } else if (name == "edge") {
        ReadEdge(element);
      } else if (name == "tlLogic") {
        AddSignal(element);
      }
    }
    for (const XmlElement& element : children) {
      if (element.name() == "junction" && element.Text("type", "") != "internal") {
        ReadJunction(element);
      }
    }
    for (const XmlElement& element : children) {
      if (element.name() == "edge") {
        JoinEdge(element);
      }
    }
    for (const XmlElement& element : children) {
      if (element.name() == "connection") {
        ReadConnection(element);
      }
    }
    for (const XmlElement& element : children) {
      if (element.name() == "junction" && element.Text("type", "") != "internal") {
        NumberWays(element);
      }
    }
    for (size_t i = 0; i < ways_.size(); ++i) {
      CheckWay(i);
    }
    if (network_.lanes.empty()) {
      root_.Fail(": a network without edges");
    }
    network_.Measure();
    return std::move(network_);
  }

 private:
  void ReadLocation(const XmlElement& element) {
    warnings_.UnknownAttributes(element,
                                {"netOffset", "convBoundary", "origBoundary", "projParameter"});
    const Polyline offset = ReadShape(element, "netOffset");
    if (offset.size() != 1) {
      element.FailAt("netOffset", ": expected one point x,y");
    }
    network_.net_offset = offset.front();
    network_.projection = element.Text("projParameter", "!");
  }

  void ReadEdge(const XmlElement& element) {
    warnings_.UnknownAttributes(
        element, {"id", "from", "to", "function", "priority", "type", "name", "shape", "length",
                  "spreadType", "bidi", "distance", "crossingEdges"});
    Edge edge;
    edge.id = element.Text("id");
    edge.internal = OnFoot(element) || element.Text("function", "normal") == "internal";
    edge.priority = element.Integer("priority", 0);
    if (!network_.edge_of.emplace(edge.id, Size(network_.edges)).second) {
      element.Fail(": a second edge of this id");
    }
    for (const XmlElement& lane : element.Children("lane")) {
      ReadLane(lane, edge);
    }
    if (edge.lanes.empty()) {
      element.Fail(": an edge without lanes");
    }
    network_.edges.push_back(std::move(edge));
  }

  void ReadLane(const XmlElement& element, Edge& edge) {
    warnings_.UnknownAttributes(
        element, {"id", "index", "speed", "length", "width", "friction", "shape", "allow",
                  "disallow", "endOffset", "acceleration", "customShape", "type", "changeLeft",
                  "changeRight", "prefer"});
    Lane lane;
    lane.id = element.Text("id");
    lane.edge = Size(network_.edges);
    lane.index = element.Index("index");
    if (lane.index != Size(edge.lanes)) {
      element.FailAt("index", ": ", lane.index, " where ", edge.lanes.size(), " comes next");
    }
    lane.length = element.Positive("length");
    lane.speed = element.Positive("speed");
    lane.width = element.Positive("width", lane.width);
    lane.friction = element.Positive("friction", lane.friction);
    lane.shape = ReadShape(element, "shape");
    // Steeper than this no road is: such heights are mistaken.
    constexpr double kSteepest = 0.3;
    const double grade = lane.length > 0 ? Rise(element) / lane.length : 0;
    lane.grade = std::abs(grade) <= kSteepest ? grade : 0;
    if (lane.shape.size() < 2) {
      element.FailAt("shape", ": a lane has at least two points");
    }
    try {
      lane.allowed = ParseClasses(element.Text("allow", ""), element.Text("disallow", ""));
    } catch (const Error& error) {
      element.Fail(": ", error.what());
    }
    if (!network_.lane_of.emplace(lane.id, Size(network_.lanes)).second) {
      element.Fail(": a second lane of this id");
    }
    edge.lanes.push_back(Size(network_.lanes));
    network_.lanes.push_back(std::move(lane));
  }

  void AddSignal(const XmlElement& element) {
    Signal signal = ReadSignal(element, warnings_);
    const auto [place, added] = network_.signal_of.emplace(signal.id, Size(network_.signals));
    if (added) {
      network_.signals.push_back(std::move(signal));
    } else {
      network_.signals[Index(place->second)] = std::move(signal);  // the last program runs
    }
  }

  void ReadJunction(const XmlElement& element) {
    warnings_.UnknownAttributes(
        element, {"id", "type", "x", "y", "z", "incLanes", "intLanes", "shape", "name", "radius",
                  "customShape", "rightOfWay", "fringe"});
    Junction junction;
    junction.id = element.Text("id");
    junction.type = element.Text("type", "");
    junction.position = {element.Number("x"), element.Number("y")};
    junction.shape = ReadShape(element, "shape");
    junction.incoming = LanesOf(element, "incLanes");
    junction.internal = LanesOf(element, "intLanes");
    const std::vector<XmlElement> requests = element.Children("request");
    for (const XmlElement& request : requests) {
      junction.requests.push_back(ReadRequest(request, Size(junction.requests), requests.size()));
    }
    junction.ways.assign(requests.size(), -1);
    if (!network_.junction_of.emplace(junction.id, Size(network_.junctions)).second) {
      element.Fail(": a second junction of this id");
    }
    network_.junctions.push_back(std::move(junction));
  }

  Request ReadRequest(const XmlElement& element, int32_t index, size_t count) {
    warnings_.UnknownAttributes(element, {"index", "response", "foes", "cont"});
    if (element.Index("index") != index) {
      element.FailAt("index", ": ", element.Index("index"), " where ", index, " comes next");
    }
    return {ReadBits(element, "response", count), ReadBits(element, "foes", count),
            element.Flag("cont", false)};
  }

  /// One letter a request, that of the request 0 last.
  static std::vector<bool> ReadBits(const XmlElement& element, const char* attribute,
                                    size_t count) {
    const std::string_view text = element.Text(attribute);
    if (text.size() != count || text.find_first_not_of("01") != std::string_view::npos) {
      element.FailAt(attribute, ": ", Quoted(text), " is not ", count, " letters 0 or 1, one a ",
                     "request of the junction");
    }
    std::vector<bool> bits(count);
    for (size_t i = 0; i < count; ++i) {
      bits[i] = text[count - 1 - i] == '1';
    }
    return bits;
  }

  /// Between which junctions an edge lies; an internal one lies on the junction that its id names.
  void JoinEdge(const XmlElement& element) {
    Edge& edge = network_.edges[Index(network_.FindEdge(std::string(element.Text("id"))))];
    if (edge.internal) {
      const size_t end = edge.id.rfind('_');
      const std::string junction =
          edge.id.starts_with(':') && end != std::string::npos ? edge.id.substr(1, end - 1) : "";
      edge.from = edge.to = Find(network_.junction_of, junction, element, "id", "junction");
    } else {
      edge.from = Find(network_.junction_of, element.Text("from"), element, "from", "junction");
      edge.to = Find(network_.junction_of, element.Text("to"), element, "to", "junction");
    }
    if (OnFoot(element)) {
      on_foot_.push_back(network_.FindEdge(edge.id));
    }
  }

  void ReadConnection(const XmlElement& element) {
    warnings_.UnknownAttributes(
        element, {"from",      "to",           "fromLane",   "toLane",      "via",      "tl",
                  "linkIndex", "linkIndex2",   "dir",        "state",       "pass",     "keepClear",
                  "contPos",   "visibility",   "allow",      "disallow",    "speed",    "length",
                  "shape",     "uncontrolled", "changeLeft", "changeRight", "indirect", "type"});
    const int32_t from_edge = Find(network_.edge_of, element.Text("from"), element, "from", "edge");
    const int32_t to_edge = Find(network_.edge_of, element.Text("to"), element, "to", "edge");
    if (IsOnFoot(from_edge) || IsOnFoot(to_edge)) {
      return;
    }
    Connection connection;
    connection.from = LaneOf(element, from_edge, "fromLane");
    connection.to = LaneOf(element, to_edge, "toLane");
    if (network_.edges[Index(to_edge)].internal) {
      element.FailAt("to", ": ", Quoted(element.Text("to")), " is internal; via names such lanes");
    }
    connection.junction = network_.edges[Index(from_edge)].to;
    if (network_.edges[Index(to_edge)].from != connection.junction) {
      element.FailAt("to", ": edge ", Quoted(element.Text("to")),
                     " does not begin at the junction ", "at which ", Quoted(element.Text("from")),
                     " ends");
    }
    if (element.Has("via")) {
      connection.via = Find(network_.lane_of, element.Text("via"), element, "via", "lane");
      const Edge& via = network_.EdgeOfLane(connection.via);
      if (!via.internal || via.from != connection.junction) {
        element.FailAt("via", ": ", Quoted(element.Text("via")),
                       " is no internal lane of junction ",
                       Quoted(network_.junctions[Index(connection.junction)].id));
      }
    }
    connection.direction = Letter(element, "dir", 's');
    connection.state = Letter(element, "state", 'M');
    if (element.Has("tl")) {
      ReadLink(element, connection);
    }
    Lane& lane = network_.lanes[Index(connection.from)];
    if (network_.edges[Index(from_edge)].internal && !lane.connections.empty()) {
      element.Fail(": a second connection of the internal lane ", Quoted(lane.id));
    }
    lane.connections.push_back(Size(network_.connections));
    network_.connections.push_back(connection);
    ways_.push_back(element);
  }

  void ReadLink(const XmlElement& element, Connection& connection) {
    const std::string& type = network_.junctions[Index(connection.junction)].type;
    if (type.starts_with("rail_") &&
        !network_.signal_of.contains(std::string(element.Text("tl")))) {
      warnings_.Once(element, "signals of railways are not simulated; right of way alone counts");
      return;
    }
    connection.signal = Find(network_.signal_of, element.Text("tl"), element, "tl", "signal");
    connection.link = element.Index("linkIndex");
    const Signal& signal = network_.signals[Index(connection.signal)];
    const size_t letters = signal.phases.front().state.size();
    if (Index(connection.link) >= letters) {
      element.FailAt("linkIndex", ": ", connection.link, " but the states of signal ",
                     Quoted(signal.id), " have ", letters, " letters");
    }
  }

  /// A way's internal lanes lead on to its end.
  void CheckWay(size_t index) const {
    const Connection& way = network_.connections[index];
    int32_t via = way.via;
    for (int lanes = 0; via >= 0; ++lanes) {
      const Lane& lane = network_.lanes[Index(via)];
      if (lane.connections.empty()) {
        ways_[index].FailAt("via", ": no connection leads on from ", Quoted(lane.id));
      }
      const Connection& next = network_.connections[Index(lane.connections.front())];
      if (next.to != way.to || lanes == kMostInternalLanes) {
        ways_[index].FailAt("via", ": the internal lanes from ", Quoted(lane.id),
                            " on do not lead to ", Quoted(network_.lanes[Index(way.to)].id));
      }
      via = next.via;
    }
  }

  /// SUMO numbers a junction's ways by its incoming lanes and, of each, by its connections as
  /// listed. Crossings on foot come last and are none of ours.
  void NumberWays(const XmlElement& element) {
    const int32_t index = network_.junction_of.at(std::string(element.Text("id")));
    Junction& junction = network_.junctions[Index(index)];
    if (junction.requests.empty()) {
      return;
    }
    size_t count = 0;
    for (const int32_t lane : junction.incoming) {
      if (network_.EdgeOfLane(lane).to != index) {
        element.FailAt("incLanes", ": ", Quoted(network_.lanes[Index(lane)].id),
                       " does not end there");
      }
      for (const int32_t way : network_.lanes[Index(lane)].connections) {
        if (network_.connections[Index(way)].request >= 0) {
          element.FailAt("incLanes", ": ", Quoted(network_.lanes[Index(lane)].id), " twice");
        }
        if (count < junction.ways.size()) {
          junction.ways[count] = way;
          network_.connections[Index(way)].request = static_cast<int32_t>(count);
        }
        ++count;
      }
    }
    if (count > junction.ways.size()) {
      element.Fail(": ", count, " connections cross it but it has ", junction.ways.size(),
                   " requests");
    }
  }

  static size_t Index(int32_t index) { return static_cast<size_t>(index); }

  static int32_t Find(const std::unordered_map<std::string, int32_t>& ids, std::string_view id,
                      const XmlElement& element, const char* attribute, const char* kind) {
    const auto found = ids.find(std::string(id));
    if (found == ids.end()) {
      element.FailAt(attribute, ": there is no ", kind, ' ', Quoted(id));
    }
    return found->second;
  }

  std::vector<int32_t> LanesOf(const XmlElement& element, const char* attribute) const {
    std::vector<int32_t> lanes;
    for (const std::string_view id : element.Words(attribute)) {
      lanes.push_back(Find(network_.lane_of, id, element, attribute, "lane"));
    }
    return lanes;
  }

  int32_t LaneOf(const XmlElement& element, int32_t edge, const char* attribute) const {
    const std::vector<int32_t>& lanes = network_.edges[Index(edge)].lanes;
    const int32_t index = element.Index(attribute);
    if (Index(index) >= lanes.size()) {
      element.FailAt(attribute, ": ", index, " but edge ", Quoted(network_.edges[Index(edge)].id),
                     " has ", lanes.size(), lanes.size() == 1 ? " lane" : " lanes");
    }
    return lanes[Index(index)];
  }

  static char Letter(const XmlElement& element, const char* attribute, char fallback) {
    const std::string_view text = element.Text(attribute, std::string_view(&fallback, 1));
    if (text.size() != 1) {
      element.FailAt(attribute, ": ", Quoted(text), " is not one letter");
    }
    return text.front();
  }

  bool IsOnFoot(int32_t edge) const {
    return std::binary_search(on_foot_.begin(), on_foot_.end(), edge);
  }

  XmlElement root_;
  Network network_;
  InputWarnings warnings_;
  std::vector<int32_t> on_foot_;  // edges, ascending
  std::vector<XmlElement> ways_;  // where each connection stands
};

}  // namespace

Network ReadNetwork(const std::string& path) {
  return NetworkReader(XmlDocument::Read(path)).Read();
}

Network ParseNetwork(std::string_view xml, const std::string& name) {
  return NetworkReader(XmlDocument(std::string(xml), name)).Read();
}

}  // namespace tersor::twin
