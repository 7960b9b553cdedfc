#include "tersor/twin/embedded_traffic.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "tersor/twin/coupling/pilot.h"
#include "tersor/twin/drive_plan.h"
#include "tersor/twin/insertion.h"
#include "tersor/twin/lane_change.h"
#include "tersor/twin/movement.h"
#include "tersor/twin/neighbours.h"
#include "tersor/twin/right_of_way.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::twin {
namespace {

constexpr uint64_t kDawdleStream = 3;
// m, and s of driving, within which a pilot is told of a vehicle ahead.
constexpr double kSeen = 100, kSeenSeconds = 8;
constexpr int64_t kLanesATurn = 16;        // of a thread
constexpr int64_t kVehiclesAThread = 256;  // at least
constexpr int64_t kRenumberSteps = 16;     // between two orders of the slots

EmbeddedOptions Checked(const EmbeddedOptions& options) {
  TERSOR_CHECK(options.step_length > 0 && options.step_length <= 10, "step_length is ",
               options.step_length, " s; it must be above 0 and at most 10");
  TERSOR_CHECK(std::isfinite(options.begin), "begin is not a number");
  TERSOR_CHECK(options.time_to_impatience > 0, "time_to_impatience is ", options.time_to_impatience,
               " s; it must be above 0");
  return options;
}

}  // namespace

class EmbeddedTraffic::Engine {
 public:
  Engine(const Network& network, const Demand& demand, const EmbeddedOptions& options)
      : options_(Checked(options)),
        demand_(demand),
        graph_(network),
        signals_(network),
        approaches_(graph_),
        state_(graph_, options.step_length),
        movement_(state_, options.time_to_teleport),
        insertion_(graph_, demand, options.step_length, options.begin, options.seed),
        edge_step_(network.edges.size(), -1) {
    for (const VehicleType& type : demand.types) {
      VehicleType gentle = type;
      gentle.decel = std::min(type.decel, options.pilot_decel);
      gentle_.emplace_back(gentle, options.step_length);
      lane_change_.push_back(options.lane_changes ? LaneChangeModelOf(type)
                                                  : LaneChangeModel::kNone);
    }
    signals_.Set(options.begin);
    state_.time = options.begin;
  }

  void Step(Pilot* pilot, const Traffic& self) {
    if (step_ % kRenumberSteps == 0) {
      Renumber();
    }
    if (pilot != nullptr) {
      pilot->Choose(snapshot(), self, &pilot_rows_);
    }
    Release(pilot != nullptr ? pilot_rows_ : std::vector<int32_t>());
    state_.time = options_.begin + static_cast<double>(step_) * options_.step_length;
    signals_.Set(state_.time);
    Plan();
    approaches_.Announce(state_);
    Decide();
    if (pilot != nullptr) {
      Drive(*pilot, self);
    }
    Move();
    ChangeLanes();
    Insert();
    statistics_.updates += static_cast<int64_t>(state_.running().size());
    ++step_;
    posed_ = false;
  }

  bool finished() const { return insertion_.done() && state_.running().empty(); }
  double step_length() const { return options_.step_length; }
  const std::vector<Vehicle>& vehicles() const { return vehicles_; }
  std::string_view signal_state(int32_t signal) const { return signals_.state(signal); }

  const Snapshot& snapshot() {
    if (!posed_) {
      movement_.Pose(snapshot_, row_slots_);
      posed_ = true;
    }
    return snapshot_;
  }

  TrafficStatistics statistics() const {
    TrafficStatistics result = statistics_;
    result.inserted = static_cast<int64_t>(vehicles_.size());
    movement_.AddStatistics(result);
    result.running = static_cast<int64_t>(state_.running().size());
    result.waiting = insertion_.waiting();
    return result;
  }

 private:
  bool OneThread() const {
    return options_.threads == 1 || std::ssize(state_.running()) < options_.parallel_vehicles;
  }

