// Who is where: the vehicles' state, an array a field, and the order of the vehicles on each lane.
// A vehicle on the road has a slot; slots of those who arrived are used again.
#ifndef TERSOR_TWIN_TRAFFIC_STATE_H_
#define TERSOR_TWIN_TRAFFIC_STATE_H_

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "tersor/twin/car_following.h"
#include "tersor/twin/road_graph.h"
#include "tersor/twin/route_lanes.h"

namespace tersor::twin {

/// What a vehicle plans at one link ahead of it.
struct LinkPlan {
  int32_t link = -1;              // none: the lane ends there, or nothing follows
  bool request = false;           // it wants to pass
  double pass_speed = 0;          // m/s for the next step if it may
  double wait_speed = 0;          // and if it may not
  double distance = 0;            // m to the link
  double arrival = 0, leave = 0;  // s, absolute
  double arrival_speed = 0, leave_speed = 0;
  double braking_speed = 0;  // m/s on arrival if it brakes from now on
};

/// Vehicles by slot; SI units.
struct VehicleFields {
  // What a vehicle is.
  std::vector<int32_t> vehicle;    // in order of departure
  std::vector<int32_t> departure;  // in the demand
  std::vector<int32_t> type;
  std::vector<const CarFollower*> follower;
  std::vector<const RouteLanes*> route;
  std::vector<double> length;
  std::vector<double> speed_factor;
  std::vector<double> arrival_position;
  // Where it is and how it moves.
  std::vector<int32_t> lane;
  std::vector<int32_t> place;    // of the route's edges
  std::vector<double> position;  // of the front, along the lane
  std::vector<double> speed, accel;
  std::vector<std::vector<int32_t>> trail;  // lanes on which its body still is, oldest first
  // What it decided for this step.
  std::vector<double> next_speed;
  std::vector<std::vector<LinkPlan>> plans;
  std::vector<char> waits_ahead;  // for a link, or behind somebody who does
  // On a junction; s, infinite elsewhere.
  std::vector<double> entered;        // when it came onto it
  std::vector<double> entry_time;     // the same until it has to wait inside: then others go first
  std::vector<double> conflict_time;  // when it came to where others cross
  std::vector<char> wants_out;        // by its last plan it drives over its lane's end
  // Lane changes.
  std::vector<double> speed_gain, keep_right;  // how much speaks for the left, for the right
  std::vector<double> look_ahead_speed;        // m/s by which the route's lane is looked for
  std::vector<double> speed_cap;               // m/s for the next step, to let somebody in
  std::vector<signed char> wish;  // above 0 to the left, below to the right; 2: has room
  std::vector<char> urgent;       // the route needs the wish
  // For statistics and teleports.
  std::vector<double> departed, time_loss, driven;  // s, s, m
  std::vector<double> waiting, waited;              // s: since it last moved, and in all
  std::vector<char> leaves;  // its move ends past the lane's end, or at the journey's
  // What a pilot did in this step, and where it shows its vehicle.
  std::vector<char> piloted;
  std::vector<char> keeps_lane;  // but for its route
  std::vector<double> advance, pilot_speed, pilot_accel;
  std::vector<double> x, y, angle;  // NaN: as the lane has it
  std::vector<int32_t> beside;      // a lane beside its own into which its body reaches, or -1

  void Resize(size_t size);
  /// The vehicle in slot i comes from slot order[i].
  void Reorder(const std::vector<int32_t>& order);

 private:
  /// Calls visit(array) on every field.
  template <typename Visit>
  void ForEach(const Visit& visit);
};

/// Slots after TrafficState::Renumber().
template <typename Slots>
void Rename(const std::vector<int32_t>& renumbered, Slots& slots) {
  for (int32_t& slot : slots) {
    slot = renumbered[static_cast<size_t>(slot)];
  }
}

class TrafficState {
 public:
  TrafficState(const RoadGraph& graph, double step_length);

  const RoadGraph& graph() const { return *graph_; }
  double step_length() const { return step_length_; }

  VehicleFields fields;
  double time = 0;  // s

  /// Slots of everyone on the road, in order of departure.
  const std::vector<int32_t>& running() const { return running_; }
  const std::vector<int32_t>& on_lane(int32_t lane) const {
    return on_lane_[static_cast<size_t>(lane)];
  }
  std::vector<int32_t>& on_lane(int32_t lane) { return on_lane_[static_cast<size_t>(lane)]; }
  /// m that the vehicles on a lane take, with their gaps.
  double load(int32_t lane) const { return load_[static_cast<size_t>(lane)]; }
  /// Lanes with vehicles; the order depends on the history alone.
  const std::vector<int32_t>& active_lanes() const { return active_lanes_; }

