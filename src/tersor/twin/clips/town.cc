#include "tersor/twin/clips/town.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "tersor/twin/junction_builder.h"
#include "tersor/twin/network_builder.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

constexpr double kLaneWidth = 3.25;     // m
constexpr double kStub = 130;           // m from the outermost junctions to the border
constexpr double kCorner = 5;           // m between a corner and the stop lines
constexpr double kStraightAngle = 0.9;  // radians that a straight way may turn
constexpr std::array<double, 3> kSpeeds = {11.11, 13.89, 16.67};  // m/s

size_t Index(int32_t index) { return static_cast<size_t>(index); }

/// Random numbers in the order in which they are asked for.
class Dice {
 public:
  explicit Dice(uint64_t seed) : rng_(seed, kStream) {}
  double Between(double low, double high) { return low + (high - low) * rng_.Uniform(next_++); }
  int Below(int bound) {
    return static_cast<int>(rng_.Below(next_++, static_cast<uint64_t>(bound)));
  }
  bool Chance(double share) { return rng_.Uniform(next_++) < share; }

 private:
  static constexpr uint64_t kStream = 0x70776e;
  Rng rng_;
  uint64_t next_ = 0;
};

struct Street {
  int lanes = 1;
  double speed = 0;  // m/s
  int32_t priority = 1;
};

/// One end of a street at a junction.
struct Arm {
  int32_t in = -1, out = -1;  // edges
  double heading = 0;         // radians counter-clockwise from east, away from the junction
  int lanes = 1;
};

struct Link {
  int32_t from = -1, to = -1;  // nodes
  Street street;
};

double Turned(double from, double to) { return std::remainder(to - from, 2 * std::numbers::pi); }

class TownBuilder {
 public:
  explicit TownBuilder(uint64_t seed) : dice_(seed) {}

  Network Build() {
    columns_ = 1 + dice_.Below(3);
    rows_ = columns_ == 1 ? 1 : 1 + dice_.Below(2);
    LayOut();
    for (const Link& link : links_) {
      AddStreet(link);
    }
    for (const auto& [node, arms] : arms_) {
      Finish(node, arms);
    }
    network_.projection = "!";
    network_.Measure();
    return std::move(network_);
  }

 private:
  /// Nodes, the streets between them, and roads out of town.
  void LayOut() {
    std::vector<Street> along, across;
    for (int row = 0; row < rows_; ++row) {
      along.push_back(Draw(3));
    }
    for (int column = 0; column < columns_; ++column) {
      across.push_back(Draw(1));
    }
    const double skew = dice_.Between(-0.25, 0.25);
    std::vector<int32_t> nodes;
    double x = 0;
    std::vector<double> xs, ys;
    for (int column = 0; column < columns_; ++column, x += dice_.Between(90, 160)) {
      xs.push_back(x);
    }
    double y = 0;
    for (int row = 0; row < rows_; ++row, y += dice_.Between(90, 160)) {
      ys.push_back(y);
    }
    for (int row = 0; row < rows_; ++row) {
      for (int column = 0; column < columns_; ++column) {
        const Point place = {xs[Index(column)] + skew * ys[Index(row)] + dice_.Between(-10, 10),
                             ys[Index(row)] + dice_.Between(-10, 10)};
        const bool signal = dice_.Chance(0.6);
        nodes.push_back(AddJunction(network_, fmt::format("n{}_{}", row, column),
                                    signal ? "traffic_light" : "priority", place));
      }
    }
    const auto node = [&](int row, int column) { return nodes[Index(row * columns_ + column)]; };
    for (int row = 0; row < rows_; ++row) {
      AddStub(node(row, 0), std::numbers::pi, along[Index(row)]);
      for (int column = 0; column + 1 < columns_; ++column) {
        links_.push_back({node(row, column), node(row, column + 1), along[Index(row)]});
      }
      AddStub(node(row, columns_ - 1), 0, along[Index(row)]);
    }
    for (int column = 0; column < columns_; ++column) {
      // A lone street may end at the other: a junction of three arms.
      const int ends = rows_ == 1 ? dice_.Below(3) : 0;
      if (ends != 1) {
        AddStub(node(0, column), -std::numbers::pi / 2, across[Index(column)]);
      }
      for (int row = 0; row + 1 < rows_; ++row) {
        links_.push_back({node(row, column), node(row + 1, column), across[Index(column)]});
      }
      if (ends != 2) {
        AddStub(node(rows_ - 1, column), std::numbers::pi / 2, across[Index(column)]);
      }
    }
  }

  Street Draw(int32_t priority) {
    const int lanes = dice_.Chance(priority > 1 ? 0.5 : 0.25) ? 2 : 1;
    return {lanes, kSpeeds[Index(dice_.Below(3))], priority};
  }

  void AddStub(int32_t node, double heading, const Street& street) {
    const double at = heading + dice_.Between(-0.18, 0.18);
    const Point center = network_.junctions[Index(node)].position;
    const Point end = {center.x + kStub * std::cos(at), center.y + kStub * std::sin(at)};
    const int32_t border =
        AddJunction(network_, fmt::format("b{}", network_.junctions.size()), "dead_end", end);
    links_.push_back({node, border, street});
  }

