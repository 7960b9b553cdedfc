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
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tersor/twin/sumo_link.h"
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
  SumoTraffic(const SumoOptions& options, const Network& network) : network_(network) {
    // Without this a SUMO that ends would end us as well, when we write to it.
    std::signal(SIGPIPE, SIG_IGN);
    Guarded([&] {
      CheckVersion(Start(options));
      step_length_ = sumo_api::Simulation::getDeltaT();
      snapshot_.time = sumo_api::Simulation::getTime();
      sumo_api::Simulation::subscribe(std::vector<int>{libsumo::VAR_TIME,
                                                       libsumo::VAR_DEPARTED_VEHICLES_IDS,
                                                       libsumo::VAR_MIN_EXPECTED_VEHICLES});
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
    TERSOR_CHECK(pilot == nullptr, "no pilot yet");
    Guarded([&] {
      sumo_api::Simulation::step();
      for (const std::string& id : List(sumo_api::Simulation::getSubscriptionResults(""),
                                        libsumo::VAR_DEPARTED_VEHICLES_IDS)) {
        Welcome(id);
      }
      Read();
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
                        libsumo::VAR_ROUTE_INDEX});
    Vehicle vehicle{id, Api::getTypeID(id), Api::getLength(id), Api::getWidth(id), {}};
    for (const std::string& edge : Api::getRoute(id)) {
      const int32_t index = network_.FindEdge(edge);
      TERSOR_CHECK(index >= 0, "SUMO's vehicle ", id, " drives over ", edge,
                   ", which our network has not: it has loaded another one");
      vehicle.route.push_back(index);
    }
    index_.emplace(id, static_cast<int32_t>(vehicles_.size()));
    vehicles_.push_back(std::move(vehicle));
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
      if (found != index_.end() && !Text(values, libsumo::VAR_LANE_ID).empty()) {
        present.emplace_back(found->second, &values);
      }
    }
    std::sort(present.begin(), present.end());
    Snapshot next;
    next.time = snapshot_.time;
    for (const auto& [index, values] : present) {
      Append(index, *values, next);
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

  const Network& network_;
  double step_length_ = 1;
  bool finished_ = false, ended_ = false;
  Snapshot snapshot_;
  std::vector<Vehicle> vehicles_;
  std::unordered_map<std::string, int32_t> index_;  // by id
  std::vector<std::string> signals_;
};

}  // namespace
}  // namespace tersor::twin

extern "C" std::unique_ptr<tersor::twin::Traffic> tersor_sumo_entry(
    const tersor::twin::SumoOptions& options, const tersor::twin::Network& network) {
  return std::make_unique<tersor::twin::SumoTraffic>(options, network);
}