  /// The body that is nearest a lane's begin.
  struct Rear {
    int32_t slot = -1;                                      // nobody
    double back = std::numeric_limits<double>::infinity();  // m along the lane, may be negative
  };
  /// Who drives on a lane beside it, with a part of the body on this one.
  std::span<const int32_t> reaching(int32_t lane) const {
    return reaching_[static_cast<size_t>(lane)];
  }
  /// Of two bodies ahead of `position` the nearer one: `known`, or one that reaches into the lane.
  Rear NearestAhead(int32_t lane, double position, int32_t slot, Rear known) const;

  /// Of those whose front has left the lane.
  const Rear& leaving(int32_t lane) const { return leaving_[static_cast<size_t>(lane)]; }
  Rear LastOn(int32_t lane) const;

  double Back(int32_t slot) const {
    const auto s = static_cast<size_t>(slot);
    return fields.position[s] - fields.length[s];
  }
  /// m/s that the driver wants on this lane.
  double DesiredSpeed(int32_t slot, int32_t lane) const;
  DriverState Driver(int32_t slot, int32_t lane) const;
  LeaderState Leader(int32_t slot) const;

  /// The link that a vehicle on `lane`, at `place` of its route, takes; -1: none leads on.
  int32_t NextLink(int32_t slot, int32_t lane, int32_t place) const;
  bool OnLastEdge(int32_t slot, int32_t lane, int32_t place) const;

  int32_t AddSlot();         // free, with the fields of somebody who is not on the road yet
  void Start(int32_t slot);  // it runs from now on
  void Release(const std::vector<int32_t>& slots);
  /// Gives vehicles that are near each other slots that are, lane by lane: what is read together
  /// lies together, and threads that share out lanes write to different cache lines. Returns the
  /// new slot of each old one, valid until the next call; whoever keeps slots must follow.
  const std::vector<int32_t>& Renumber();
  /// Puts a vehicle on a lane at its position; sets its lane.
  void Place(int32_t slot, int32_t lane);
  /// Takes it off its lane.
  void Remove(int32_t slot);
  /// Onto a neighbouring lane. Touches these two lanes alone, so edges may do it side by side;
  /// Activate their lanes afterwards.
  void Move(int32_t slot, int32_t lane);
  void Activate(int32_t lane);
  /// Brings a lane's vehicles back into order, front to back, after moves that nobody planned.
  void Sort(int32_t lane);
  /// Whose body reaches into a lane beside his own: of all who are on the road now.
  void UpdateReaching();
  /// After moves: who leaves lanes, who reaches into others, and which lanes are empty.
  void UpdateOccupancy();

 private:
  void Insert(int32_t slot, int32_t lane);

  const RoadGraph* graph_;
  double step_length_;
  std::vector<std::vector<int32_t>> on_lane_;  // front to back
  std::vector<double> load_;
  std::vector<Rear> leaving_;
  std::vector<int32_t> left_lanes_;  // those with an entry in leaving_
  std::vector<std::vector<int32_t>> reaching_;
  std::vector<int32_t> reached_lanes_;  // those with an entry in reaching_
  std::vector<int32_t> active_lanes_;
  std::vector<char> active_;
  std::vector<int32_t> running_, free_;
  std::vector<int32_t> renumbered_;
};

inline double TrafficState::DesiredSpeed(int32_t slot, int32_t lane) const {
  const auto s = static_cast<size_t>(slot);
  return std::min(graph_->lane(lane).speed * fields.speed_factor[s],
                  fields.follower[s]->max_speed());
}

inline DriverState TrafficState::Driver(int32_t slot, int32_t lane) const {
  const auto s = static_cast<size_t>(slot);
  return {fields.speed[s], fields.accel[s], DesiredSpeed(slot, lane)};
}

inline LeaderState TrafficState::Leader(int32_t slot) const {
  const auto s = static_cast<size_t>(slot);
  return {fields.speed[s], fields.follower[s]->decel(), fields.accel[s]};
}

inline TrafficState::Rear TrafficState::LastOn(int32_t lane) const {
  const std::vector<int32_t>& vehicles = on_lane(lane);
  Rear last = vehicles.empty() ? leaving(lane) : Rear{vehicles.back(), Back(vehicles.back())};
  for (const int32_t other : reaching(lane)) {
    last = Back(other) < last.back ? Rear{other, Back(other)} : last;
  }
  return last;
}

inline bool TrafficState::OnLastEdge(int32_t slot, int32_t lane, int32_t place) const {
  return place + 1 >= fields.route[static_cast<size_t>(slot)]->num_edges() &&
         !graph_->lane(lane).internal;
}

inline int32_t TrafficState::NextLink(int32_t slot, int32_t lane, int32_t place) const {
  const RoadGraph::LaneFacts& facts = graph_->lane(lane);
  return facts.internal ? facts.only_link
                        : fields.route[static_cast<size_t>(slot)]->At(place, facts.index).link;
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_TRAFFIC_STATE_H_
