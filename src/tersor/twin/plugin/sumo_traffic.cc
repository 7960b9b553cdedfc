// SUMO's simulation as Traffic. Built twice: over libsumo, and with TERSOR_LIBTRACI over libtraci,
// which has the same interface.
#ifdef TERSOR_LIBTRACI
#include <libsumo/libtraci.h>
namespace sumo_api = libtraci;
#else
#include <libsumo/libsumo.h>
namespace sumo_api = libsumo;
#endif

#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tersor/twin/coupling/outside_view.h"
#include "tersor/twin/coupling/pilot.h"
#include "tersor/twin/sumo_link.h"
#include "tersor/twin/vehicle_class.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace tersor::twin {
namespace {

using libsumo::TraCIResults;

double Number(const TraCIResults& results, int variable) {
  const auto found = results.find(variable);
  const auto* value = found == results.end()
                          ? nullptr
                          : dynamic_cast<const libsumo::TraCIDouble*>(found->second.get());
  return value == nullptr ? NAN : value->value;
}

int Integer(const TraCIResults& results, int variable) {
  const auto found = results.find(variable);
  const auto* value = found == results.end()
                          ? nullptr
                          : dynamic_cast<const libsumo::TraCIInt*>(found->second.get());
  return value == nullptr ? 0 : value->value;
}

std::string Text(const TraCIResults& results, int variable) {
  const auto found = results.find(variable);
  return found == results.end() ? std::string() : found->second->getString();
}

std::vector<std::string> List(const TraCIResults& results, int variable) {
  const auto found = results.find(variable);
  const auto* value = found == results.end()
                          ? nullptr
                          : dynamic_cast<const libsumo::TraCIStringList*>(found->second.get());
  return value == nullptr ? std::vector<std::string>() : value->value;
}

class SumoTraffic : public Traffic {
 public:
  SumoTraffic(const SumoOptions& options, const Network& network)
      : network_(network), factors_(options.factors) {
    // Without this a SUMO that ends would end us as well, when we write to it.
    std::signal(SIGPIPE, SIG_IGN);
    Guarded([&] {
      CheckVersion(Start(options));
      step_length_ = sumo_api::Simulation::getDeltaT();
      snapshot_.time = sumo_api::Simulation::getTime();
      sumo_api::Simulation::subscribe(
          std::vector<int>{libsumo::VAR_TIME, libsumo::VAR_DEPARTED_VEHICLES_IDS,
                           libsumo::VAR_ARRIVED_VEHICLES_IDS, libsumo::VAR_MIN_EXPECTED_VEHICLES});
      for (const std::string& id : sumo_api::TrafficLight::getIDList()) {
        sumo_api::TrafficLight::subscribe(id, {libsumo::TL_RED_YELLOW_GREEN_STATE});
      }
      // A running SUMO may have traffic already.
      for (const std::string& id : sumo_api::Vehicle::getIDList()) {
        Welcome(id);
      }
      Read();
    });
  }

  ~SumoTraffic() override {
    if (ended_) {
      return;
    }
    try {
      sumo_api::Simulation::close();
    } catch (const std::exception& e) {
      log::Warn("SUMO: {}", e.what());
    }
  }

  using Traffic::Step;
  void Step(Pilot* pilot) override {
    Guarded([&] {
      Let(pilot);
      sumo_api::Simulation::step();
      for (const std::string& id : List(sumo_api::Simulation::getSubscriptionResults(""),
                                        libsumo::VAR_DEPARTED_VEHICLES_IDS)) {
        Welcome(id);
      }
      for (const std::string& id : List(sumo_api::Simulation::getSubscriptionResults(""),
                                        libsumo::VAR_ARRIVED_VEHICLES_IDS)) {
        if (const auto found = index_.find(id); found != index_.end()) {
          piloted_[static_cast<size_t>(found->second)].gone = true;
        }
      }
      Read();
      Show();
    });
  }

  bool finished() const override { return finished_; }
  double step_length() const override { return step_length_; }
  const Snapshot& snapshot() const override { return snapshot_; }
  std::span<const Vehicle> vehicles() const override { return vehicles_; }
  std::string_view signal_state(int32_t signal) const override {
    return signals_.at(static_cast<size_t>(signal));
  }

