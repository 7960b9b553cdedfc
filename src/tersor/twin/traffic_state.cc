#include "tersor/twin/traffic_state.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {

template <typename Visit>
void VehicleFields::ForEach(const Visit& visit) {
  for (auto* field : {&vehicle, &departure, &type, &lane, &place, &beside}) {
    visit(*field);
  }
  for (auto* field :
       {&length,          &speed_factor, &arrival_position, &position,  &speed,      &accel,
        &next_speed,      &speed_gain,   &keep_right,       &speed_cap, &departed,   &waiting,
        &waited,          &time_loss,    &driven,           &entered,   &entry_time, &conflict_time,
        &advance,         &pilot_speed,  &pilot_accel,      &x,         &y,          &angle,
        &look_ahead_speed}) {
    visit(*field);
  }
  for (auto* field : {&waits_ahead, &wants_out, &leaves, &urgent, &piloted, &keeps_lane}) {
    visit(*field);
  }
  visit(follower);
  visit(route);
  visit(trail);
  visit(plans);
  visit(wish);
}

void VehicleFields::Resize(size_t size) {
  ForEach([size](auto& field) { field.resize(size); });
}

void VehicleFields::Reorder(const std::vector<int32_t>& order) {
  ForEach([&order]<typename T>(std::vector<T>& field) {
    std::vector<T> reordered;
    reordered.reserve(order.size());
    for (const int32_t slot : order) {
      reordered.push_back(std::move(field[static_cast<size_t>(slot)]));
    }
    field = std::move(reordered);
  });
}

TrafficState::TrafficState(const RoadGraph& graph, double step_length)
    : graph_(&graph),
      step_length_(step_length),
      on_lane_(static_cast<size_t>(graph.num_lanes())),
      load_(static_cast<size_t>(graph.num_lanes()), 0),
      leaving_(static_cast<size_t>(graph.num_lanes())),
      reaching_(static_cast<size_t>(graph.num_lanes())),
      active_(static_cast<size_t>(graph.num_lanes()), 0) {}