  /// Lane by lane, or edge by edge. A free thread takes the next few, as some are full and others
  /// all but empty.
  template <typename Body>
  void ForLanes(const std::vector<int32_t>& items, const Body& body) const {
    const int64_t count = std::ssize(items);
    std::atomic<int64_t> next = 0;
    const auto take = [&](int64_t, int64_t) {
      for (int64_t first; (first = next.fetch_add(kLanesATurn)) < count;) {
        for (int64_t i = first; i < std::min(first + kLanesATurn, count); ++i) {
          body(items[static_cast<size_t>(i)]);
        }
      }
    };
    if (OneThread()) {
      take(0, 1);
    } else {
      ParallelFor(0, std::min<int64_t>(NumThreads(), count), 1, take);
    }
  }

  /// Each vehicle on a lane, where its neighbours' order does not matter. A thread has slots in a
  /// row.
  template <typename Body>
  void ForVehicles(const Body& body) const {
    const auto loop = [&](int64_t first, int64_t last) {
      for (int64_t slot = first; slot < last; ++slot) {
        if (state_.fields.lane[static_cast<size_t>(slot)] >= 0) {
          body(static_cast<int32_t>(slot));
        }
      }
    };
    const int64_t count = std::ssize(state_.fields.lane);
    if (OneThread()) {
      loop(0, count);
    } else {
      ParallelFor(0, count, kVehiclesAThread, loop);
    }
  }

  void Renumber() {
    const std::vector<int32_t>& renumbered = state_.Renumber();
    movement_.Renumber(renumbered);
    insertion_.Renumber(renumbered);
    Rename(renumbered, pilot_slots_);
    Rename(renumbered, row_slots_);
  }

  void Plan() {
    ForLanes(state_.active_lanes(), [this](int32_t lane) {
      TrafficState::Rear leader = state_.leaving(lane);
      double queue = 0;
      for (const int32_t slot : state_.on_lane(lane)) {
        PlanDrive(state_, signals_, slot, pilot_slots_.empty() ? leader : Nearest(slot, leader),
                  queue);
        leader = {slot, state_.Back(slot)};
        const CarFollower& follower = *state_.fields.follower[static_cast<size_t>(slot)];
        queue += follower.length() + follower.min_gap();
      }
    });
  }

  /// The leader on a vehicle's lane, one who reaches into it, or one on the lane that the vehicle
  /// has not left yet.
  TrafficState::Rear Nearest(int32_t slot, const TrafficState::Rear& leader) const {
    const auto s = static_cast<size_t>(slot);
    const VehicleFields& fields = state_.fields;
    const double position = fields.position[s];
    const TrafficState::Rear near = state_.NearestAhead(fields.lane[s], position, slot, leader);
    if (fields.beside[s] < 0) {
      return near;
    }
    const Neighbours old =
        NeighboursOnLane(state_, fields.beside[s], position, fields.length[s], slot);
    return old.leader >= 0 && position + old.lead_gap < near.back
               ? TrafficState::Rear{old.leader, position + old.lead_gap}
               : near;
  }

  /// Whoever the pilot does not drive any more is the traffic's again.
  void Release(const std::vector<int32_t>& rows) {
    VehicleFields& fields = state_.fields;
    std::vector<int32_t> before = std::move(pilot_slots_);
    pilot_slots_.clear();
    for (const int32_t slot : before) {
      fields.piloted[static_cast<size_t>(slot)] = 0;
    }
    for (const int32_t row : rows) {
      const int32_t slot = row_slots_[static_cast<size_t>(row)];
      fields.piloted[static_cast<size_t>(slot)] = 1;
      pilot_slots_.push_back(slot);
    }
    for (const int32_t slot : before) {
      const auto s = static_cast<size_t>(slot);
      if (!fields.piloted[s]) {
        fields.x[s] = NAN;
        fields.beside[s] = -1;
        fields.keeps_lane[s] = 0;
      }
    }
  }