 private:
  /// SUMO's failures as ours.
  template <class Work>
  void Guarded(const Work& work) {
    try {
      work();
    } catch (const libsumo::TraCIException& e) {
      Fail("SUMO: ", e.what());
    } catch (const Error&) {
      throw;
    } catch (const std::exception& e) {  // FatalTraCIError, and what sockets throw
      ended_ = true;
      Fail("SUMO has ended: ", e.what(), "; what was logged until then is kept");
    }
  }

  /// The API's version and SUMO's.
  static std::pair<int, std::string> Start(const SumoOptions& options) {
#ifdef TERSOR_LIBTRACI
    const size_t colon = options.remote.rfind(':');
    int port = 0;
    if (colon != std::string::npos) {
      std::from_chars(options.remote.data() + colon + 1,
                      options.remote.data() + options.remote.size(), port);
    }
    if (port < 1 || port > 65535) {
      FailUsage("a running SUMO is given as host:port, not ", options.remote);
    }
    // One attempt a second.
    const int retries = std::max(0, static_cast<int>(std::lround(options.connect_seconds)));
    try {
      return libtraci::Simulation::init(port, retries, options.remote.substr(0, colon));
    } catch (const std::exception& e) {
      Fail("no SUMO answers at ", options.remote, " (", e.what(), "); start it with --remote-port ",
           port);
    }
#else
    std::vector<std::string> command = {"sumo"};
    command.insert(command.end(), options.arguments.begin(), options.arguments.end());
    return libsumo::Simulation::start(command);
#endif
  }

  static void CheckVersion(const std::pair<int, std::string>& version) {
    TERSOR_CHECK(version.first == libsumo::TRACI_VERSION, version.second, " speaks version ",
                 version.first, " of TraCI; this tersor was built for version ",
                 libsumo::TRACI_VERSION, ": build it again beside that SUMO");
  }

  /// Once for each vehicle: what does not change, and the subscription to what does.
  void Welcome(const std::string& id) {
    if (index_.contains(id)) {
      return;
    }
    using Api = sumo_api::Vehicle;
    Api::subscribe(id, {libsumo::VAR_POSITION, libsumo::VAR_ANGLE, libsumo::VAR_SPEED,
                        libsumo::VAR_ACCELERATION, libsumo::VAR_LANE_ID, libsumo::VAR_LANEPOSITION,
                        libsumo::VAR_ROUTE_INDEX, libsumo::VAR_SPEED_WITHOUT_TRACI});
    Vehicle vehicle{id, Api::getTypeID(id), Api::getLength(id), Api::getWidth(id), {}};
    for (const std::string& edge : Api::getRoute(id)) {
      const int32_t index = network_.FindEdge(edge);
      TERSOR_CHECK(index >= 0, "SUMO's vehicle ", id, " drives over ", edge,
                   ", which our network has not: it has loaded another one");
      vehicle.route.push_back(index);
    }
    index_.emplace(id, static_cast<int32_t>(vehicles_.size()));
    vehicles_.push_back(std::move(vehicle));
    piloted_.emplace_back();
    if (factors_) {
      const SumoOptions::Factors factors = factors_(id, snapshot_.time + step_length_);
      if (factors.speed != 1 || factors.headway != 1 || factors.accel != 1) {
        Api::setSpeedFactor(id, Api::getSpeedFactor(id) * factors.speed);
        Api::setTau(id, Api::getTau(id) * factors.headway);
        Api::setAccel(id, Api::getAccel(id) * factors.accel);
        Api::setDecel(id, Api::getDecel(id) * factors.accel);
      }
    }
  }

  /// What is asked once of a vehicle that a pilot begins to drive.
  void Take(int32_t vehicle) {
    using Api = sumo_api::Vehicle;
    const std::string& id = vehicles_[static_cast<size_t>(vehicle)].id;
    Piloted& one = piloted_[static_cast<size_t>(vehicle)];
    one.now = true;
    one.target = -1;
    one.beside = -1;
    one.driver = {Api::getAccel(id),  Api::getDecel(id),       Api::getMaxSpeed(id),
                  Api::getMinGap(id), Api::getSpeedFactor(id), ClassBit(Api::getVehicleClass(id))};
    Api::setLaneChangeMode(id, 0);
  }