int32_t TrafficState::AddSlot() {
  int32_t slot = static_cast<int32_t>(fields.vehicle.size());
  if (free_.empty()) {
    fields.Resize(static_cast<size_t>(slot) + 1);
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  const auto s = static_cast<size_t>(slot);
  fields.place[s] = 0;
  fields.lane[s] = -1;
  fields.accel[s] = 0;
  fields.trail[s].clear();
  fields.plans[s].clear();
  fields.waits_ahead[s] = 0;
  fields.wants_out[s] = 0;
  fields.entered[s] = fields.entry_time[s] = fields.conflict_time[s] =
      std::numeric_limits<double>::infinity();
  fields.speed_gain[s] = fields.keep_right[s] = fields.look_ahead_speed[s] = 0;
  fields.speed_cap[s] = std::numeric_limits<double>::infinity();
  fields.wish[s] = 0;
  fields.urgent[s] = 0;
  fields.leaves[s] = 0;
  fields.piloted[s] = fields.keeps_lane[s] = 0;
  fields.x[s] = fields.y[s] = fields.angle[s] = NAN;
  fields.beside[s] = -1;
  fields.waiting[s] = fields.waited[s] = fields.time_loss[s] = fields.driven[s] = 0;
  return slot;
}

void TrafficState::Start(int32_t slot) { running_.push_back(slot); }

void TrafficState::Release(const std::vector<int32_t>& slots) {
  if (slots.empty()) {
    return;
  }
  for (const int32_t slot : slots) {
    fields.vehicle[static_cast<size_t>(slot)] = -1;
    free_.push_back(slot);
  }
  std::erase_if(running_,
                [this](int32_t slot) { return fields.vehicle[static_cast<size_t>(slot)] < 0; });
}

const std::vector<int32_t>& TrafficState::Renumber() {
  std::sort(active_lanes_.begin(), active_lanes_.end());
  std::vector<int32_t> order;
  order.reserve(fields.vehicle.size());
  renumbered_.assign(fields.vehicle.size(), -1);
  const auto take = [&](int32_t slot) {
    renumbered_[static_cast<size_t>(slot)] = static_cast<int32_t>(order.size());
    order.push_back(slot);
  };
  for (const int32_t lane : active_lanes_) {
    std::ranges::for_each(on_lane(lane), take);
  }
  for (int32_t slot = 0; slot < std::ssize(renumbered_); ++slot) {
    if (renumbered_[static_cast<size_t>(slot)] < 0) {
      take(slot);
    }
  }
  fields.Reorder(order);
  const auto follow = [this](std::vector<int32_t>& slots) { Rename(renumbered_, slots); };
  for (const int32_t lane : active_lanes_) {
    follow(on_lane(lane));
  }
  for (const int32_t lane : left_lanes_) {
    int32_t& slot = leaving_[static_cast<size_t>(lane)].slot;
    slot = renumbered_[static_cast<size_t>(slot)];
  }
  follow(running_);
  follow(free_);
  UpdateReaching();
  return renumbered_;
}

void TrafficState::Insert(int32_t slot, int32_t lane) {
  std::vector<int32_t>& vehicles = on_lane(lane);
  const double position = fields.position[static_cast<size_t>(slot)];
  auto before = vehicles.end();
  while (before != vehicles.begin() &&
         fields.position[static_cast<size_t>(*(before - 1))] < position) {
    --before;
  }
  vehicles.insert(before, slot);
  const CarFollower& follower = *fields.follower[static_cast<size_t>(slot)];
  load_[static_cast<size_t>(lane)] += follower.length() + follower.min_gap();
  fields.lane[static_cast<size_t>(slot)] = lane;
}

void TrafficState::Activate(int32_t lane) {
  if (!active_[static_cast<size_t>(lane)] && !on_lane(lane).empty()) {
    active_[static_cast<size_t>(lane)] = 1;
    active_lanes_.push_back(lane);
  }
}

void TrafficState::Place(int32_t slot, int32_t lane) {
  Insert(slot, lane);
  Activate(lane);
}

void TrafficState::Remove(int32_t slot) {
  const int32_t lane = fields.lane[static_cast<size_t>(slot)];
  std::vector<int32_t>& vehicles = on_lane(lane);
  vehicles.erase(std::find(vehicles.begin(), vehicles.end(), slot));
  const CarFollower& follower = *fields.follower[static_cast<size_t>(slot)];
  double& load = load_[static_cast<size_t>(lane)];
  load = vehicles.empty() ? 0 : load - follower.length() - follower.min_gap();
  fields.lane[static_cast<size_t>(slot)] = -1;
}

void TrafficState::Move(int32_t slot, int32_t lane) {
  Remove(slot);
  Insert(slot, lane);
}

void TrafficState::Sort(int32_t lane) {
  const auto behind = [this](int32_t a, int32_t b) {
    return fields.position[static_cast<size_t>(a)] > fields.position[static_cast<size_t>(b)];
  };
  std::vector<int32_t>& vehicles = on_lane(lane);
  if (!std::is_sorted(vehicles.begin(), vehicles.end(), behind)) {
    std::stable_sort(vehicles.begin(), vehicles.end(), behind);
  }
}

TrafficState::Rear TrafficState::NearestAhead(int32_t lane, double position, int32_t slot,
                                              Rear known) const {
  for (const int32_t other : reaching(lane)) {
    const double front = fields.position[static_cast<size_t>(other)];
    if (other != slot && front > position && Back(other) < known.back) {
      known = {other, Back(other)};
    }
  }
  return known;
}

void TrafficState::UpdateReaching() {
  for (const int32_t lane : reached_lanes_) {
    reaching_[static_cast<size_t>(lane)].clear();
  }
  reached_lanes_.clear();
  for (const int32_t slot : running_) {
    const int32_t beside = fields.beside[static_cast<size_t>(slot)];
    if (beside >= 0) {
      reached_lanes_.push_back(beside);
      reaching_[static_cast<size_t>(beside)].push_back(slot);
    }
  }
}

void TrafficState::UpdateOccupancy() {
  UpdateReaching();
  for (const int32_t lane : left_lanes_) {
    leaving_[static_cast<size_t>(lane)] = {};
  }
  left_lanes_.clear();
  for (const int32_t slot : running_) {
    const auto s = static_cast<size_t>(slot);
    std::vector<int32_t>& trail = fields.trail[s];
    if (trail.empty()) {
      continue;
    }
    // From the lane that was left last, on which the body reaches farthest back.
    double back = Back(slot);
    size_t kept = trail.size();
    while (kept > 0 && back < 0) {
      const int32_t lane = trail[--kept];
      back += graph_->lane(lane).length;
      Rear& rear = leaving_[static_cast<size_t>(lane)];
      if (rear.slot < 0) {
        left_lanes_.push_back(lane);
      }
      if (back < rear.back) {
        rear = {slot, back};
      }
    }
    trail.erase(trail.begin(), trail.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  std::erase_if(active_lanes_, [this](int32_t lane) {
    const bool empty = on_lane(lane).empty();
    active_[static_cast<size_t>(lane)] = !empty;
    return empty;
  });
}

}  // namespace tersor::twin