  Wish WishOf(int32_t row) const {
    const int32_t slot = row_slots_[static_cast<size_t>(row)];
    const auto s = static_cast<size_t>(slot);
    const VehicleFields& fields = state_.fields;
    Wish wish;
    wish.row = row;
    wish.lane = fields.lane[s];
    wish.speed = fields.next_speed[s];
    wish.free_speed = FreeSpeed(state_, signals_, approaches_, slot, options_.time_to_impatience,
                                gentle_[static_cast<size_t>(fields.type[s])],
                                fields.speed[s] * options_.pilot_response);
    wish.desired_speed = state_.DesiredSpeed(slot, wish.lane);
    Neighbours near =
        NeighboursAt(state_, wish.lane, {fields.position[s], fields.length[s], fields.speed[s]},
                     slot, fields.place[s], kSeen + kSeenSeconds * fields.speed[s]);
    if (fields.beside[s] >= 0) {
      // Until it has left the other lane it may hit those ahead there.
      const Neighbours other =
          NeighboursOnLane(state_, fields.beside[s], fields.position[s], fields.length[s], slot);
      if (other.leader >= 0 && other.lead_gap < near.lead_gap) {
        near = other;
      }
    }
    if (near.leader >= 0) {
      wish.leader = fields.vehicle[static_cast<size_t>(near.leader)];
      wish.gap = near.lead_gap;
      wish.leader_speed = fields.speed[static_cast<size_t>(near.leader)];
    }
    return wish;
  }

  void Drive(Pilot& pilot, const Traffic& self) {
    wishes_.clear();
    for (const int32_t row : pilot_rows_) {
      wishes_.push_back(WishOf(row));
    }
    DriveAndCheck(pilot, self, wishes_, &motions_);
    VehicleFields& fields = state_.fields;
    for (const Motion& motion : motions_) {
      const int32_t slot = row_slots_[static_cast<size_t>(motion.row)];
      const auto s = static_cast<size_t>(slot);
      fields.advance[s] = motion.advance;
      fields.pilot_speed[s] = motion.speed;
      fields.pilot_accel[s] = motion.accel;
      fields.x[s] = motion.x;
      fields.y[s] = motion.y;
      fields.angle[s] = motion.angle;
      fields.beside[s] = motion.beside;
      fields.keeps_lane[s] = motion.keeps_lane;
      if (motion.leaves) {
        std::erase(pilot_slots_, slot);
        movement_.Remove(slot);
      }
    }
  }

  void Decide() {
    const Rng rng(options_.seed, kDawdleStream);
    ForVehicles([this, &rng](int32_t slot) {
      const auto s = static_cast<size_t>(slot);
      const auto vehicle = static_cast<uint64_t>(state_.fields.vehicle[s]);
      const double random = state_.fields.follower[s]->sigma() > 0
                                ? rng.Uniform((vehicle << 32) | static_cast<uint64_t>(step_))
                                : 0;
      DecideSpeed(state_, signals_, approaches_, slot, options_.time_to_impatience, random);
    });
  }

  void Move() {
    ForVehicles([this](int32_t slot) { movement_.Advance(slot); });
    for (const int32_t slot : pilot_slots_) {  // who may have driven past his leader
      state_.Sort(state_.fields.lane[static_cast<size_t>(slot)]);
    }
    movement_.Transfer();
    movement_.Teleport(signals_, insertion_);
    state_.UpdateOccupancy();
  }

  void ChangeLanes() {
    lanes_before_.clear();
    for (const int32_t slot : pilot_slots_) {
      lanes_before_.push_back(state_.fields.lane[static_cast<size_t>(slot)]);
    }
    changing_edges_.clear();
    for (const int32_t lane : state_.active_lanes()) {
      const RoadGraph::LaneFacts& facts = graph_.lane(lane);
      int64_t& seen = edge_step_[static_cast<size_t>(facts.edge)];
      if (!facts.internal && (facts.left >= 0 || facts.right >= 0) && seen != step_) {
        seen = step_;
        changing_edges_.push_back(facts.edge);
      }
    }
    const Network& network = graph_.network();
    ForLanes(changing_edges_, [&](int32_t edge) {
      for (const int32_t lane : network.edges[static_cast<size_t>(edge)].lanes) {
        for (const int32_t slot : state_.on_lane(lane)) {
          VehicleFields& fields = state_.fields;
          const auto s = static_cast<size_t>(slot);
          if (fields.beside[s] < 0) {
            DecideLaneChange(state_, slot, lane_change_[static_cast<size_t>(fields.type[s])], {});
          }
          // The first is still at its last change.
          if (fields.beside[s] >= 0 || (fields.keeps_lane[s] != 0 && fields.urgent[s] == 0)) {
            fields.wish[s] = 0;
          }
        }
      }
    });
    ForLanes(changing_edges_, [&](int32_t edge) {
      twin::ChangeLanes(state_, network.edges[static_cast<size_t>(edge)]);
    });
    Straddle();
    for (const int32_t edge : changing_edges_) {
      for (const int32_t lane : network.edges[static_cast<size_t>(edge)].lanes) {
        state_.Activate(lane);
      }
    }
  }

