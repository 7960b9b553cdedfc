#include "tersor/twin/coupling/collisions.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tersor/twin/box_ttc.h"

namespace tersor::twin {
namespace {

constexpr double kCell = 25;  // m, at least the longest body and a bit

int64_t CellOf(double x, double y) {
  const auto column = static_cast<int64_t>(std::floor(x / kCell));
  const auto row = static_cast<int64_t>(std::floor(y / kCell));
  return column * (int64_t{1} << 32) + row;
}

MovingBox BoxOf(const Snapshot& now, size_t row, const Vehicle& vehicle) {
  return {.front = {now.x[row], now.y[row]},
          .heading = HeadingOfSumoAngle(now.angle[row]),
          .length = vehicle.length,
          .width = vehicle.width,
          .speed = now.speed[row]};
}

Point MiddleOf(const MovingBox& box) {
  return {box.front.x - box.length / 2 * std::cos(box.heading),
          box.front.y - box.length / 2 * std::sin(box.heading)};
}

}  // namespace

std::string_view Name(CollisionType type) {
  switch (type) {
    case CollisionType::kRearEnd:
      return "rear-end";
    case CollisionType::kLaneChange:
      return "lane change";
    case CollisionType::kCrossing:
      return "crossing";
    default:
      return "head-on";
  }
}

CollisionType CollisionTypeOf(double angle) {
  return angle < 30     ? CollisionType::kRearEnd
         : angle <= 85  ? CollisionType::kLaneChange
         : angle <= 150 ? CollisionType::kCrossing
                        : CollisionType::kHeadOn;
}

CollisionWatch::CollisionWatch(const Network& network, CollisionRules rules)
    : rules_(std::move(rules)) {
  for (const Lane& lane : network.lanes) {
    const Edge& edge = network.edges[static_cast<size_t>(lane.edge)];
    ends_.emplace_back(edge.from, edge.to);
  }
}

bool CollisionWatch::SameLevel(int32_t lane, int32_t other) const {
  if (lane < 0 || other < 0) {
    return true;  // not known
  }
  const auto& [a, b] = ends_[static_cast<size_t>(lane)];
  const auto& [c, d] = ends_[static_cast<size_t>(other)];
  return a == c || a == d || b == c || b == d;
}

void CollisionWatch::Judge(const Snapshot& now, std::span<const Vehicle> vehicles, size_t a,
                           size_t b) {
  if (now.speed[b] > now.speed[a] || (now.speed[b] == now.speed[a] && b < a)) {
    std::swap(a, b);
  }
  const int32_t first = now.vehicle[a], second = now.vehicle[b];
  if (!SameLevel(now.lane[a], now.lane[b]) ||
      !rules_.judged(first, second, now.lane[a] == now.lane[b])) {
    return;
  }
  const MovingBox box = BoxOf(now, a, vehicles[static_cast<size_t>(first)]);
  const MovingBox other = BoxOf(now, b, vehicles[static_cast<size_t>(second)]);
  const double overlap = BoxOverlap(box, other);
  if (overlap <= 0 || !known_.emplace(std::min(first, second), std::max(first, second)).second) {
    return;
  }
  Collision collision;
  collision.time = now.time;
  collision.first = first;
  collision.second = second;
  const double turned = std::remainder(box.heading - other.heading, 2 * std::numbers::pi);
  collision.angle = std::abs(turned) * 180 / std::numbers::pi;
  collision.type = CollisionTypeOf(collision.angle);
  collision.overlap = overlap;
  collision.relative_speed =
      std::hypot(box.speed * std::cos(box.heading) - other.speed * std::cos(other.heading),
                 box.speed * std::sin(box.heading) - other.speed * std::sin(other.heading));
  const double mass = rules_.mass(first), other_mass = rules_.mass(second);
  collision.delta_v_first = collision.relative_speed * other_mass / (mass + other_mass);
  collision.delta_v_second = collision.relative_speed * mass / (mass + other_mass);
  collision.speed_first = now.speed[a];
  collision.speed_second = now.speed[b];
  const Point p = MiddleOf(box), q = MiddleOf(other);
  collision.point = {(p.x + q.x) / 2, (p.y + q.y) / 2};
  collision.lane = now.lane[a];
  all_.push_back(collision);
}

std::span<const Collision> CollisionWatch::Update(const Snapshot& now,
                                                  std::span<const Vehicle> vehicles) {
  const size_t before = all_.size();
  cells_.clear();
  for (size_t row = 0; row < now.vehicle.size(); ++row) {
    cells_.emplace_back(CellOf(now.x[row], now.y[row]), row);
  }
  std::sort(cells_.begin(), cells_.end());
  // Each row against those of its own cell and of the half of the cells around it.
  constexpr int64_t kColumn = int64_t{1} << 32;
  for (size_t i = 0; i < cells_.size(); ++i) {
    const auto [cell, row] = cells_[i];
    for (const int64_t near :
         {cell, cell + 1, cell + kColumn - 1, cell + kColumn, cell + kColumn + 1}) {
      auto other = near == cell ? cells_.begin() + static_cast<std::ptrdiff_t>(i) + 1
                                : std::lower_bound(cells_.begin(), cells_.end(),
                                                   std::pair<int64_t, size_t>{near, 0});
      for (; other != cells_.end() && other->first == near; ++other) {
        Judge(now, vehicles, row, other->second);
      }
    }
  }
  std::sort(all_.begin() + static_cast<std::ptrdiff_t>(before), all_.end(),
            [](const Collision& a, const Collision& b) {
              return std::pair(a.first, a.second) < std::pair(b.first, b.second);
            });
  return std::span(all_).subspan(before);
}

std::string CollisionsAsCsv(std::span<const Collision> collisions,
                            std::span<const Vehicle> vehicles, const Network& network) {
  std::string text =
      "time_s,first,second,type,angle_deg,overlap_m,relative_speed_mps,delta_v_first_mps,"
      "delta_v_second_mps,speed_first_mps,speed_second_mps,x_m,y_m,lane\n";
  for (const Collision& c : collisions) {
    text += fmt::format(
        "{:.2f},{},{},{},{:.1f},{:.3f},{:.2f},{:.2f},{:.2f},{:.2f},{:.2f},{:.2f},"
        "{:.2f},{}\n",
        c.time, vehicles[static_cast<size_t>(c.first)].id,
        vehicles[static_cast<size_t>(c.second)].id, Name(c.type), c.angle, c.overlap,
        c.relative_speed, c.delta_v_first, c.delta_v_second, c.speed_first, c.speed_second,
        c.point.x, c.point.y, c.lane < 0 ? "" : network.lanes[static_cast<size_t>(c.lane)].id);
  }
  return text;
}

}  // namespace tersor::twin
