#include "tersor/twin/movement.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tersor::twin {
namespace {

constexpr double kStandingSpeed = 0.1;  // m/s, below which one waits
constexpr double kArrivalReach = 0.1;   // m before the place of arrival that count as there

}  // namespace

bool Movement::Arrived(int32_t slot) const {
  const auto s = static_cast<size_t>(slot);
  return state_.OnLastEdge(slot, state_.fields.lane[s], state_.fields.place[s]) &&
         state_.fields.position[s] >= state_.fields.arrival_position[s] - kArrivalReach;
}

void Movement::Advance(int32_t slot) {
  VehicleFields& fields = state_.fields;
  const auto s = static_cast<size_t>(slot);
  const double step = state_.step_length();
  const bool piloted = fields.piloted[s];
  const double speed = piloted ? fields.pilot_speed[s] : fields.next_speed[s];
  const double way = piloted ? fields.advance[s] : speed * step;
  const double desired = state_.DesiredSpeed(slot, fields.lane[s]);
  fields.accel[s] = piloted ? fields.pilot_accel[s] : (speed - fields.speed[s]) / step;
  fields.speed[s] = speed;
  fields.position[s] += way;
  fields.driven[s] += way;
  fields.waiting[s] = speed < kStandingSpeed ? fields.waiting[s] + step : 0;
  fields.waited[s] += speed < kStandingSpeed ? step : 0;
  fields.time_loss[s] += step * std::max(0.0, 1 - speed / desired);
  fields.speed_cap[s] = std::numeric_limits<double>::infinity();
  fields.leaves[s] =
      fields.position[s] > state_.graph().lane(fields.lane[s]).length || Arrived(slot);
}

void Movement::NoteJunction(size_t s, const Link& link) {
  VehicleFields& fields = state_.fields;
  const bool inside = state_.graph().lane(link.next).internal;
  if (!inside) {
    fields.entered[s] = fields.entry_time[s] = fields.conflict_time[s] =
        std::numeric_limits<double>::infinity();
    return;
  }
  if (link.enters) {
    fields.entered[s] = fields.entry_time[s] = state_.time;
  }
  if (!link.wait_inside) {
    fields.conflict_time[s] = state_.time;
    fields.entry_time[s] = fields.entered[s];
  }
}

void Movement::CrossLinks(int32_t slot) {
  const auto s = static_cast<size_t>(slot);
  VehicleFields& fields = state_.fields;
  const RoadGraph& graph = state_.graph();
  int32_t lane = fields.lane[s];
  state_.Remove(slot);
  while (fields.position[s] > graph.lane(lane).length &&
         !state_.OnLastEdge(slot, lane, fields.place[s])) {
    const int32_t link = state_.NextLink(slot, lane, fields.place[s]);
    if (link < 0) {  // it could not brake before the end
      fields.position[s] = graph.lane(lane).length;
      fields.speed[s] = 0;
      break;
    }
    fields.position[s] -= graph.lane(lane).length;
    fields.trail[s].push_back(lane);
    NoteJunction(s, graph.link(link));
    lane = graph.link(link).next;
    fields.place[s] += graph.lane(lane).internal ? 0 : 1;
  }
  state_.Place(slot, lane);
  if (graph.lane(lane).internal) {
    const auto& plans = fields.plans[s];
    const auto plan = std::find_if(plans.begin(), plans.end(), [&](const LinkPlan& p) {
      return p.link == graph.lane(lane).only_link;
    });
    fields.wants_out[s] = plan != plans.end() && plan->request;
  }
}

void Movement::Transfer() {
  for (const int32_t slot : state_.running()) {
    const auto s = static_cast<size_t>(slot);
    if (!state_.fields.leaves[s]) {
      continue;
    }
    state_.fields.leaves[s] = 0;
    CrossLinks(slot);
    if (Arrived(slot)) {
      state_.Remove(slot);
      Finish(slot);
    }
  }
  state_.Release(finished_);
  finished_.clear();
}

void Movement::Finish(int32_t slot) {
  const auto s = static_cast<size_t>(slot);
  const VehicleFields& fields = state_.fields;
  ++arrived_;
  duration_ += state_.time - fields.departed[s];
  waiting_ += fields.waited[s];
  time_loss_ += fields.time_loss[s];
  driven_ += fields.driven[s];
  finished_.push_back(slot);
}