  bool Border(int32_t node) const { return network_.junctions[Index(node)].type == "dead_end"; }

  double HeadingOf(const Link& link, int32_t from) const {
    const Point a = network_.junctions[Index(link.from)].position,
                b = network_.junctions[Index(link.to)].position;
    return from == link.from ? std::atan2(b.y - a.y, b.x - a.x) : std::atan2(a.y - b.y, a.x - b.x);
  }

  /// How far from a node a street's lanes begin, so that they do not lie on its neighbours'.
  double SetBack(const Link& link, int32_t node) const {
    if (Border(node)) {
      return 0;
    }
    const double heading = HeadingOf(link, node), half = link.street.lanes * kLaneWidth;
    double back = 0;
    for (const Link& other : links_) {
      if (&other == &link || (other.from != node && other.to != node)) {
        continue;
      }
      const double angle = std::abs(Turned(heading, HeadingOf(other, node)));
      const double other_half = other.street.lanes * kLaneWidth;
      if (angle < 0.9 * std::numbers::pi) {
        back = std::max(back, (other_half + half * std::cos(angle)) / std::sin(angle));
      }
    }
    return back + kCorner;
  }

  void AddStreet(const Link& link) {
    const double heading = HeadingOf(link, link.from);
    const auto end_at = [&](int32_t node, double sign) {
      const Point center = network_.junctions[Index(node)].position;
      const double back = sign * SetBack(link, node);
      return Point{center.x + back * std::cos(heading), center.y + back * std::sin(heading)};
    };
    const Point begin = end_at(link.from, 1), end = end_at(link.to, -1);
    const std::string id = fmt::format("e{}", network_.edges.size() / 2);
    RoadPlan plan{id,
                  link.from,
                  link.to,
                  begin,
                  end,
                  link.street.lanes,
                  0.0,
                  kLaneWidth,
                  link.street.speed,
                  link.street.priority};
    const int32_t out = AddRoad(network_, plan);
    plan.id = fmt::format("-{}", id);
    std::swap(plan.from, plan.to);
    std::swap(plan.begin, plan.end);
    const int32_t back = AddRoad(network_, plan);
    for (const auto& [node, in, leaving] :
         {std::tuple(link.from, back, out), std::tuple(link.to, out, back)}) {
      if (!Border(node)) {
        arms_[node].push_back({in, leaving, HeadingOf(link, node), link.street.lanes});
      }
    }
  }

  /// The arms clockwise from north, as SUMO lists approaches.
  static std::vector<Arm> Clockwise(std::vector<Arm> arms) {
    const auto from_north = [](const Arm& arm) { return SumoAngle(arm.heading); };
    std::sort(arms.begin(), arms.end(),
              [&](const Arm& a, const Arm& b) { return from_north(a) < from_north(b); });
    return arms;
  }

  int32_t LaneOf(int32_t edge, int lane) const {
    return network_.edges[Index(edge)].lanes[Index(lane)];
  }

  /// The ways of one approach, from right to left.
  void AddWays(const Arm& arm, const std::vector<Arm>& arms, std::vector<Way>& ways) const {
    struct Target {
      double turn;  // radians to the left
      const Arm* arm;
    };
    std::vector<Target> targets;
    for (const Arm& other : arms) {
      if (other.in != arm.in) {
        targets.push_back({Turned(arm.heading + std::numbers::pi, other.heading), &other});
      }
    }
    std::sort(targets.begin(), targets.end(),
              [](const Target& a, const Target& b) { return a.turn < b.turn; });
    const int last = arm.lanes - 1;
    for (int lane = 0; lane <= last; ++lane) {
      for (const Target& target : targets) {
        const bool straight = std::abs(target.turn) < kStraightAngle;
        const int to = target.arm->lanes - 1;
        if (straight && lane <= to) {
          ways.push_back({LaneOf(arm.in, lane), LaneOf(target.arm->out, lane), 's'});
        } else if (!straight && target.turn < 0 && lane == 0) {
          ways.push_back({LaneOf(arm.in, 0), LaneOf(target.arm->out, 0), 'r'});
        } else if (!straight && target.turn > 0 && lane == last) {
          ways.push_back({LaneOf(arm.in, last), LaneOf(target.arm->out, to), 'l'});
        }
      }
    }
  }

