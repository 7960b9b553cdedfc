#include "tersor/twin/clips/scenery.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <unordered_map>

#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

// Lines are drawn wider than the 0.1 to 0.15 m that they have, or small pictures would lose them.
constexpr double kLine = 0.35, kDash = 3, kDashPeriod = 8;  // m
constexpr double kStopLine = 0.7;                           // m along the lane
constexpr double kSidewalk = 2.2;                           // m beside the road
constexpr double kTrackOffset = 0.85, kTrack = 0.6;         // m of wheels from a lane's middle
constexpr double kCell = 9;                                 // m between places for trees
constexpr uint64_t kTreeStream = 0x74726565, kHouseStream = 0x686f7573;

size_t Index(int32_t index) { return static_cast<size_t>(index); }

Point Beside(const Pose& pose, double ahead, double left) {
  const double c = std::cos(pose.heading), s = std::sin(pose.heading);
  return {pose.point.x + ahead * c - left * s, pose.point.y + ahead * s + left * c};
}

/// Where something may stand: places far enough from every road.
class RoadDistance {
 public:
  explicit RoadDistance(const Network& network) {
    for (const Lane& lane : network.lanes) {
      for (size_t i = 1; i < lane.shape.size(); ++i) {
        Add({lane.shape[i - 1], lane.shape[i], lane.width / 2});
      }
    }
  }

  /// m to the nearest road's border, at most kReach.
  double At(const Point& point) const {
    double nearest = kReach;
    const auto found = cells_.find(Key(point.x, point.y));
    if (found == cells_.end()) {
      return nearest;
    }
    for (const int32_t index : found->second) {
      const Piece& piece = pieces_[Index(index)];
      const double dx = piece.b.x - piece.a.x, dy = piece.b.y - piece.a.y;
      const double square = dx * dx + dy * dy;
      const double share =
          square > 0
              ? std::clamp(((point.x - piece.a.x) * dx + (point.y - piece.a.y) * dy) / square, 0.0,
                           1.0)
              : 0;
      const Point foot = {piece.a.x + share * dx, piece.a.y + share * dy};
      nearest = std::min(nearest, Distance(point, foot) - piece.half_width);
    }
    return nearest;
  }

  static constexpr double kReach = 40;  // m

 private:
  struct Piece {
    Point a, b;
    double half_width;
  };
  static constexpr double kSize = 40;  // m

  static int64_t Key(double x, double y) {
    return static_cast<int64_t>(std::floor(x / kSize)) * (int64_t{1} << 32) +
           static_cast<int64_t>(std::floor(y / kSize));
  }

  void Add(const Piece& piece) {
    const auto index = static_cast<int32_t>(pieces_.size());
    pieces_.push_back(piece);
    const double margin = kReach + piece.half_width;
    for (double x = std::min(piece.a.x, piece.b.x) - margin;
         x < std::max(piece.a.x, piece.b.x) + margin + kSize; x += kSize) {
      for (double y = std::min(piece.a.y, piece.b.y) - margin;
           y < std::max(piece.a.y, piece.b.y) + margin + kSize; y += kSize) {
        cells_[Key(x, y)].push_back(index);
      }
    }
  }

  std::vector<Piece> pieces_;
  std::unordered_map<int64_t, std::vector<int32_t>> cells_;
};

class SceneryBuilder {
 public:
  SceneryBuilder(const Network& network, uint64_t seed)
      : network_(network), seed_(seed), roads_(network) {}

  Scenery Build() {
    for (const Lane& lane : network_.lanes) {
      AddBand(lane.shape, 0, lane.width + 2 * kSidewalk, Material::kPavement);
    }
    for (const Junction& junction : network_.junctions) {
      if (junction.shape.size() >= 3) {
        Add(scenery_.flat, junction.shape, Material::kRoad);
      }
    }
    for (const Lane& lane : network_.lanes) {
      AddBand(lane.shape, 0, lane.width, Material::kRoad);
    }
    for (const Lane& lane : network_.lanes) {
      for (const double side : {-1, 1}) {
        AddBand(lane.shape, side * kTrackOffset, kTrack, Material::kTrack);
      }
    }
    for (const Edge& edge : network_.edges) {
      if (!edge.internal) {
        AddMarks(edge);
      }
    }
    for (const Connection& connection : network_.connections) {
      AddStop(connection);
    }
    AddHouses();
    AddTrees();
    return std::move(scenery_);
  }

 private:
  void Add(std::vector<Scenery::Shape>& shapes, std::span<const Point> polygon, Material material,
           double height = 0) {
    Scenery::Shape shape;
    shape.material = material;
    shape.height = static_cast<float>(height);
    shape.first = static_cast<uint32_t>(scenery_.points.size());
    shape.count = static_cast<uint32_t>(polygon.size());
    Point low = polygon[0], high = polygon[0];
    for (const Point& point : polygon) {
      low = {std::min(low.x, point.x), std::min(low.y, point.y)};
      high = {std::max(high.x, point.x), std::max(high.y, point.y)};
    }
    shape.middle = {(low.x + high.x) / 2, (low.y + high.y) / 2};
    shape.radius = Distance(low, high) / 2;
    scenery_.points.insert(scenery_.points.end(), polygon.begin(), polygon.end());
    shapes.push_back(shape);
  }

