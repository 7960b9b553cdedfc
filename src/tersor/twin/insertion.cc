#include "tersor/twin/insertion.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/entry_point.h"
#include "tersor/twin/vehicle_class.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// Streams of random numbers, one an idea; the stream's elements belong to a departure.
constexpr uint64_t kFactorStream = 1, kEntryStream = 2;
constexpr uint64_t kNumbersEach = 1024;

/// Of the speed limit, by the type's normal distribution, cut at its bounds by drawing again.
double SpeedFactor(const VehicleType& type, const Rng& rng, uint64_t index) {
  if (type.speed_deviation <= 0) {
    return type.speed_factor;
  }
  for (uint64_t i = 0; i < kNumbersEach; ++i) {
    const double factor =
        type.speed_factor + type.speed_deviation * rng.Normal(index * kNumbersEach + i);
    if (factor >= type.speed_lowest && factor <= type.speed_highest) {
      return factor;
    }
  }
  return std::clamp(type.speed_factor, type.speed_lowest, type.speed_highest);
}

void CheckDeparture(const Network& network, const Demand& demand, const Departure& departure) {
  const auto in = [](int32_t index, size_t size) {
    return index >= 0 && static_cast<size_t>(index) < size;
  };
  TERSOR_CHECK(in(departure.type, demand.types.size()) && in(departure.route, demand.routes.size()),
               "vehicle '", departure.id, "' has no type or no route");
  const Route& route = demand.routes[static_cast<size_t>(departure.route)];
  TERSOR_CHECK(!route.edges.empty(), "vehicle '", departure.id, "': its route '", route.id,
               "' has no edges");
  const Edge& edge = network.edges[static_cast<size_t>(route.edges.front())];
  TERSOR_CHECK(departure.lane_choice != Departure::LaneChoice::kIndex ||
                   in(departure.lane, edge.lanes.size()),
               "vehicle '", departure.id, "': departLane is ", departure.lane, ", but edge '",
               edge.id, "' has ", edge.lanes.size(), " lane(s)");
  const double length = network.lanes[static_cast<size_t>(edge.lanes.front())].length;
  TERSOR_CHECK(departure.position_choice != Departure::PositionChoice::kMetres ||
                   std::abs(departure.position) <= length,
               "vehicle '", departure.id, "': departPos is ", departure.position, ", but edge '",
               edge.id, "' is ", length, " m long");
}

}  // namespace

Insertion::Insertion(const RoadGraph& graph, const Demand& demand, double step_length, double begin,
                     uint64_t seed)
    : demand_(&demand),
      seed_(seed),
      routes_(demand.routes.size()),
      queues_(graph.network().edges.size()) {
  for (const VehicleType& type : demand.types) {
    followers_.emplace_back(type, step_length);
    classes_.push_back(ClassBit(type.vehicle_class));
    TERSOR_CHECK(classes_.back() != 0, "vType '", type.id, "': class '", type.vehicle_class,
                 "' is not known");
  }
  for (const Departure& departure : demand.departures) {
    CheckDeparture(graph.network(), demand, departure);
  }
  while (next_ < demand.departures.size() && demand.departures[next_].time < begin - 1e-9) {
    ++next_;
  }
}

const RouteLanes& Insertion::LanesOf(const RoadGraph& graph, const Departure& departure) {
  const VehicleClasses vehicle_class = classes_[static_cast<size_t>(departure.type)];
  auto& known = routes_[static_cast<size_t>(departure.route)];
  for (const auto& [of_class, lanes] : known) {
    if (of_class == vehicle_class) {
      return *lanes;
    }
  }
  const Route& route = demand_->routes[static_cast<size_t>(departure.route)];
  known.emplace_back(vehicle_class, std::make_unique<RouteLanes>(graph, route, vehicle_class));
  return *known.back().second;
}

int32_t Insertion::Prepare(TrafficState& state, size_t index) {
  const Departure& departure = demand_->departures[index];
  const RouteLanes& lanes = LanesOf(state.graph(), departure);
  const int32_t slot = state.AddSlot();
  const auto s = static_cast<size_t>(slot);
  const auto type = static_cast<size_t>(departure.type);
  VehicleFields& fields = state.fields;
  fields.departure[s] = static_cast<int32_t>(index);
  fields.type[s] = departure.type;
  fields.follower[s] = &followers_[type];
  fields.route[s] = &lanes;
  fields.length[s] = followers_[type].length();
  fields.speed_factor[s] = SpeedFactor(demand_->types[type], Rng(seed_, kFactorStream), index);
  const double end = departure.arrival_position;
  const Edge& last =
      state.graph().network().edges[static_cast<size_t>(lanes.edge(lanes.num_edges() - 1))];
  const double length = state.graph().lane(last.lanes.front()).length;
  fields.arrival_position[s] = std::clamp(end < 0 ? end + length : end, 0.0, length);
  return slot;
}

const std::vector<int32_t>& Insertion::Insert(TrafficState& state, const LinkSignals& signals) {
  inserted_.clear();
  const auto& departures = demand_->departures;
  for (; next_ < departures.size() && departures[next_].time <= state.time + 1e-9; ++next_) {
    const int32_t slot = Prepare(state, next_);
    const int32_t edge = state.fields.route[static_cast<size_t>(slot)]->edge(0);
    auto& queue = queues_[static_cast<size_t>(edge)];
    if (queue.empty()) {
      waiting_edges_.push_back(edge);
    }
    queue.push_back(slot);
    ++waiting_;
  }
  const Rng rng(seed_, kEntryStream);
  ++tries_;
  for (const int32_t edge : waiting_edges_) {
    auto& queue = queues_[static_cast<size_t>(edge)];
    const size_t lanes = state.graph().network().edges[static_cast<size_t>(edge)].lanes.size();
    refusing_.clear();
    std::erase_if(queue, [&](int32_t slot) {
      if (refusing_.size() == lanes) {
        return false;
      }
      const auto s = static_cast<size_t>(slot);
      const auto departure = static_cast<size_t>(state.fields.departure[s]);
      const uint64_t choice = (tries_ * departures.size() + departure) * kNumbersEach;
      const EntryPoint entry =
          EntrySearch(state, signals, slot, departures[departure], rng, choice).Find(refusing_);
      if (entry.lane < 0) {
        return false;
      }
      --waiting_;
      state.fields.position[s] = entry.position;
      state.fields.speed[s] = entry.speed;
      state.fields.departed[s] = state.time;
      state.Place(slot, entry.lane);
      state.Start(slot);
      inserted_.push_back(slot);
      return true;
    });
  }
  std::erase_if(waiting_edges_,
                [this](int32_t edge) { return queues_[static_cast<size_t>(edge)].empty(); });
  return inserted_;
}

bool Insertion::Reinsert(TrafficState& state, const LinkSignals& signals, int32_t slot) const {
  const auto s = static_cast<size_t>(slot);
  const Rng rng(seed_, kEntryStream);
  const Departure& departure = demand_->departures[static_cast<size_t>(state.fields.departure[s])];
  const EntryPoint entry = EntrySearch(state, signals, slot, departure, rng, 0).FindAtBegin();
  if (entry.lane < 0) {
    return false;
  }
  state.fields.position[s] = entry.position;
  state.fields.speed[s] = entry.speed;
  state.fields.waiting[s] = 0;
  state.Place(slot, entry.lane);
  return true;
}

}  // namespace tersor::twin
