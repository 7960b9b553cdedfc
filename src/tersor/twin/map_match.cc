#include "tersor/twin/map_match.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

namespace tersor::twin {
namespace {

constexpr double kCellSize = 25;  // m

int64_t CellNumber(double value) { return static_cast<int64_t>(std::floor(value / kCellSize)); }

int64_t CellKey(int64_t column, int64_t row) { return (column << 32) ^ (row & 0xFFFFFFFF); }

double TurnBetween(double a, double b) {
  return std::abs(std::remainder(a - b, 2 * std::numbers::pi));
}

}  // namespace

int64_t MapMatcher::Cell(double x, double y) { return CellKey(CellNumber(x), CellNumber(y)); }

MapMatcher::MapMatcher(const Network& network) : network_(network) {
  for (size_t lane = 0; lane < network.lanes.size(); ++lane) {
    const Polyline& shape = network.lanes[lane].shape;
    double before = 0;
    for (size_t i = 1; i < shape.size(); ++i) {
      const double length = Distance(shape[i - 1], shape[i]);
      // Every cell that a point near the segment may lie in.
      std::set<int64_t> touched;
      const int steps = static_cast<int>(length / kCellSize * 2) + 1;
      for (int step = 0; step <= steps; ++step) {
        const double share = static_cast<double>(step) / steps;
        const double x = shape[i - 1].x + share * (shape[i].x - shape[i - 1].x);
        const double y = shape[i - 1].y + share * (shape[i].y - shape[i - 1].y);
        for (const double dx : {-kCellSize, 0.0, kCellSize}) {
          for (const double dy : {-kCellSize, 0.0, kCellSize}) {
            touched.insert(Cell(x + dx, y + dy));
          }
        }
      }
      for (const int64_t cell : touched) {
        cells_[cell].push_back({static_cast<int32_t>(lane), static_cast<int32_t>(i), before});
      }
      before += length;
    }
    shape_length_.push_back(before);
  }
}

bool MapMatcher::Follows(int32_t lane, int32_t previous) const {
  const Lane& from = network_.lanes[static_cast<size_t>(previous)];
  if (network_.lanes[static_cast<size_t>(lane)].edge == from.edge) {
    return true;
  }
  return std::ranges::any_of(from.connections, [&](int32_t index) {
    const Connection& connection = network_.connections[static_cast<size_t>(index)];
    return connection.via == lane || (connection.via < 0 && connection.to == lane);
  });
}

MapMatcher::Foot MapMatcher::FootOf(const Point& point, const Segment& segment) const {
  const Polyline& shape = network_.lanes[static_cast<size_t>(segment.lane)].shape;
  const Point& a = shape[static_cast<size_t>(segment.index) - 1];
  const Point& b = shape[static_cast<size_t>(segment.index)];
  const double dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
  const double along = (point.x - a.x) * dx + (point.y - a.y) * dy;
  const double share = squared > 0 ? std::clamp(along / squared, 0.0, 1.0) : 0;
  const double offset = segment.before + share * std::sqrt(squared);
  const double whole = shape_length_[static_cast<size_t>(segment.lane)];
  return {std::hypot(a.x + share * dx - point.x, a.y + share * dy - point.y),
          whole > 0 ? offset / whole * network_.lanes[static_cast<size_t>(segment.lane)].length : 0,
          std::atan2(dy, dx)};
}

double MapMatcher::PositionOn(int32_t lane, const Point& point) const {
  const Polyline& shape = network_.lanes[static_cast<size_t>(lane)].shape;
  Foot nearest{.distance = std::numeric_limits<double>::infinity()};
  double before = 0;
  for (size_t i = 1; i < shape.size(); ++i) {
    const Foot foot = FootOf(point, {lane, static_cast<int32_t>(i), before});
    nearest = foot.distance < nearest.distance ? foot : nearest;
    before += Distance(shape[i - 1], shape[i]);
  }
  return nearest.position;
}

LaneMatch MapMatcher::Match(const Point& point, double heading, int32_t previous) const {
  LaneMatch best;
  const auto cell = cells_.find(Cell(point.x, point.y));
  if (cell == cells_.end()) {
    return best;
  }
  double lowest = std::numeric_limits<double>::infinity();
  for (const Segment& segment : cell->second) {
    const Foot foot = FootOf(point, segment);
    if (foot.distance > kFarthest) {
      continue;
    }
    double cost = foot.distance;
    if (!std::isnan(heading)) {
      cost += kTurnCost * TurnBetween(heading, foot.heading);
    }
    if (previous >= 0 && !Follows(segment.lane, previous)) {
      cost += kJumpCost;
    }
    if (cost < lowest) {
      lowest = cost;
      best = {segment.lane, foot.position, foot.distance};
    }
  }
  return best;
}

}  // namespace tersor::twin
