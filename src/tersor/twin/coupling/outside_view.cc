#include "tersor/twin/coupling/outside_view.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tersor::twin {
namespace {

// As those of the embedded engine (embedded_traffic.h and .cc).
constexpr double kSeen = 100, kSeenSeconds = 8;            // m, s
constexpr double kGentle = 3.05, kResponse = 0.7;          // m/s^2, s
constexpr double kStopGap = 1;                             // m before a line
constexpr double kYieldReach = 30;                         // m before a link that yields
constexpr double kLookForward = 10, kLookForwardMin = 30;  // s, m for changes of lanes
constexpr double kSafeDecel = 4.5, kSafeTime = 1;          // m/s^2, s of gaps beside

}  // namespace

/// A vehicle and where it goes.
struct OutsideView::Way {
  int32_t row = -1, lane = -1, place = 0;
  double position = 0, speed = 0, length = 0;
  const RouteLanes* route = nullptr;
  const OutsideDriver* driver = nullptr;
};

OutsideView::OutsideView(const Network& network, double step)
    : network_(network), step_(step), graph_(network), on_lane_(network.lanes.size()) {}

void OutsideView::Look(const Traffic& traffic, const std::vector<int32_t>& beside) {
  traffic_ = &traffic;
  for (const int32_t lane : used_) {
    on_lane_[static_cast<size_t>(lane)].clear();
  }
  used_.clear();
  const Snapshot& now = traffic.snapshot();
  const auto add = [&](int32_t lane, size_t row) {
    if (lane < 0) {
      return;
    }
    auto& bodies = on_lane_[static_cast<size_t>(lane)];
    if (bodies.empty()) {
      used_.push_back(lane);
    }
    const double length = traffic.vehicles()[static_cast<size_t>(now.vehicle[row])].length;
    bodies.push_back({now.position[row], now.position[row] - length, static_cast<int32_t>(row)});
  };
  for (size_t row = 0; row < now.vehicle.size(); ++row) {
    add(now.lane[row], row);
    add(row < beside.size() ? beside[row] : -1, row);
  }
  for (const int32_t lane : used_) {
    auto& bodies = on_lane_[static_cast<size_t>(lane)];
    std::sort(bodies.begin(), bodies.end(), [](const Body& a, const Body& b) {
      return a.front != b.front ? a.front > b.front : a.row < b.row;
    });
  }
}

const RouteLanes* OutsideView::RouteOf(const Vehicle& vehicle, VehicleClasses classes) {
  auto& known = routes_[{vehicle.route, classes}];
  if (!known) {
    known = std::make_unique<RouteLanes>(graph_, Route{vehicle.id, vehicle.route}, classes);
  }
  return known.get();
}

int32_t OutsideView::NextLink(const RouteLanes& route, int32_t lane, int32_t place) const {
  const RoadGraph::LaneFacts& facts = graph_.lane(lane);
  if (facts.internal) {
    return facts.only_link;
  }
  return place + 1 >= route.num_edges() ? -1 : route.At(place, facts.index).link;
}

char OutsideView::Letter(int32_t link) const {
  const Connection& connection = network_.connections[static_cast<size_t>(link)];
  if (connection.signal < 0) {
    return connection.state;
  }
  const std::string_view state = traffic_->signal_state(connection.signal);
  const auto letter = static_cast<size_t>(connection.link);
  return letter < state.size() ? state[letter] : connection.state;
}

const OutsideView::Body* OutsideView::FirstAhead(int32_t lane, double position, int32_t row) const {
  const Body* nearest = nullptr;
  for (const Body& body : on_lane_[static_cast<size_t>(lane)]) {
    const bool ahead = body.front > position || (body.front == position && body.row < row);
    if (body.row != row && ahead && (nearest == nullptr || body.back < nearest->back)) {
      nearest = &body;
    }
  }
  return nearest;
}

const OutsideView::Body* OutsideView::FirstBehind(int32_t lane, double position,
                                                  int32_t row) const {
  for (const Body& body : on_lane_[static_cast<size_t>(lane)]) {
    if (body.row != row && body.front <= position) {
      return &body;
    }
  }
  return nullptr;
}

void OutsideView::FindLeader(const Way& way, Wish* wish) const {
  const Snapshot& now = traffic_->snapshot();
  const auto follow = [&](const Body& body, double gap) {
    const auto row = static_cast<size_t>(body.row);
    wish->leader = now.vehicle[row];
    wish->gap = gap;
    wish->leader_speed = now.speed[row];
  };
  if (const Body* body = FirstAhead(way.lane, way.position, way.row)) {
    follow(*body, body->back - way.position);
    return;
  }
  int32_t lane = way.lane, place = way.place;
  double seen = graph_.lane(lane).length - way.position;
  while (seen < kSeen + kSeenSeconds * way.speed) {
    const int32_t link = NextLink(*way.route, lane, place);
    if (link < 0) {
      return;
    }
    lane = graph_.link(link).next;
    place += graph_.lane(lane).internal ? 0 : 1;
    const auto& bodies = on_lane_[static_cast<size_t>(lane)];
    const auto last = std::min_element(
        bodies.begin(), bodies.end(), [](const Body& a, const Body& b) { return a.back < b.back; });
    if (last != bodies.end() && last->row != way.row) {
      follow(*last, seen + last->back);
      return;
    }
    seen += graph_.lane(lane).length;
  }
}