  /// A strip along a line, its middle `left` metres beside it; in pieces of some length, of which
  /// most need not be drawn.
  void AddBand(const Polyline& line, double left, double width, Material material) {
    constexpr double kPiece = 120;  // m
    const double length = Length(line);
    const int pieces = std::max(1, static_cast<int>(length / kPiece));
    if (pieces == 1) {
      AddStrip(line, left, width, material);
      return;
    }
    for (int i = 0; i < pieces; ++i) {
      AddStrip(Part(line, length * i / pieces, length * (i + 1) / pieces), left, width, material);
    }
  }

  void AddStrip(const Polyline& line, double left, double width, Material material) {
    Polyline polygon = OffsetLine(line, left + width / 2);
    const Polyline back = OffsetLine(line, left - width / 2);
    polygon.insert(polygon.end(), back.rbegin(), back.rend());
    Add(scenery_.flat, polygon, material);
  }

  static Polyline Part(const Polyline& line, double from, double to) {
    Polyline part = {PoseAt(line, from).point};
    double passed = 0;
    for (size_t i = 1; i < line.size(); ++i) {
      passed += Distance(line[i - 1], line[i]);
      if (passed > from && passed < to) {
        part.push_back(line[i]);
      }
    }
    part.push_back(PoseAt(line, to).point);
    return part;
  }

  void AddMarks(const Edge& edge) {
    const Lane& right = network_.lanes[Index(edge.lanes.front())];
    const Lane& left = network_.lanes[Index(edge.lanes.back())];
    AddBand(right.shape, -right.width / 2 + kLine / 2, kLine, Material::kWhiteLine);
    AddBand(left.shape, left.width / 2 - kLine / 2, kLine, Material::kYellowLine);
    for (size_t i = 0; i + 1 < edge.lanes.size(); ++i) {
      const Lane& lane = network_.lanes[Index(edge.lanes[i])];
      const double length = Length(lane.shape);
      for (double at = kDash; at + kDash < length; at += kDashPeriod) {
        AddStrip(Part(lane.shape, at, at + kDash), lane.width / 2, kLine, Material::kWhiteLine);
      }
    }
  }

  /// A stop line where one has to yield or a signal stands, once a lane; the signal's bar beyond.
  void AddStop(const Connection& connection) {
    const Lane& lane = network_.lanes[Index(connection.from)];
    if (connection.request < 0 || (connection.signal < 0 && connection.state != 'm' &&
                                   connection.state != 's' && connection.state != '=')) {
      return;
    }
    const Pose end = PoseAt(lane.shape, Length(lane.shape));
    std::vector<size_t>& bars = bars_[connection.from];
    if (bars.empty() && stopped_.insert(connection.from).second) {
      const double half = 0.46 * lane.width;
      const Polyline line = {Beside(end, -0.2, half), Beside(end, -0.2, -half),
                             Beside(end, -0.2 - kStopLine, -half),
                             Beside(end, -0.2 - kStopLine, half)};
      Add(scenery_.flat, line, Material::kWhiteLine);
    }
    if (connection.signal < 0) {
      return;
    }
    bars.push_back(scenery_.signals.size());
    scenery_.signals.push_back({connection.signal, connection.link, end, 0});
    // The links of a lane share the width, from right to left.
    const double width = 0.9 * lane.width / static_cast<double>(bars.size());
    for (size_t i = 0; i < bars.size(); ++i) {
      const double left = -0.45 * lane.width + (static_cast<double>(i) + 0.5) * width;
      scenery_.signals[bars[i]].width = width;
      scenery_.signals[bars[i]].pose.point = Beside(end, kSignalBar / 2 + 0.1, left);
    }
  }

  /// Along the streets of a town, where they have room.
  void AddHouses() {
    for (size_t i = 0; i < network_.edges.size(); ++i) {
      const Edge& edge = network_.edges[i];
      if (edge.internal) {
        continue;
      }
      const Lane& lane = network_.lanes[Index(edge.lanes.front())];
      const Rng rng(seed_, kHouseStream + (uint64_t{i} << 32));
      const double length = Length(lane.shape);
      uint64_t draw = 0;
      for (double at = 8; at < length - 8;) {
        const double wide = 9 + 12 * rng.Uniform(draw++), deep = 8 + 7 * rng.Uniform(draw++);
        const double setback = lane.width / 2 + kSidewalk + 1.5 + 5 * rng.Uniform(draw++);
        const bool stands = rng.Uniform(draw++) < 0.6;
        const uint64_t roof = rng.Below(draw++, 3);
        const double height = 4 + 6 * rng.Uniform(draw++);
        if (stands) {
          AddHouse(PoseAt(lane.shape, at + wide / 2), setback, wide, deep, roof, height);
        }
        at += wide + 2 + 6 * rng.Uniform(draw++);
      }
    }
  }