  /// The pilot's vehicles are put where it moves them.
  void Let(Pilot* pilot) {
    pilot_rows_.clear();
    motions_.clear();
    if (pilot != nullptr) {
      pilot->Choose(snapshot_, *this, &pilot_rows_);
    }
    std::vector<char> chosen(vehicles_.size(), 0);
    for (const int32_t row : pilot_rows_) {
      const int32_t vehicle = snapshot_.vehicle[static_cast<size_t>(row)];
      chosen[static_cast<size_t>(vehicle)] = 1;
      if (!piloted_[static_cast<size_t>(vehicle)].now) {
        Take(vehicle);
      }
    }
    for (const int32_t vehicle : snapshot_.vehicle) {
      Piloted& one = piloted_[static_cast<size_t>(vehicle)];
      if (one.now && !chosen[static_cast<size_t>(vehicle)]) {
        one.now = false;
        constexpr int kDefaultLaneChanges = 1621;
        sumo_api::Vehicle::setLaneChangeMode(vehicles_[static_cast<size_t>(vehicle)].id,
                                             kDefaultLaneChanges);
      }
    }
    if (pilot_rows_.empty()) {
      return;
    }
    if (!view_) {
      view_.emplace(network_, step_length_);
    }
    std::vector<int32_t> beside;
    for (const int32_t vehicle : snapshot_.vehicle) {
      const Piloted& one = piloted_[static_cast<size_t>(vehicle)];
      beside.push_back(one.now ? one.beside : -1);
    }
    view_->Look(*this, beside);
    std::vector<Wish> wishes;
    for (const int32_t row : pilot_rows_) {
      Piloted& one = piloted_[static_cast<size_t>(snapshot_.vehicle[static_cast<size_t>(row)])];
      wishes.push_back(view_->WishOf(row, one.driver, wish_[static_cast<size_t>(row)], one.target));
      one.target = wishes.back().lane;
    }
    DriveAndCheck(*pilot, *this, wishes, &motions_);
    for (Motion& motion : motions_) {
      Move(motion);
    }
  }

  /// SUMO does not see that by itself of a vehicle that is moved.
  bool Arrives(int32_t vehicle, size_t row, double advance) const {
    constexpr double kReach = 0.1;  // m
    const auto& route = vehicles_[static_cast<size_t>(vehicle)].route;
    const Lane& lane = network_.lanes[static_cast<size_t>(snapshot_.lane[row])];
    return snapshot_.route_index[row] + 1 >= static_cast<int32_t>(route.size()) &&
           lane.edge == route.back() && snapshot_.position[row] + advance >= lane.length - kReach;
  }

  void Move(Motion& motion) {
    const int32_t vehicle = snapshot_.vehicle[static_cast<size_t>(motion.row)];
    const std::string& id = vehicles_[static_cast<size_t>(vehicle)].id;
    Piloted& one = piloted_[static_cast<size_t>(vehicle)];
    one.beside = motion.beside;
    const auto row = static_cast<size_t>(motion.row);
    const int32_t here = snapshot_.lane[row];
    const bool arrives = Arrives(vehicle, row, motion.advance);
    motion.row = vehicle;  // rows are the next snapshot's from now on
    if (motion.leaves || arrives) {
      one.gone = true;  // what was told of it last stays among the results
      sumo_api::Vehicle::unsubscribe(id);
      sumo_api::Vehicle::remove(id, arrives ? libsumo::REMOVE_ARRIVED : libsumo::REMOVE_VAPORIZED);
    } else if (!std::isnan(motion.x)) {
      const Lane& lane = network_.lanes[static_cast<size_t>(here)];
      const std::string& edge = network_.edges[static_cast<size_t>(lane.edge)].id;
      constexpr int kKeepRoute = 1;
      sumo_api::Vehicle::moveToXY(id, edge, lane.index, motion.x, motion.y, motion.angle,
                                  kKeepRoute);
    }
  }