double Movement::EdgeTime(int32_t slot) const {
  const auto s = static_cast<size_t>(slot);
  const int32_t edge = state_.fields.route[s]->edge(state_.fields.place[s]);
  const auto& lanes = state_.graph().network().edges[static_cast<size_t>(edge)].lanes;
  return state_.graph().lane(lanes.front()).length /
         std::max(state_.DesiredSpeed(slot, lanes.front()), 1.0);
}

void Movement::Teleport(const LinkSignals& signals, const Insertion& insertion) {
  VehicleFields& fields = state_.fields;
  if (time_to_teleport_ >= 0) {
    for (const int32_t lane : state_.active_lanes()) {
      const std::vector<int32_t>& vehicles = state_.on_lane(lane);
      if (vehicles.empty() ||
          fields.waiting[static_cast<size_t>(vehicles.front())] <= time_to_teleport_) {
        continue;
      }
      const int32_t slot = vehicles.front();
      state_.Remove(slot);
      fields.x[static_cast<size_t>(slot)] = NAN;
      fields.beside[static_cast<size_t>(slot)] = -1;
      fields.trail[static_cast<size_t>(slot)].clear();
      fields.entered[static_cast<size_t>(slot)] = fields.entry_time[static_cast<size_t>(slot)] =
          fields.conflict_time[static_cast<size_t>(slot)] = std::numeric_limits<double>::infinity();
      fields.plans[static_cast<size_t>(slot)].clear();
      travellers_.push_back({slot, state_.time});
      ++teleported_;
    }
  }
  std::erase_if(travellers_, [&](Traveller& traveller) {
    const auto s = static_cast<size_t>(traveller.slot);
    if (state_.time >= traveller.edge_time) {  // past this edge
      ++fields.place[s];
      if (fields.place[s] >= fields.route[s]->num_edges()) {
        Finish(traveller.slot);
        return true;
      }
      traveller.edge_time = state_.time + EdgeTime(traveller.slot);
    }
    return insertion.Reinsert(state_, signals, traveller.slot);
  });
  state_.Release(finished_);
  finished_.clear();
}

void Movement::Remove(int32_t slot) {
  state_.Remove(slot);
  state_.Release({slot});
  ++removed_;
}

void Movement::Pose(Snapshot& snapshot, std::vector<int32_t>& slots) const {
  snapshot = {};
  slots.clear();
  snapshot.time = state_.time;
  const VehicleFields& fields = state_.fields;
  for (const int32_t slot : state_.running()) {
    const auto s = static_cast<size_t>(slot);
    if (fields.lane[s] < 0) {
      continue;  // between two places of the road
    }
    slots.push_back(slot);
    snapshot.vehicle.push_back(fields.vehicle[s]);
    if (std::isnan(fields.x[s])) {
      const twin::Pose pose = state_.graph().PoseOn(fields.lane[s], fields.position[s]);
      snapshot.x.push_back(pose.point.x);
      snapshot.y.push_back(pose.point.y);
      snapshot.angle.push_back(SumoAngle(pose.heading));
    } else {
      snapshot.x.push_back(fields.x[s]);
      snapshot.y.push_back(fields.y[s]);
      snapshot.angle.push_back(fields.angle[s]);
    }
    snapshot.speed.push_back(fields.speed[s]);
    snapshot.accel.push_back(fields.accel[s]);
    snapshot.lane.push_back(fields.lane[s]);
    snapshot.position.push_back(fields.position[s]);
    snapshot.route_index.push_back(fields.place[s]);
  }
}

void Movement::AddStatistics(TrafficStatistics& statistics) const {
  const auto mean = [](double sum, int64_t count) {
    return count > 0 ? sum / static_cast<double>(count) : 0;
  };
  double speed = 0;
  for (const int32_t slot : state_.running()) {
    speed += state_.fields.speed[static_cast<size_t>(slot)];
  }
  statistics.mean_speed = mean(speed, static_cast<int64_t>(state_.running().size()));
  statistics.arrived = arrived_;
  statistics.teleported = teleported_;
  statistics.removed = removed_;
  statistics.mean_depart_delay = mean(delay_, statistics.inserted);
  statistics.mean_duration = mean(duration_, arrived_);
  statistics.mean_waiting = mean(waiting_, arrived_);
  statistics.mean_time_loss = mean(time_loss_, arrived_);
  statistics.mean_route_length = mean(driven_, arrived_);
}

}  // namespace tersor::twin
