#include "tersor/twin/junction_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// Vehicles on two lines this far apart pass each other.
constexpr double kPassingDistance = 2.6;  // m

// SUMO's limit of the lateral acceleration in turns.
constexpr double kTurnAcceleration = 5.5;  // m/s^2

constexpr int kCurveSegments = 16;

size_t Index(int32_t index) { return static_cast<size_t>(index); }

double Rounded(double metres) { return std::round(metres * 100) / 100; }

Point Along(const Point& point, double heading, double metres) {
  return {point.x + metres * std::cos(heading), point.y + metres * std::sin(heading)};
}

/// How far the heading turns, in (-pi, pi].
double Turn(double from, double to) { return std::remainder(to - from, 2 * std::numbers::pi); }

/// From one lane's end to another's beginning: a straight line or a smooth curve.
Polyline Path(const Polyline& from, const Polyline& to) {
  const Pose begin = PoseAt(from, Length(from)), end = PoseAt(to, 0);
  const Point a = begin.point, d = end.point;
  const double span = Distance(a, d);
  const double direct = std::atan2(d.y - a.y, d.x - a.x);
  const double first = Turn(begin.heading, direct), second = Turn(direct, end.heading);
  if (std::abs(first) < 1e-6 && std::abs(second) < 1e-6) {
    return {a, d};
  }
  // The tangents of a turn meet; 0.55 of the way there gives nearly an ellipse. Those of a change
  // of lanes do not: half of the span.
  const double turn = std::sin(first + second);
  const bool meet = std::abs(turn) > 0.1;
  const double out = meet ? 0.55 * span * std::sin(second) / turn : span / 2;
  const double in = meet ? 0.55 * span * std::sin(first) / turn : span / 2;
  const Point b = Along(a, begin.heading, out), c = Along(d, end.heading, -in);
  Polyline path;
  for (int i = 0; i <= kCurveSegments; ++i) {
    const double t = static_cast<double>(i) / kCurveSegments, u = 1 - t;
    const double wa = u * u * u, wb = 3 * u * u * t, wc = 3 * u * t * t, wd = t * t * t;
    path.push_back({Rounded(wa * a.x + wb * b.x + wc * c.x + wd * d.x),
                    Rounded(wa * a.y + wb * b.y + wc * c.y + wd * d.y)});
  }
  return path;
}

double DistanceToLine(const Point& point, const Polyline& line) {
  double nearest = std::numeric_limits<double>::infinity();
  for (size_t i = 1; i < line.size(); ++i) {
    const Point &a = line[i - 1], &b = line[i];
    const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    const double share =
        square > 0 ? std::clamp(((point.x - a.x) * dx + (point.y - a.y) * dy) / square, 0.0, 1.0)
                   : 0;
    nearest = std::min(nearest, Distance(point, {a.x + share * dx, a.y + share * dy}));
  }
  return nearest;
}

/// Points half a metre apart at most, both ends among them.
Polyline Dense(const Polyline& line) {
  const double length = Length(line);
  const int count = static_cast<int>(std::ceil(length / 0.5));
  Polyline points;
  for (int i = 0; i <= count; ++i) {
    points.push_back(PoseAt(line, length * i / count).point);
  }
  return points;
}

bool Touch(const Polyline& a, const Polyline& b) {
  const Polyline points = Dense(a);
  return std::any_of(points.begin(), points.end(), [&](const Point& point) {
    return DistanceToLine(point, b) < kPassingDistance;
  });
}

class JunctionBuilder {
 public:
  JunctionBuilder(Network& network, int32_t junction, const std::vector<Way>& ways, int32_t signal)
      : network_(network), index_(junction), ways_(ways), signal_(signal) {}

  void Build() {
    for (const Way& way : ways_) {
      paths_.push_back(Path(LaneOf(way.from).shape, LaneOf(way.to).shape));
    }
    AddRequests();
    AddIncoming();
    const size_t first_connection = network_.connections.size();
    for (size_t i = 0; i < ways_.size(); ++i) {
      AddWay(i);
    }
    for (size_t i = 0; i < ways_.size(); ++i) {
      AddInternalLanes(i, first_connection + i);
    }
  }