  void Finish(int32_t node, const std::vector<Arm>& unordered) {
    const std::vector<Arm> arms = Clockwise(unordered);
    std::vector<Way> ways;
    Polyline shape;
    for (const Arm& arm : arms) {
      AddWays(arm, arms, ways);
      const double half = arm.lanes * kLaneWidth;
      const Lane& left = network_.lanes[Index(LaneOf(arm.out, arm.lanes - 1))];
      // The end of the middle line, from which the street's borders are half its width away.
      const Point out = left.shape.front();
      const Point side = {std::sin(arm.heading), -std::cos(arm.heading)};
      const Point middle = {out.x - side.x * kLaneWidth / 2, out.y - side.y * kLaneWidth / 2};
      shape.push_back({middle.x - side.x * half, middle.y - side.y * half});
      shape.push_back({middle.x + side.x * half, middle.y + side.y * half});
    }
    Junction& junction = network_.junctions[Index(node)];
    junction.shape = shape;
    int32_t signal = -1;
    if (junction.type == "traffic_light") {
      signal = static_cast<int32_t>(network_.signals.size());
      network_.signal_of.emplace(junction.id, signal);
      network_.signals.push_back({junction.id, "0", "static", std::floor(dice_.Between(0, 56)),
                                  PhasesOf(StagesOf(arms, ways))});
    }
    BuildJunction(network_, node, ways, signal);
  }

  /// Two stages: the first arm with the one across, and the rest.
  std::vector<SignalStage> StagesOf(const std::vector<Arm>& arms,
                                    const std::vector<Way>& ways) const {
    size_t across = 1;
    for (size_t i = 1; i < arms.size(); ++i) {
      const auto bend = [&](size_t k) {
        return std::abs(Turned(arms[0].heading + std::numbers::pi, arms[k].heading));
      };
      across = bend(i) < bend(across) ? i : across;
    }
    // Where none is across the first one, the other two are across each other.
    const bool alone =
        std::abs(Turned(arms[0].heading + std::numbers::pi, arms[across].heading)) > kStraightAngle;
    std::string first, second;
    for (const Way& way : ways) {
      const int32_t edge = network_.lanes[Index(way.from)].edge;
      const bool in_first = edge == arms[0].in || (!alone && edge == arms[across].in);
      const char letter = way.direction == 'l' ? 'g' : 'G';
      first += in_first ? letter : 'r';
      second += in_first ? 'r' : letter;
    }
    return {{first, 24, 3, 2}, {second, 22, 3, 2}};
  }

  Dice dice_;
  Network network_;
  int columns_ = 1, rows_ = 1;
  std::vector<Link> links_;
  std::map<int32_t, std::vector<Arm>> arms_;  // of each junction
};

}  // namespace

Network TownNetwork(uint64_t seed) { return TownBuilder(seed).Build(); }

Demand TownDemand(const Network& network, double per_hour, const TimeWindow& window,
                  uint64_t seed) {
  std::vector<const Edge*> entries, exits;
  for (const Edge& edge : network.edges) {
    if (!edge.internal && network.junctions[Index(edge.from)].type == "dead_end") {
      entries.push_back(&edge);
    }
    if (!edge.internal && network.junctions[Index(edge.to)].type == "dead_end") {
      exits.push_back(&edge);
    }
  }
  std::string text =
      "<routes><vTypeDistribution id=\"traffic\">"
      "<vType id=\"car\" vClass=\"passenger\" length=\"4.5\" carFollowModel=\"IDM\" accel=\"1.8\" "
      "decel=\"3\" tau=\"1.1\" minGap=\"2\" speedFactor=\"normc(1,0.1,0.75,1.25)\" "
      "probability=\"0.74\"/>"
      "<vType id=\"van\" vClass=\"delivery\" length=\"5.8\" width=\"2\" carFollowModel=\"IDM\" "
      "accel=\"1.5\" decel=\"3\" tau=\"1.3\" minGap=\"2\" "
      "speedFactor=\"normc(0.97,0.08,0.75,1.2)\" probability=\"0.14\"/>"
      "<vType id=\"truck\" vClass=\"truck\" length=\"8.5\" carFollowModel=\"IDM\" accel=\"0.9\" "
      "decel=\"3\" tau=\"1.6\" minGap=\"2.5\" speedFactor=\"normc(0.9,0.05,0.75,1)\" "
      "probability=\"0.07\"/>"
      "<vType id=\"bus\" vClass=\"bus\" length=\"12\" carFollowModel=\"IDM\" accel=\"0.9\" "
      "decel=\"3\" tau=\"1.6\" minGap=\"2.5\" speedFactor=\"normc(0.9,0.05,0.75,1)\" "
      "probability=\"0.05\"/></vTypeDistribution>";
  const auto opposite = [](const Edge& a, const Edge& b) {
    return a.from == b.to && a.to == b.from;
  };
  const double pairs = static_cast<double>(entries.size() * (exits.size() - 1));
  for (const Edge* from : entries) {
    for (const Edge* to : exits) {
      if (!opposite(*from, *to)) {
        text += fmt::format(
            "<flow id=\"{0}_{1}\" type=\"traffic\" from=\"{0}\" to=\"{1}\" begin=\"{2}\" "
            "end=\"{3}\" period=\"exp({4:.6f})\" departLane=\"best\" departSpeed=\"max\"/>",
            from->id, to->id, window.begin, window.end, per_hour / pairs / 3600);
      }
    }
  }
  return ParseDemand({{text + "</routes>", "town"}}, network, seed, window);
}

}  // namespace tersor::twin