  void AddHouse(const Pose& pose, double setback, double wide, double deep, uint64_t roof,
                double height) {
    const auto corner = [&](double ahead, double share) {
      return Beside(pose, ahead, -setback - share * deep);
    };
    const double half = wide / 2;
    for (const double ahead : {-half, 0.0, half}) {
      for (const double share : {0.0, 0.5, 1.0}) {
        const Point at = corner(ahead, share);
        if (roads_.At(at) < kSidewalk + 0.5 || Built(at)) {
          return;
        }
      }
    }
    houses_.push_back({Beside(pose, 0, -setback - deep / 2), std::hypot(wide, deep) / 2});
    const auto dark = static_cast<uint8_t>(static_cast<int>(Material::kRoofRed) + 2 * roof);
    const Polyline whole = {corner(-half, 0), corner(half, 0), corner(half, 1), corner(-half, 1)};
    const Polyline lit = {corner(-half, 0.5), corner(half, 0.5), corner(half, 1), corner(-half, 1)};
    Add(scenery_.tall, whole, static_cast<Material>(dark), height);
    Add(scenery_.tall, lit, static_cast<Material>(dark + 1));
  }

  bool Built(const Point& at) const {
    return std::any_of(houses_.begin(), houses_.end(), [&](const House& house) {
      return Distance(at, house.middle) < house.radius + 1;
    });
  }

  void AddTrees() {
    const double margin = 45;
    const auto cell = [](double at) { return static_cast<int64_t>(std::floor(at / kCell)); };
    const Rng rng(seed_, kTreeStream);
    for (int64_t row = cell(network_.low.y - margin); row < cell(network_.high.y + margin); ++row) {
      for (int64_t column = cell(network_.low.x - margin); column < cell(network_.high.x + margin);
           ++column) {
        const uint64_t key =
            (static_cast<uint64_t>(row) << 32 ^ (static_cast<uint64_t>(column) & 0xffffffff)) * 8;
        const Point at = {(static_cast<double>(column) + rng.Uniform(key)) * kCell,
                          (static_cast<double>(row) + rng.Uniform(key + 1)) * kCell};
        const double radius = 1.6 + 2 * rng.Uniform(key + 2);
        const double room = roads_.At(at);
        if (rng.Uniform(key + 3) < 0.45 && room < RoadDistance::kReach &&
            room > kSidewalk + 0.6 * radius && !Built(at)) {
          AddTree(at, radius, rng.Uniform(key + 4));
        }
      }
    }
  }

  void AddTree(const Point& at, double radius, double shape) {
    const auto blob = [&](const Point& middle, double size) {
      Polyline polygon;
      for (int i = 0; i < 10; ++i) {
        const double angle = 2 * std::numbers::pi * (i + shape) / 10;
        const double reach = size * (0.88 + 0.12 * std::cos(3 * angle + 20 * shape));
        polygon.push_back({middle.x + reach * std::cos(angle), middle.y + reach * std::sin(angle)});
      }
      return polygon;
    };
    Add(scenery_.tall, blob(at, radius), Material::kTree, 1.5 * radius);
    Add(scenery_.tall, blob({at.x - 0.2 * radius, at.y + 0.2 * radius}, 0.55 * radius),
        Material::kTreeTop);
  }

  struct House {
    Point middle;
    double radius;
  };

  const Network& network_;
  const uint64_t seed_;
  const RoadDistance roads_;
  Scenery scenery_;
  std::set<int32_t> stopped_;                    // lanes with a line
  std::map<int32_t, std::vector<size_t>> bars_;  // of a lane
  std::vector<House> houses_;
};

}  // namespace

Polyline OffsetLine(std::span<const Point> line, double distance) {
  Polyline out;
  Point before{};  // the last piece's normal
  for (size_t i = 0; i < line.size(); ++i) {
    const auto normal = [&](size_t a, size_t b, const Point& otherwise) {
      const double dx = line[b].x - line[a].x, dy = line[b].y - line[a].y;
      const double length = std::hypot(dx, dy);
      return length > 0 ? Point{-dy / length, dx / length} : otherwise;
    };
    const Point next = i + 1 < line.size() ? normal(i, i + 1, before) : before;
    const Point first = i > 0 ? before : next;
    // The mitre of both normals, of limited length.
    Point sum = {(first.x + next.x) / 2, (first.y + next.y) / 2};
    const double square = std::max(sum.x * sum.x + sum.y * sum.y, 0.25);
    out.push_back({line[i].x + distance * sum.x / square, line[i].y + distance * sum.y / square});
    before = next;
  }
  return out;
}

Scenery MakeScenery(const Network& network, uint64_t seed) {
  return SceneryBuilder(network, seed).Build();
}

}  // namespace tersor::twin