  /// Those of a pilot who have changed lanes are on both until their bodies have.
  void Straddle() {
    bool any = false;
    for (size_t i = 0; i < pilot_slots_.size(); ++i) {
      const auto s = static_cast<size_t>(pilot_slots_[i]);
      const int32_t lane = state_.fields.lane[s], before = lanes_before_[i];
      if (lane != before && lane >= 0 && before >= 0 && !std::isnan(state_.fields.x[s])) {
        state_.fields.beside[s] = before;
        any = true;
      }
    }
    if (any) {
      state_.UpdateReaching();
    }
  }

  void Insert() {
    for (const int32_t slot : insertion_.Insert(state_, signals_)) {
      const auto s = static_cast<size_t>(slot);
      const Departure& departure =
          demand_.departures[static_cast<size_t>(state_.fields.departure[s])];
      const VehicleType& type = demand_.types[static_cast<size_t>(departure.type)];
      state_.fields.vehicle[s] = static_cast<int32_t>(vehicles_.size());
      vehicles_.push_back({departure.id, type.id, type.length, type.width,
                           demand_.routes[static_cast<size_t>(departure.route)].edges});
      movement_.AddDelay(state_.time - departure.time);
    }
  }

  const EmbeddedOptions options_;
  const Demand& demand_;
  const RoadGraph graph_;
  LinkSignals signals_;
  Approaches approaches_;
  TrafficState state_;
  Movement movement_;
  Insertion insertion_;
  std::vector<LaneChangeModel> lane_change_;  // by type
  std::vector<CarFollower> gentle_;           // by type, as pilots brake
  std::vector<int32_t> changing_edges_;       // with several lanes, and vehicles
  std::vector<int64_t> edge_step_;            // when an edge was last among them
  std::vector<Vehicle> vehicles_;
  TrafficStatistics statistics_;
  int64_t step_ = 0;
  Snapshot snapshot_;
  std::vector<int32_t> row_slots_;  // of the snapshot
  bool posed_ = false;
  std::vector<int32_t> pilot_rows_, pilot_slots_;
  std::vector<int32_t> lanes_before_;  // of the slots, before lane changes
  std::vector<Wish> wishes_;
  std::vector<Motion> motions_;
};

EmbeddedTraffic::EmbeddedTraffic(const Network& network, const Demand& demand,
                                 const EmbeddedOptions& options)
    : engine_(std::make_unique<Engine>(network, demand, options)) {}

EmbeddedTraffic::~EmbeddedTraffic() = default;

void EmbeddedTraffic::Step(Pilot* pilot) { engine_->Step(pilot, *this); }
bool EmbeddedTraffic::finished() const { return engine_->finished(); }
double EmbeddedTraffic::step_length() const { return engine_->step_length(); }
const Snapshot& EmbeddedTraffic::snapshot() const { return engine_->snapshot(); }
std::span<const Vehicle> EmbeddedTraffic::vehicles() const { return engine_->vehicles(); }
std::string_view EmbeddedTraffic::signal_state(int32_t signal) const {
  return engine_->signal_state(signal);
}
TrafficStatistics EmbeddedTraffic::statistics() const { return engine_->statistics(); }

}  // namespace tersor::twin