  /// The pilot's vehicles are shown as it has moved them: SUMO's speeds and accelerations of
  /// theirs are differences of places.
  void Show() {
    for (const Motion& motion : motions_) {
      const auto found =
          std::lower_bound(snapshot_.vehicle.begin(), snapshot_.vehicle.end(), motion.row);
      if (found == snapshot_.vehicle.end() || *found != motion.row || std::isnan(motion.x)) {
        continue;
      }
      const auto row = static_cast<size_t>(found - snapshot_.vehicle.begin());
      snapshot_.x[row] = motion.x;
      snapshot_.y[row] = motion.y;
      snapshot_.angle[row] = motion.angle;
      snapshot_.speed[row] = motion.speed;
      snapshot_.accel[row] = motion.accel;
    }
  }

  void Read() {
    const TraCIResults world = sumo_api::Simulation::getSubscriptionResults("");
    if (world.contains(libsumo::VAR_TIME)) {
      // SUMO's clock is at the next step already; in its FCD a step bears the time of its begin.
      snapshot_.time = Number(world, libsumo::VAR_TIME) - step_length_;
      finished_ = Integer(world, libsumo::VAR_MIN_EXPECTED_VEHICLES) == 0;
    }
    ReadSignals();
    const auto results = sumo_api::Vehicle::getAllSubscriptionResults();
    std::vector<std::pair<int32_t, const TraCIResults*>> present;
    for (const auto& [id, values] : results) {
      const auto found = index_.find(id);
      // Between two places of a teleport a vehicle is nowhere.
      if (found != index_.end() && !piloted_[static_cast<size_t>(found->second)].gone &&
          !Text(values, libsumo::VAR_LANE_ID).empty()) {
        present.emplace_back(found->second, &values);
      }
    }
    std::sort(present.begin(), present.end());
    Snapshot next;
    next.time = snapshot_.time;
    wish_.clear();
    for (const auto& [index, values] : present) {
      Append(index, *values, next);
      wish_.push_back(Number(*values, libsumo::VAR_SPEED_WITHOUT_TRACI));
    }
    snapshot_ = std::move(next);
  }

  void Append(int32_t index, const TraCIResults& values, Snapshot& out) const {
    const auto* place =
        dynamic_cast<const libsumo::TraCIPosition*>(values.at(libsumo::VAR_POSITION).get());
    out.vehicle.push_back(index);
    out.x.push_back(place == nullptr ? NAN : place->x);
    out.y.push_back(place == nullptr ? NAN : place->y);
    out.angle.push_back(Number(values, libsumo::VAR_ANGLE));
    out.speed.push_back(Number(values, libsumo::VAR_SPEED));
    out.accel.push_back(Number(values, libsumo::VAR_ACCELERATION));
    out.lane.push_back(network_.FindLane(Text(values, libsumo::VAR_LANE_ID)));
    out.position.push_back(Number(values, libsumo::VAR_LANEPOSITION));
    out.route_index.push_back(Integer(values, libsumo::VAR_ROUTE_INDEX));
  }

  void ReadSignals() {
    signals_.resize(network_.signals.size());
    for (const auto& [id, values] : sumo_api::TrafficLight::getAllSubscriptionResults()) {
      const auto found = network_.signal_of.find(id);
      if (found != network_.signal_of.end()) {
        signals_[static_cast<size_t>(found->second)] =
            Text(values, libsumo::TL_RED_YELLOW_GREEN_STATE);
      }
    }
  }

  /// What is remembered of a vehicle for its pilot.
  struct Piloted {
    bool now = false, gone = false;
    int32_t target = -1, beside = -1;  // lanes
    OutsideDriver driver;
  };

  const Network& network_;
  const std::function<SumoOptions::Factors(const std::string&, double)> factors_;
  double step_length_ = 1;
  bool finished_ = false, ended_ = false;
  Snapshot snapshot_;
  std::vector<Vehicle> vehicles_;
  std::unordered_map<std::string, int32_t> index_;  // by id
  std::vector<std::string> signals_;
  std::vector<double> wish_;      // m/s, by row
  std::vector<Piloted> piloted_;  // by vehicle
  std::optional<OutsideView> view_;
  std::vector<int32_t> pilot_rows_;
  std::vector<Motion> motions_;
};

}  // namespace
}  // namespace tersor::twin

extern "C" std::unique_ptr<tersor::twin::Traffic> tersor_sumo_entry(
    const tersor::twin::SumoOptions& options, const tersor::twin::Network& network) {
  return std::make_unique<tersor::twin::SumoTraffic>(options, network);
}