double OutsideView::FreeSpeed(const Way& way, double engines) const {
  const OutsideDriver& driver = *way.driver;
  const auto desired = [&](int32_t lane) {
    return std::min(graph_.lane(lane).speed * driver.speed_factor, driver.max_speed);
  };
  const double decel = std::min(kGentle, driver.decel);
  const double nearer = way.speed * kResponse;
  const auto up_to = [&](double distance, double speed) {
    return std::sqrt(speed * speed + 2 * decel * std::max(0.0, distance - nearer));
  };
  double free = std::min(way.speed + driver.accel * step_, desired(way.lane));
  int32_t lane = way.lane, place = way.place;
  double seen = graph_.lane(lane).length - way.position;
  const double reach = way.speed * way.speed / (2 * decel) + nearer + kYieldReach;
  while (seen < reach) {
    const bool last = place + 1 >= way.route->num_edges() && !graph_.lane(lane).internal;
    if (last) {
      break;
    }
    const int32_t link = NextLink(*way.route, lane, place);
    if (link < 0) {
      free = std::min(free, up_to(seen - kStopGap, 0));  // the lane leads elsewhere
      break;
    }
    const char letter = Letter(link);
    const double stop = std::max(0.0, seen - kStopGap);
    if (letter == 'r' || letter == 'u') {
      free = std::min(free, up_to(stop, 0));
      break;
    }
    const bool can_stop = seen > way.speed * way.speed / (2 * driver.decel);
    if ((letter == 'y' || letter == 'Y') && can_stop) {
      free = std::min(free, up_to(stop, 0));
      break;
    }
    const bool yields = letter != 'M' && letter != 'G' && letter != 'O';
    if (yields && seen < kYieldReach + nearer) {
      free = std::min(free, engines);
    }
    lane = graph_.link(link).next;
    place += graph_.lane(lane).internal ? 0 : 1;
    free = std::min(free, up_to(seen, desired(lane)));
    seen += graph_.lane(lane).length;
  }
  return free;
}

int32_t OutsideView::ChooseLane(const Way& way, int32_t target) const {
  const RoadGraph::LaneFacts& facts = graph_.lane(way.lane);
  if (facts.internal) {
    return way.lane;
  }
  if (target >= 0 && target != way.lane && graph_.lane(target).edge == facts.edge) {
    return target;  // under way
  }
  const RouteLanes::LaneChoice& here = way.route->At(way.place, facts.index);
  const int32_t side = here.offset > 0 ? facts.left : facts.right;
  const double needed = std::max(way.speed * kLookForward, kLookForwardMin) * 2;
  if (here.offset == 0 || side < 0 || here.reach - way.position > std::abs(here.offset) * needed) {
    return way.lane;
  }
  const Snapshot& now = traffic_->snapshot();
  const auto room = [](double behind, double ahead) {  // m between two speeds
    return behind * kSafeTime + std::max(0.0, behind * behind - ahead * ahead) / (2 * kSafeDecel);
  };
  if (const Body* body = FirstAhead(side, way.position, way.row)) {
    const double speed = now.speed[static_cast<size_t>(body->row)];
    if (body->back - way.position < room(way.speed, speed)) {
      return way.lane;
    }
  }
  if (const Body* body = FirstBehind(side, way.position, way.row)) {
    const double speed = now.speed[static_cast<size_t>(body->row)];
    if (way.position - way.length - body->front < room(speed, way.speed)) {
      return way.lane;
    }
  }
  return side;
}

Wish OutsideView::WishOf(int32_t row, const OutsideDriver& driver, double wish, int32_t target) {
  const Snapshot& now = traffic_->snapshot();
  const auto r = static_cast<size_t>(row);
  const Vehicle& vehicle = traffic_->vehicles()[static_cast<size_t>(now.vehicle[r])];
  Way way;
  way.row = row;
  way.lane = now.lane[r];
  way.place = now.route_index[r];
  way.position = now.position[r];
  way.speed = now.speed[r];
  way.length = vehicle.length;
  way.route = RouteOf(vehicle, driver.classes);
  way.driver = &driver;
  Wish out;
  out.row = row;
  out.speed = wish;
  out.lane = ChooseLane(way, target);
  FindLeader(way, &out);
  if (out.lane != way.lane) {
    // Until it has left this lane both lanes' leaders matter.
    Way other = way;
    other.lane = out.lane;
    Wish beside;
    FindLeader(other, &beside);
    if (beside.gap < out.gap) {
      out.leader = beside.leader;
      out.gap = beside.gap;
      out.leader_speed = beside.leader_speed;
    }
  }
  out.free_speed = FreeSpeed(way, wish);
  out.desired_speed = std::min(graph_.lane(way.lane).speed * driver.speed_factor, driver.max_speed);
  return out;
}

}  // namespace tersor::twin