 private:
  Junction& junction() { return network_.junctions[Index(index_)]; }
  const Lane& LaneOf(int32_t lane) const { return network_.lanes[Index(lane)]; }
  const Edge& EdgeOf(int32_t lane) const { return network_.EdgeOfLane(lane); }

  bool Foes(size_t a, size_t b) const {
    return LaneOf(ways_[a].from).edge != LaneOf(ways_[b].from).edge && Touch(paths_[a], paths_[b]);
  }

  /// The higher goes first.
  int Rank(size_t way) const {
    const char direction = ways_[way].direction;
    return 3 * EdgeOf(ways_[way].from).priority + (direction == 's' ? 2 : direction == 'r' ? 1 : 0);
  }

  bool Yields(size_t way, size_t to) const {
    return std::pair(Rank(way), way) < std::pair(Rank(to), to);
  }

  bool Oncoming(size_t way, size_t other) const {
    const double turn = Turn(PoseAt(paths_[way], 0).heading, PoseAt(paths_[other], 0).heading);
    return ways_[other].direction == 's' && std::abs(turn) > 0.75 * std::numbers::pi;
  }

  void AddRequests() {
    const size_t count = ways_.size();
    for (size_t i = 0; i < count; ++i) {
      Request request = {std::vector<bool>(count), std::vector<bool>(count), false};
      for (size_t k = 0; k < count; ++k) {
        request.foes[k] = Foes(i, k) || Foes(k, i);
        request.response[k] = request.foes[k] && Yields(i, k);
        request.wait_inside |= request.response[k] && ways_[i].direction == 'l' && Oncoming(i, k);
      }
      junction().requests.push_back(std::move(request));
    }
  }

  void AddIncoming() {
    for (const Way& way : ways_) {
      for (const int32_t lane : EdgeOf(way.from).lanes) {
        std::vector<int32_t>& incoming = junction().incoming;
        if (std::find(incoming.begin(), incoming.end(), lane) == incoming.end()) {
          incoming.push_back(lane);
        }
      }
    }
  }

  void AddWay(size_t way) {
    Connection connection;
    connection.from = ways_[way].from;
    connection.to = ways_[way].to;
    connection.junction = index_;
    connection.request = static_cast<int32_t>(way);
    connection.direction = ways_[way].direction;
    const std::vector<bool>& response = junction().requests[way].response;
    const bool minor = std::find(response.begin(), response.end(), true) != response.end();
    connection.state = minor ? 'm' : 'M';
    if (signal_ >= 0) {
      connection.signal = signal_;
      connection.link = connection.request;
      connection.state = minor ? 'o' : 'O';  // as SUMO calls them where a signal is off
    }
    junction().ways.push_back(static_cast<int32_t>(network_.connections.size()));
    AddConnection(connection);
  }

  void AddConnection(const Connection& connection) {
    network_.lanes[Index(connection.from)].connections.push_back(
        static_cast<int32_t>(network_.connections.size()));
    network_.connections.push_back(connection);
  }

  void AddInternalLanes(size_t way, size_t connection) {
    const double wait = junction().requests[way].wait_inside ? WaitingPlace(way) : 0;
    if (wait <= 0) {
      junction().requests[way].wait_inside = false;
      const int32_t lane = AddInternalLane(way, EdgeFor(way), paths_[way]);
      network_.connections[connection].via = lane;
      junction().internal.push_back(lane);
      Leave(lane, connection, -1, 'M');
      return;
    }
    Polyline before, after;
    Split(paths_[way], wait, before, after);
    const int32_t first = AddInternalLane(way, AddInternalEdge(way), before);
    const int32_t second = AddInternalLane(way, AddInternalEdge(ways_.size() + waiting_++), after);
    network_.connections[connection].via = first;
    junction().internal.push_back(second);
    Leave(first, connection, second, 'm');
    Leave(second, connection, -1, 'M');
  }

  /// Ways between the same edges share an internal edge, as in SUMO.
  int32_t EdgeFor(size_t way) {
    const bool same = way > 0 && !junction().requests[way - 1].wait_inside &&
                      LaneOf(ways_[way - 1].from).edge == LaneOf(ways_[way].from).edge &&
                      LaneOf(ways_[way - 1].to).edge == LaneOf(ways_[way].to).edge;
    if (!same) {
      edge_of_group_ = AddInternalEdge(way);
    }
    return edge_of_group_;
  }

  int32_t AddInternalEdge(size_t number) {
    Edge edge;
    edge.id = internal::Concat(':', junction().id, '_', number);
    edge.from = edge.to = index_;
    edge.internal = true;
    const int32_t index = static_cast<int32_t>(network_.edges.size());
    network_.edge_of.emplace(edge.id, index);
    network_.edges.push_back(std::move(edge));
    return index;
  }

  int32_t AddInternalLane(size_t way, int32_t edge, const Polyline& path) {
    Edge& owner = network_.edges[Index(edge)];
    const Lane &from = LaneOf(ways_[way].from), &to = LaneOf(ways_[way].to);
    Lane lane;
    lane.edge = edge;
    lane.index = static_cast<int32_t>(owner.lanes.size());
    lane.id = internal::Concat(owner.id, '_', lane.index);
    lane.length = Rounded(Length(path));
    lane.speed = std::min(std::min(from.speed, to.speed), Rounded(TurnSpeed(way)));
    lane.width = from.width;
    lane.allowed = from.allowed & to.allowed;
    lane.shape = path;
    const int32_t index = static_cast<int32_t>(network_.lanes.size());
    owner.lanes.push_back(index);
    network_.lane_of.emplace(lane.id, index);
    network_.lanes.push_back(std::move(lane));
    return index;
  }

  /// By the mean radius of the whole way.
  double TurnSpeed(size_t way) const {
    const Polyline& path = paths_[way];
    const double angle =
        std::abs(Turn(PoseAt(path, 0).heading, PoseAt(path, Length(path)).heading));
    return angle < 0.1 ? std::numeric_limits<double>::max()
                       : std::sqrt(kTurnAcceleration * Length(path) / angle);
  }

  /// How far one may go without getting into the way of oncoming traffic that goes first.
  double WaitingPlace(size_t way) const {
    const Polyline points = Dense(paths_[way]);
    const double step = Length(paths_[way]) / static_cast<double>(points.size() - 1);
    for (size_t i = 0; i < points.size(); ++i) {
      for (size_t k = 0; k < ways_.size(); ++k) {
        if (network_.junctions[Index(index_)].requests[way].response[k] && Oncoming(way, k) &&
            DistanceToLine(points[i], paths_[k]) < kPassingDistance) {
          return step * (static_cast<double>(i) - 1);
        }
      }
    }
    return 0;
  }

  static void Split(const Polyline& path, double offset, Polyline& before, Polyline& after) {
    const Point middle = PoseAt(path, offset).point;
    const Point split = {Rounded(middle.x), Rounded(middle.y)};
    double passed = 0;
    before.push_back(path.front());
    after.push_back(split);
    for (size_t i = 1; i < path.size(); ++i) {
      passed += Distance(path[i - 1], path[i]);
      (passed < offset ? before : after).push_back(path[i]);
    }
    before.push_back(split);
  }

  void Leave(int32_t lane, size_t way, int32_t via, char state) {
    Connection connection = network_.connections[way];
    connection.from = lane;
    connection.via = via;
    connection.signal = connection.link = connection.request = -1;
    connection.state = state;
    AddConnection(connection);
  }

  Network& network_;
  const int32_t index_;
  const std::vector<Way>& ways_;
  const int32_t signal_;
  std::vector<Polyline> paths_;
  int32_t edge_of_group_ = -1;
  size_t waiting_ = 0;
};

}  // namespace

void BuildJunction(Network& network, int32_t junction, const std::vector<Way>& ways,
                   int32_t signal) {
  JunctionBuilder(network, junction, ways, signal).Build();
}

}  // namespace tersor::twin
